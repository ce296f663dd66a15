using System.CommandLine;
using System.Globalization;
using Drimbox.Dicom.Part10;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Grains.Hosting;
using Drimbox.Load.Instances;

namespace Drimbox.Gateway.Commands.Load;

/// <summary><c>drimbox load write</c>: what the load generator would send, as files for another sender.</summary>
internal static class LoadWriteCommand
{
    public static Command Create()
    {
        var folder = new Argument<DirectoryInfo>("folder") { Description = "Where to; made if it is not there." };
        var count = new Option<int>("--count", "-n") { Description = "Files.", DefaultValueFactory = _ => 100 };
        var instances = new Option<string>("--instances") { Description = "MODALITY:SIZE:SYNTAX, comma-separated, in turns.", DefaultValueFactory = _ => "CT:512KiB:explicit" };
        var perStudy = new Option<int>("--per-study") { Description = "Instances of one study.", DefaultValueFactory = _ => 100 };
        var seed = new Option<int>("--seed") { Description = "The same seed gives the same pixels.", DefaultValueFactory = _ => 1 };
        var command = new Command("write", """
            Write synthetic instances as DICOM files, for another sender.

            Example:
              drimbox load write /tmp/ct --count 1000 --instances CT:512KiB:explicit
            """) { folder, count, instances, perStudy, seed, AssociationArguments.Json, AssociationArguments.Quiet };
        command.SetAction((parsed, cancellation) => WriteAsync(
            parsed.GetValue(folder)!, parsed.GetValue(count), parsed.GetValue(instances)!, parsed.GetValue(perStudy),
            parsed.GetValue(seed), CommandOutput.Of(parsed), cancellation));
        return command;
    }

    private static async Task<int> WriteAsync(
        DirectoryInfo folder, int count, string instances, int perStudy, int seed, CommandOutput output,
        CancellationToken cancellation)
    {
        if (!LoadArguments.TryReadInstances(instances, out var specifications, out var refusal))
        {
            await Console.Error.WriteLineAsync(refusal.Detail);
            return (int)ExitCode.Usage;
        }

        if (perStudy < 1 || count < 1)
        {
            await Console.Error.WriteLineAsync("--count and --per-study take 1 or more.");
            return (int)ExitCode.Usage;
        }

        var set = InstanceSet.Synthetic(
            specifications, new RandomIdSource().NewUid(), perStudy, TimeProvider.System.GetLocalNow(), seed);
        try
        {
            folder.Create();
            var studies = new HashSet<long>();
            long bytes = 0;
            var buffer = new byte[128 * 1024];
            for (var i = 1; i <= count; i++)
            {
                var instance = set.Next(out var study, out _);
                await using var file = File.Create(Path.Combine(folder.FullName, $"{i:D6}.dcm"));
                file.Write(Part10Writer.Header(
                    instance.SopClassUid, instance.SopInstanceUid, instance.TransferSyntaxUid));
                using var content = instance.Open();
                while (content.Read(buffer) is var read and > 0)
                    await file.WriteAsync(buffer.AsMemory(0, read), cancellation);
                studies.Add(study);
                bytes += file.Length;
            }

            output.Line(string.Create(
                CultureInfo.InvariantCulture,
                $"{count} files of {studies.Count} studies, {bytes / 1e6:0.0} MB, in {folder.FullName}"));
            output.Json(new { files = count, studies = studies.Count, bytes, folder = folder.FullName });
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return (int)ExitCode.Usage;
        }
    }
}
