using System.Collections.Concurrent;
using System.Text.Json;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Emulators;
using Drimbox.Tests.Campaigns;
using Drimbox.Tests.Commands;

namespace Drimbox.Tests.LifeCycle;

/// <summary><c>drimbox backup</c> of a process that works, and <c>drimbox restore</c> elsewhere.</summary>
public sealed class BackupCommandTests : IDisposable
{
    private const string Study = "1.2.826.0.1";

    private readonly StoreFolder _backup = new();
    private readonly StoreFolder _elsewhere = new();

    public void Dispose()
    {
        _backup.Dispose();
        _elsewhere.Dispose();
    }

    [Theory]
    [InlineData("--copy")]
    [InlineData("--json")]
    public async Task What_was_acknowledged_before_a_backup_under_load_is_whole_after_a_restore_elsewhere(string option)
    {
        var acknowledged = new ConcurrentDictionary<string, int>();
        string[] before;
        await using (var archive = await RunningArchive.StartAsync())
        {
            using var enough = new CancellationTokenSource();
            var senders = Enumerable.Range(1, 3)
                .Select(sender => SendAsync(archive, sender, acknowledged, enough.Token)).ToList();
            // A first backup that the second goes on from, both under load.
            foreach (var _ in (int[])[1, 2])
            {
                var atLeast = acknowledged.Count + 60;
                await Flow.Eventually.HoldsAsync(
                    () => Task.FromResult(acknowledged.Count), count => count >= atLeast, count => $"{count} sent");
                before = [.. acknowledged.Keys];
                await archive.SucceedAsync("backup", "--to", _backup.Path, option);
            }

            before = [.. acknowledged.Keys];
            await archive.SucceedAsync("backup", "--to", _backup.Path, option);
            await enough.CancelAsync();
            await Task.WhenAll(senders);
        }

        var configuration = RunningArchive.WriteConfiguration(_elsewhere.Path, LoopbackPorts.Take());
        var restored = await CommandRun.SucceedAsync("restore", "--from", _backup.Path, "--config", configuration);
        Assert.Contains(" 0 instances damaged", restored.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_elsewhere.Path, "data", "accounts", "accounts.db")));
        Assert.Equal(2, (await CommandRun.OfAsync("restore", "--from", _backup.Path, "-c", configuration)).ExitCode);
        await using var there = await RunningArchive.StartAsync(folder: _elsewhere.Path);
        Assert.Equal(3, (await CommandRun.OfAsync("restore", "--from", _backup.Path, "-c", there.Configuration)).ExitCode);
        var target = Path.Combine(_elsewhere.Path, "exported");
        await there.SucceedAsync("study", "export", Study, "--output", target);
        var exported = Directory.GetDirectories(target).SelectMany(StudyFiles.DataSetsIn)
            .ToDictionary(pair => pair.Key, pair => pair.Value);
        Assert.Empty(before.Except(exported.Keys));
        foreach (var uid in before)
            Assert.Equal(CampaignInstance.Create(uid, acknowledged[uid]), exported[uid]);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{before.Length} acknowledged before, {acknowledged.Count} in all, {exported.Count} in the backup");
    }

    [Fact]
    public async Task A_file_that_is_missing_from_the_backup_is_named_as_damaged()
    {
        await using (var archive = await RunningArchive.StartAsync())
        {
            await using var association = await archive.CallAsync();
            for (var i = 1; i <= 3; i++)
                Assert.Equal(DimseStatus.Success, await new CStoreScu(association).SendAsync(RunningArchive.Instance($"1.2.{i}", 900)));
            await archive.SucceedAsync("backup", "--to", _backup.Path);
        }

        File.Delete(Directory.GetFiles(_backup.Path, "*.dcm", SearchOption.AllDirectories)[0]);
        var configuration = RunningArchive.WriteConfiguration(_elsewhere.Path, LoopbackPorts.Take());
        var run = await CommandRun.OfAsync("restore", "--from", _backup.Path, "--config", configuration);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(" 1 instances damaged", run.Output, StringComparison.Ordinal);
        // The first start does not drop it: whoever asks is told.
        await using var there = await RunningArchive.StartAsync(folder: _elsewhere.Path);
        var listed = await there.SucceedAsync("study", "list", "--damaged", "--json");
        Assert.Equal(3, JsonDocument.Parse(listed.Output).RootElement[0].GetProperty("instances").GetInt32());
    }

    [Fact]
    public async Task A_folder_without_its_last_file_is_no_backup()
    {
        var configuration = RunningArchive.WriteConfiguration(_elsewhere.Path, LoopbackPorts.Take());
        var run = await CommandRun.OfAsync("restore", "--from", _backup.Path, "--config", configuration);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("backup.json", run.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_elsewhere.Path, "data", "archive")));
    }

    [Fact]
    public async Task A_backup_into_the_data_folder_is_refused()
    {
        await using var archive = await RunningArchive.StartAsync();
        var run = await archive.CommandAsync("backup", "--to", Path.Combine(archive.DataFolder, "backup"));
        Assert.Equal(1, run.ExitCode);
        Assert.Equal("none", JsonDocument.Parse((await archive.SucceedAsync("backup", "--status", "--json")).Output)
            .RootElement.GetProperty("state").GetString());
    }

    private static async Task SendAsync(
        RunningArchive archive, int sender, ConcurrentDictionary<string, int> acknowledged, CancellationToken enough)
    {
        await using var association = await archive.CallAsync();
        var store = new CStoreScu(association);
        for (var i = 1; !enough.IsCancellationRequested; i++)
        {
            var uid = $"1.2.826.9.{sender}.{i}";
            var length = 1_000 + (i * 97 % 60_000);
            Assert.Equal(DimseStatus.Success, await store.SendAsync(
                RunningArchive.Instance(uid, length), CancellationToken.None));
            acknowledged[uid] = length;
            // A load that goes on all the time, and no more of it than it takes.
            await Task.Delay(10, CancellationToken.None);
        }
    }
}
