using System.CommandLine;
using System.IO.Compression;
using System.Net.Sockets;
using System.Text.Json;
using Drimbox.Storage;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Commands.Dicom;

namespace Drimbox.Gateway.Commands.Archive;

/// <summary><c>drimbox study export</c>: the files of a study, as a folder or a zip, written by whoever asks.</summary>
internal static class StudyExport
{
    private const int CopyBytes = 1024 * 1024;

    private static readonly Argument<string> Study = new("study") { Description = "Study Instance UID." };

    private static readonly Option<FileSystemInfo> Target = new("--output", "-o")
    {
        Description = "A new or empty folder, or a file that ends in .zip and is not there yet.",
        Required = true,
    };

    private static readonly Option<bool> Rejected = new("--rejected")
    {
        Description = "Also what rejection notes hide, and the notes.",
    };

    public static Command Create()
    {
        var command = new Command("export", """
            Write the files of a study, SERIES/INSTANCE.dcm, each compared with its hash.

            Examples:
              drimbox study export 1.2.3 --output ./study
              drimbox study export 1.2.3 --output study.zip --rejected

            Exit codes: 0 all written, 1 some are damaged or the study is unknown, 2 the output cannot be written,
            3 no process behind the socket.
            """) { Study, Target, Rejected, SocketOptions.Socket, SocketOptions.Json };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        using var client = new AdministrationClient(parsed.GetValue(SocketOptions.Socket)!);
        try
        {
            var answer = await client.GetAsync(
                "/api/archive/studies/" + Uri.EscapeDataString(parsed.GetValue(Study)!), cancellation);
            if (!answer.Succeeded)
                return Output.Print(answer, parsed.GetValue(SocketOptions.Json), Console.Out, Console.Error);
            return await WriteAsync(client, parsed, answer.Body, cancellation);
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException)
        {
            await Console.Error.WriteLineAsync($"No drimbox answers on {client.SocketPath}.");
            return (int)ExitCode.Unavailable;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return (int)ExitCode.Usage;
        }
    }

    private static async Task<int> WriteAsync(
        AdministrationClient client, ParseResult parsed, JsonElement study, CancellationToken cancellation)
    {
        var instances = study.GetProperty("instances").EnumerateArray()
            .Where(i => parsed.GetValue(Rejected) || !i.TryGetProperty("rejected", out _)).ToList();
        var isJson = parsed.GetValue(SocketOptions.Json);
        var failed = new List<string>();
        long bytes = 0;
        using (var output = OutputAt(parsed.GetValue(Target)!.FullName))
        {
            await ProgressBar.RunAsync(!isJson, "exporting", instances.Count, async bar =>
            {
                foreach (var instance in instances)
                {
                    var (series, uid) = (Text(instance, "series"), Text(instance, "instance"));
                    var length = await TryCopyAsync(client, instance, output, $"{series}/{uid}.dcm", cancellation);
                    if (length < 0) failed.Add(uid);
                    else bytes += length;
                    bar?.Report(1);
                }
            });
        }

        var written = instances.Count - failed.Count;
        if (isJson) Console.WriteLine(JsonSerializer.Serialize(new { written, bytes, failed }));
        else Console.WriteLine($"{written} instances, {bytes} bytes");
        foreach (var uid in failed) await Console.Error.WriteLineAsync($"{uid}: damaged, or gone meanwhile");
        return (int)(failed.Count == 0 ? ExitCode.Done : ExitCode.Failed);
    }

    /// <returns>The length, or -1 if the bytes are not those that were received.</returns>
    private static async Task<long> TryCopyAsync(
        AdministrationClient client, JsonElement instance, IExportOutput output, string name, CancellationToken cancellation)
    {
        await using var source = await client.TryOpenAsync(
            $"/api/archive/instances/{Text(instance, "instance")}/file", cancellation);
        if (source is null) return -1;
        using var digest = new FileDigest();
        var buffer = new byte[CopyBytes];
        long length = 0;
        await using (var file = output.Create(name))
        {
            int count;
            while ((count = await source.ReadAsync(buffer, cancellation)) > 0)
            {
                digest.Append(buffer.AsSpan(0, count));
                await file.WriteAsync(buffer.AsMemory(0, count), cancellation);
                length += count;
            }
        }

        return digest.Finish().Digest == Text(instance, "digest") ? length : -1;
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static IExportOutput OutputAt(string path)
    {
        if (path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase)) return new ZipOutput(path);
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
            throw new IOException($"The folder '{path}' is not empty.");
        return new FolderOutput(path);
    }

    private interface IExportOutput : IDisposable
    {
        Stream Create(string name);
    }

    private sealed class FolderOutput(string root) : IExportOutput
    {
        public Stream Create(string name)
        {
            var path = Path.Combine(root, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return new FileStream(path, FileMode.CreateNew);
        }

        public void Dispose()
        {
        }
    }

    private sealed class ZipOutput(string path) : IExportOutput
    {
        private readonly ZipArchive _zip = new(new FileStream(path, FileMode.CreateNew), ZipArchiveMode.Create);

        // Images that are worth compressing are compressed already.
        public Stream Create(string name) => _zip.CreateEntry(name, CompressionLevel.NoCompression).Open();

        public void Dispose() => _zip.Dispose();
    }
}
