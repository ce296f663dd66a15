using System.CommandLine;
using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Doctor;
using Drimbox.Gateway.Hosting;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox support-bundle</c>: what somebody who helps from afar needs to see, and nothing of a patient.</summary>
internal static class SupportBundleCommand
{
    // Of the running process: figures and states, none of which names a patient, a study or a document.
    private static readonly (string Name, string Path)[] _answers =
        [("status.json", "/api/status"), ("dispatch.json", "/api/dispatch"), ("metrics.txt", "/metrics")];

    public static Command Create()
    {
        var config = ConfigurationFile.Option();
        var output = new Option<FileInfo>("--output", "-o") { Description = "The file to write, FILE.tar.gz.", Required = true };
        var log = new Option<FileInfo?>("--log") { Description = "A log of drimbox to put in; it holds no patient data." };
        var command = new Command("support-bundle", """
            Write a file for who helps from afar: version and machine, the configuration with its defaults (no passwords: it
            names their files), what 'doctor' finds, and state and metrics of the process if it runs. No image, message,
            report, patient or study is in it. Look into it before you send it: it names your peers and structures.

            Example:
              drimbox support-bundle --config drimbox.json --output drimbox-support.tar.gz
              journalctl -u drimbox --since -1d > log && drimbox support-bundle -c drimbox.json -o s.tar.gz --log log

            Exit codes: 0 written, 2 the configuration is wrong or the file cannot be written.
            """) { config, output, log };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetValue(config)!, parsed.GetValue(output)!, parsed.GetValue(log), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(FileInfo file, FileInfo output, FileInfo? log, CancellationToken cancellation)
    {
        if (ConfigurationFile.Read(file) is not { } configuration) return (int)ExitCode.Usage;

        try
        {
            await using var stream = new FileStream(output.FullName, new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            await using var zip = new GZipStream(stream, CompressionLevel.Optimal);
            await using var tar = new TarWriter(zip);
            await WriteAsync(tar, configuration, log, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return (int)ExitCode.Usage;
        }

        Console.WriteLine(output.FullName);
        return (int)ExitCode.Done;
    }

    private static async Task WriteAsync(
        TarWriter tar, GatewayConfiguration configuration, FileInfo? log, CancellationToken cancellation)
    {
        await AddAsync(tar, "machine.txt", Machine(), cancellation);
        await AddAsync(tar, "configuration.json", ConfigurationReader.Write(configuration), cancellation);
        var found = await DoctorRun.RunAsync(configuration, TimeProvider.System, cancellation);
        await AddAsync(tar, "doctor.json", JsonSerializer.Serialize(found, AdministrationJson.Options), cancellation);
        using var client = new AdministrationClient(GatewayProcess.SocketOf(configuration));
        foreach (var (name, path) in _answers)
        {
            string text;
            try
            {
                text = Encoding.UTF8.GetString(await client.GetBytesAsync(path, cancellation));
            }
            catch (HttpRequestException e)
            {
                // Why it is not there is of use too.
                text = e.Message;
            }

            await AddAsync(tar, name, text, cancellation);
        }

        if (log is not null) await tar.WriteEntryAsync(log.FullName, "log.txt", cancellation);
    }

    private static string Machine()
    {
        return $"""
            drimbox {GatewayProcess.Version}
            {RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription} ({RuntimeInformation.OSArchitecture})
            {Environment.ProcessorCount} processors, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1_000_000_000.0:0.0} GB of memory
            {TimeProvider.System.GetUtcNow():u}

            """;
    }

    private static async Task AddAsync(TarWriter tar, string name, string text, CancellationToken cancellation)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(text));
        await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = content }, cancellation);
    }
}
