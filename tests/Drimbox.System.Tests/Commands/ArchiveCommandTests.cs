using System.Text.Json;
using Drimbox.Archive;
using Drimbox.Dicom;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Commands;

/// <summary>The commands with an archive of our own at the other end.</summary>
public sealed class ArchiveCommandTests : IAsyncLifetime
{
    private readonly StudyFiles _files = new();
    private ArchiveNode _archive = null!;

    private string Peer => $"ARCHIVE@127.0.0.1:{_archive.Port}";

    public async ValueTask InitializeAsync()
    {
        _archive = await ArchiveUnderTest.StartAsync(_files.PathOf(""));
        await CommandRun.SucceedAsync("store", Peer, _files.Study, "--associations", "2", "--window", "3");
    }

    public async ValueTask DisposeAsync()
    {
        await _archive.DisposeAsync();
        _files.Dispose();
    }

    [Fact]
    public async Task Get_asks_which_classes_there_are_and_gets_all_of_them()
    {
        var run = await CommandRun.SucceedAsync(
            "get", Peer, "-k", $"StudyInstanceUID={StudyFiles.Order.StudyInstanceUid}", "-o", _files.PathOf("got"), "--json");
        Assert.Equal(6, JsonDocument.Parse(run.Output).RootElement.GetProperty("completed").GetInt32());
        Assert.Equal(StudyFiles.DataSetsIn(_files.Study), StudyFiles.DataSetsIn(_files.PathOf("got")));
    }

    [Fact]
    public async Task A_query_without_the_keys_above_has_to_be_relational()
    {
        var refused = await CommandRun.OfAsync("find", Peer, "--level", "SERIES", "-k", "Modality=CT");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("A900", refused.Errors, StringComparison.Ordinal);
        var found = await CommandRun.SucceedAsync("find", Peer, "--level", "SERIES", "-k", "Modality=CT", "--relational");
        Assert.Equal(3, found.Lines.Count);
    }

    [Fact]
    public async Task What_the_archive_has_already_under_other_bytes_is_a_failure_of_that_file()
    {
        var bytes = await File.ReadAllBytesAsync(_files.Paths[0], TestContext.Current.CancellationToken);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(_files.Paths[0], bytes, TestContext.Current.CancellationToken);
        var run = await CommandRun.OfAsync("store", Peer, _files.Study, "--calling", "STRANGER", "--json");
        Assert.Equal(1, run.ExitCode);
        var failure = JsonDocument.Parse(run.Output).RootElement.GetProperty("failures")[0];
        Assert.Equal("0111", failure.GetProperty("status").GetString());
        Assert.Equal(_files.Paths[0], failure.GetProperty("file").GetString());
        Assert.Equal(
            StudyFiles.Read(_files.Paths[0]).DataSet.GetString(Tag.SOPInstanceUID),
            failure.GetProperty("sopInstanceUid").GetString());
    }
}
