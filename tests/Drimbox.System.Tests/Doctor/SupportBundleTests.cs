using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Drimbox.Tests.Commands;
using Drimbox.Tests.LifeCycle;

namespace Drimbox.Tests.Doctor;

/// <summary>What leaves the hospital for who helps: enough to help, and nobody's name.</summary>
public sealed class SupportBundleTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_holds_the_state_of_a_running_process_and_no_patient()
    {
        Peer.RequireProcess();
        await using var archive = await RunningArchive.StartAsync();
        using var files = new StudyFiles();
        await CommandRun.SucceedAsync("store", archive.Peer, files.Study);
        var path = Path.Combine(_folder.Path, "support.tar.gz");

        await CommandRun.SucceedAsync("support-bundle", "--config", archive.Configuration, "--output", path);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        var entries = await ReadAsync(path);
        Assert.Equal(
            ["configuration.json", "dispatch.json", "doctor.json", "machine.txt", "metrics.txt", "status.json"],
            entries.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("drimbox_dicom_operation_duration_seconds_count", entries["metrics.txt"], StringComparison.Ordinal);
        Assert.Contains("drimbox runs", entries["doctor.json"], StringComparison.Ordinal);
        foreach (var text in entries.Values)
        {
            foreach (var name in (string[])["PAT-TROIS", "DOMINIQUE", "279035121518989", $"{StudyFiles.Order.StudyInstanceUid}"])
                Assert.DoesNotContain(name, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Without_a_process_it_says_so_and_a_file_that_is_there_is_not_written_over()
    {
        var file = RunningArchive.WriteConfiguration(_folder.Path, 11112);
        var path = Path.Combine(_folder.Path, "support.tar.gz");
        await CommandRun.SucceedAsync("support-bundle", "--config", file, "--output", path);
        Assert.Contains("drimbox does not run", (await ReadAsync(path))["doctor.json"], StringComparison.Ordinal);

        var again = await CommandRun.OfAsync("support-bundle", "--config", file, "--output", path);

        Assert.Equal(2, again.ExitCode);
        Assert.Contains("exists", again.Errors, StringComparison.Ordinal);
    }

    private static async Task<Dictionary<string, string>> ReadAsync(string path)
    {
        var token = TestContext.Current.CancellationToken;
        var entries = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var file = File.OpenRead(path);
        await using var zip = new GZipStream(file, CompressionMode.Decompress);
        await using var tar = new TarReader(zip);
        while (await tar.GetNextEntryAsync(copyData: true, token) is { } entry)
        {
            using var text = new StreamReader(entry.DataStream!, Encoding.UTF8);
            entries.Add(entry.Name, await text.ReadToEndAsync(token));
        }

        return entries;
    }
}
