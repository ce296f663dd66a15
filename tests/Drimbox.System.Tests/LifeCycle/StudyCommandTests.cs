using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Drimbox.Emulators;
using Drimbox.Tests.Commands;

namespace Drimbox.Tests.LifeCycle;

/// <summary><c>drimbox study</c> and <c>drimbox scrub</c> against a running process.</summary>
public sealed class StudyCommandTests : IDisposable
{
    private static readonly string _uid = StudyFiles.Order.StudyInstanceUid.ToString();

    private readonly StudyFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task A_study_is_listed_shown_and_exported_deleted_and_brought_back()
    {
        await using var archive = await RunningArchive.StartAsync();
        await CommandRun.SucceedAsync("store", archive.Peer, _files.Study);
        var listed = Assert.Single(Rows(await archive.SucceedAsync("study", "list", "--modality", "CT", "--json")));
        Assert.Equal((_uid, 6), (listed.GetProperty("study").GetString(), listed.GetProperty("instances").GetInt32()));
        Assert.Empty(Rows(await archive.SucceedAsync("study", "list", "--from", "20260823", "--json")));
        var shown = Json(await archive.SucceedAsync("study", "show", _uid, "--json"));
        Assert.Equal(2, shown.GetProperty("series").GetArrayLength());
        Assert.Equal(6, shown.GetProperty("instances").GetArrayLength());

        var without = await archive.CommandAsync("study", "delete", _uid);
        Assert.Equal(2, without.ExitCode);
        await archive.SucceedAsync("study", "delete", _uid, "--yes", "--reason", "sent twice");
        Assert.Equal(1, (await archive.CommandAsync("study", "show", _uid)).ExitCode);
        Assert.Empty(archive.StoredFiles());
        var removal = Assert.Single(Rows(await archive.SucceedAsync("study", "removals", "--json")));
        Assert.Equal(Environment.UserName, removal.GetProperty("by").GetString());
        Assert.Equal("sent twice", removal.GetProperty("reason").GetString());

        await archive.SucceedAsync("study", "restore", _uid);
        await archive.SucceedAsync("study", "export", _uid, "--output", _files.PathOf("got"));
        Assert.Equal(StudyFiles.DataSetsIn(_files.Study), DataSetsBelow("got"));
        await archive.SucceedAsync("study", "export", _uid, "--output", _files.PathOf("got.zip"));
        await ZipFile.ExtractToDirectoryAsync(
            _files.PathOf("got.zip"), _files.PathOf("unzipped"), TestContext.Current.CancellationToken);
        Assert.Equal(StudyFiles.DataSetsIn(_files.Study), DataSetsBelow("unzipped"));
        // What is there is not written over.
        Assert.Equal(2, (await archive.CommandAsync("study", "export", _uid, "-o", _files.PathOf("got"))).ExitCode);
    }

    [Fact]
    public async Task A_protected_study_is_not_deleted_and_the_purge_plan_leaves_it_out()
    {
        await using var archive = await RunningArchive.StartAsync(""", "Retention": { "Days": 1 } """);
        await CommandRun.SucceedAsync("store", archive.Peer, _files.Study);
        await archive.SucceedAsync("study", "protect", _uid);
        var refused = await archive.CommandAsync("study", "delete", _uid, "--yes");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("protected", refused.Errors, StringComparison.Ordinal);
        await archive.SucceedAsync("study", "unprotect", _uid);
        var plan = Json(await archive.SucceedAsync("study", "purge", "--dry-run", "--json"));
        Assert.Equal(0, plan.GetProperty("studies").GetArrayLength());
        await archive.SucceedAsync("study", "delete", _uid, "--yes");
    }

    [Fact]
    public async Task A_damaged_instance_is_found_listed_and_not_exported_as_good()
    {
        await using var archive = await RunningArchive.StartAsync(""", "Scrub": { "MegabytesPerSecond": 1000 } """);
        await CommandRun.SucceedAsync("store", archive.Peer, _files.Study);
        var file = archive.StoredFiles()[3];
        var bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
        await archive.SucceedAsync("scrub", "start");
        await archive.WhenLoggedAsync(1164);
        var status = Json(await archive.SucceedAsync("scrub", "status", "--json"));
        Assert.Equal(1, status.GetProperty("damagedInstances").GetInt32());
        Assert.Single(Rows(await archive.SucceedAsync("study", "list", "--damaged", "--json")));
        var export = await archive.CommandAsync("study", "export", _uid, "-o", _files.PathOf("got"), "--json");
        Assert.Equal(1, export.ExitCode);
        Assert.Equal((5, 1), (
            Json(export).GetProperty("written").GetInt32(), Json(export).GetProperty("failed").GetArrayLength()));
        // Sent again, it is whole again.
        await CommandRun.SucceedAsync("store", archive.Peer, _files.Study);
        await archive.SucceedAsync("study", "export", _uid, "-o", _files.PathOf("again"));
    }

    [Fact]
    public async Task The_HTTP_port_shows_the_disk_and_names_no_patient()
    {
        var port = LoopbackPorts.Take();
        await using var archive = await RunningArchive.StartAsync(
            sections: $$""", "Administration": { "HttpPort": {{port}} }""");
        using var http = new HttpClient(new HeardAnswers(new SocketsHttpHandler())) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        var cancellation = TestContext.Current.CancellationToken;
        var disk = JsonDocument.Parse(await http.GetStringAsync("/api/archive/disk", cancellation)).RootElement;
        Assert.True(disk.GetProperty("takesInstances").GetBoolean());
        Assert.True(disk.GetProperty("lowWaterMark").GetInt64() >= 2L * 1024 * 1024 * 1024);
        foreach (var path in (string[])["/api/archive/studies", $"/api/archive/studies/{_uid}"])
        {
            using var answer = await http.GetAsync(path, cancellation);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        }
    }

    private Dictionary<string, byte[]> DataSetsBelow(string folder) => Directory
        .GetDirectories(_files.PathOf(folder)).SelectMany(StudyFiles.DataSetsIn)
        .ToDictionary(pair => pair.Key, pair => pair.Value);

    private static JsonElement Json(CommandRun run) => JsonDocument.Parse(run.Output).RootElement;

    private static List<JsonElement> Rows(CommandRun run) => [.. Json(run).EnumerateArray()];
}
