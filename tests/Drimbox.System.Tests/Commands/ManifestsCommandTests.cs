using System.Text.Json;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Commands;

/// <summary><c>drimbox manifests</c>, <c>statistics</c> and <c>speedtest</c> against a running process.</summary>
public sealed class ManifestsCommandTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Requirement("DB.SO.29")]
    [Requirement("DB.SO.30")]
    [Requirement("DB.SO.31")]
    [Requirement("DB.SO.87")]
    public async Task What_is_kept_is_shown_exported_checked_by_sha256sum_imported_and_counted_by_command()
    {
        Peer.RequireGate();
        var sha256sum = Peer.Require("sha256sum");
        using var media = new StoreFolder();
        await using var gateway = new GatewayUnderTest();
        var exam = await PublishedAsync(gateway, media);

        var listed = Assert.Single((await gateway.AskAsync("manifests", "list")).EnumerateArray());
        Assert.Equal(
            (exam.Study, "Approved", "drimbox.example"),
            (Text(listed, "study"), Text(listed, "registry"), Text(listed, "host")));
        var shown = await gateway.AskAsync("manifests", "show", Text(listed, "manifest"));
        Assert.Equal(64, Text(shown, "sha256").Length);
        var submission = Assert.Single(shown.GetProperty("submissions").EnumerateArray());
        Assert.Equal(("Publish", true), (Text(submission, "kind"), submission.GetProperty("hasMetadata").GetBoolean()));

        var archive = Path.Combine(media.Path, "archive");
        var exported = await gateway.AskAsync("manifests", "export", "--to", archive);
        Assert.Equal(("done", 1), (Text(exported, "state"), exported.GetProperty("studies").GetInt32()));
        await Dcmtk.SucceedAsync("/bin/sh", "-c", $"cd '{archive}' && '{sha256sum}' --check --strict SHA256SUMS");
        var imported = await gateway.AskAsync("manifests", "import", archive);
        Assert.Equal(("done", 1), (Text(imported, "state"), imported.GetProperty("unchanged").GetInt32()));

        var reissue = await gateway.AskAsync("manifests", "reissue", "--paced", "6000/min");
        Assert.Equal("drimbox.example", Text(reissue, "host"));
        await Eventually.HoldsAsync(
            () => gateway.AskAsync("manifests", "reissue", "--status"), run => Text(run, "phase") == "Ended",
            run => $"{run}");

        var statistics = (await gateway.AskAsync("statistics")).EnumerateArray()
            .GroupBy(row => Text(row, "subject"))
            .ToDictionary(g => g.Key, g => g.Sum(row => row.GetProperty("successes").GetInt64()));
        Assert.Equal((1, 1, 1), (statistics["hl7.messages"], statistics["dmp.publish"], statistics["report-to-dmp"]));
    }

    [Fact]
    [Requirement("DB.SO.24")]
    public async Task What_was_published_is_there_again_after_the_disk_was_lost_and_goes_on_where_it_was()
    {
        Peer.RequireGate();
        Assert.SkipWhen(FlowStorePlace.IsPostgres, "PostgreSQL is backed up by its own tools");
        using var media = new StoreFolder();
        await using var gateway = new GatewayUnderTest();
        var exam = await PublishedAsync(gateway, media);
        var backup = Path.Combine(media.Path, "backup");
        await gateway.CommandAsync("backup", "--to", backup, "--copy");

        await gateway.LoseDiskAsync();
        await CommandRun.SucceedAsync("restore", "--from", backup, "--config", gateway.ConfigurationFile);
        await gateway.StartChildAsync();

        // An export reads each KOS and what was recorded of it.
        var exported = await gateway.AskAsync("manifests", "export", "--to", Path.Combine(media.Path, "export"));
        Assert.Equal(("done", 1), (Text(exported, "state"), exported.GetProperty("studies").GetInt32()));
        // What the RIS knew of the report is there too: its next version replaces the one that was published before.
        await MllpWire.SendAsync(gateway.RisPort, exam.Mdm("t10", exam.Cda(2, replaces: 1), 2, parent: 1), Token);
        await gateway.RegistryShowsAsync(
            exam.Ins, e => e.Any(d => d.UniqueId == exam.UniqueId(2) && d.IsApproved)
                && e.Any(d => d.UniqueId == exam.UniqueId(1) && !d.IsApproved), "the next version of the report");
    }

    /// <summary>A gateway that has published the manifest of one examination of four images.</summary>
    private static async Task<ExaminationCase> PublishedAsync(GatewayUnderTest gateway, StoreFolder media)
    {
        await gateway.StartAsync(GatewayUnderTest.WithoutPlatform);
        var exam = new ExaminationCase();
        await ExaminationCase.StoreAsync(gateway, exam.WriteImages(media.Path, 4));
        await MllpWire.SendAsync(gateway.RisPort, exam.Mdm("t02", exam.Cda(1), 1), Token);
        await gateway.RegistryShowsAsync(exam.Ins, e => e.Any(d => d.IsManifest && d.IsApproved), "a manifest");
        return exam;
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";
}
