using System.Text.Json;
using Drimbox.Archive;
using Drimbox.Archive.Commitment;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Emulators;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Orthanc;

/// <summary>An archive and Orthanc as each other's peer: storage, query, retrieve both ways, storage
/// commitment.</summary>
public sealed class OrthancTests : IAsyncLifetime
{
    private static readonly Uid Find = SopClass.StudyRootQueryRetrieveInformationModelFind;
    private static readonly Uid Move = SopClass.StudyRootQueryRetrieveInformationModelMove;
    private static readonly Uid Get = SopClass.StudyRootQueryRetrieveInformationModelGet;

    private readonly StoreFolder _folder = new();
    private readonly SampleStudy _study = new();
    private ArchiveNode _archive = null!;
    private OrthancServer _orthanc = null!;

    private static string Study => SampleStudy.Order.StudyInstanceUid.ToString();

    public async ValueTask InitializeAsync()
    {
        Peer.Require("Orthanc");
        var port = LoopbackPorts.Take();
        var peer = new DicomPeer(OrthancServer.AeTitle, "127.0.0.1", port) { Associations = 2 };
        _archive = await ArchiveUnderTest.StartAsync(
            _folder.Path,
            o => o with
            {
                Destinations = [peer],
                Commitment = new CommitmentOptions { Peers = [peer] },
            });
        _orthanc = await OrthancServer.StartAsync(_folder.Path, port, _archive.Port);
    }

    public async ValueTask DisposeAsync()
    {
        _orthanc?.Dispose();
        if (_archive is not null) await _archive.DisposeAsync();
        _study.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Orthanc_stores_into_the_archive_and_gets_its_commitment()
    {
        var ids = await UploadAsync();
        await _orthanc.PostAsync("/modalities/archive/store", ids);
        foreach (var uid in _study.Uids)
            Assert.NotNull(await _archive.Index.FindInstanceAsync(Uid.Parse(uid), TestContext.Current.CancellationToken));

        string[][] asked = [.. _study.Uids.Select(uid => (string[])[SopClass.CTImageStorage.ToString(), uid])];
        var whole = await CommitAsync([.. asked]);
        Assert.Equal("Success", whole.GetProperty("Status").GetString());
        Assert.Equal(_study.Uids.Length, whole.GetProperty("Success").GetArrayLength());

        // One file is damaged, and one instance was never sent.
        var row = await _archive.Index.FindInstanceAsync(
            Uid.Parse(_study.Uids[0]), TestContext.Current.CancellationToken);
        var path = Path.Combine(_folder.Path, "pacs", row!.File.FileName);
        var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);
        var partial = await CommitAsync([.. asked, [SopClass.CTImageStorage.ToString(), "1.2.3.4"]]);
        Assert.Equal("Failure", partial.GetProperty("Status").GetString());
        Assert.Equal(
            [("1.2.3.4", 0x0112), (_study.Uids[0], 0x0110)],
            partial.GetProperty("Failures").EnumerateArray()
                .Select(f => (
                    f.GetProperty("SOPInstanceUID").GetString()!, f.GetProperty("FailureReason").GetInt32()))
                .OrderBy(f => f.Item1, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Orthanc_finds_in_the_archive_and_has_the_study_moved_to_itself()
    {
        await StoreIntoArchiveAsync();
        var query = await _orthanc.PostAsync("/modalities/archive/query", new
        {
            Level = "Study",
            Query = new Dictionary<string, string> { ["PatientName"] = "pat-trois*", ["StudyInstanceUID"] = "" },
        });
        var path = query.GetProperty("Path").GetString()!;
        var answers = await _orthanc.GetAsync($"{path}/answers?expand&simplify");
        Assert.Equal(Study, Assert.Single(answers.EnumerateArray()).GetProperty("StudyInstanceUID").GetString());
        await _orthanc.PostAsync($"{path}/retrieve", OrthancServer.AeTitle.ToString());
        Assert.Equal(_study.Uids, await _orthanc.UidsAsync());
    }

    [Fact]
    public async Task A_study_is_found_in_Orthanc_got_from_it_and_moved_into_the_archive()
    {
        await UploadAsync();
        await using var association = await Association.RequestAsync(
            new AssociationOptions
            {
                Host = "127.0.0.1",
                Port = _orthanc.DicomPort,
                CallingAe = AeTitle.Parse("ARCHIVE"),
                CalledAe = OrthancServer.AeTitle,
                Contexts =
                [
                    CFindScu.ContextFor(Find), CFindScu.ContextFor(Move), CFindScu.ContextFor(Get),
                    .. CStoreScu.ContextsFor(_study.Sources).Select(c => c with { AsScp = true }),
                ],
            },
            TestContext.Current.CancellationToken);
        var query = SampleStudy.Query();
        query.SetEmpty(Tag.NumberOfStudyRelatedInstances);
        var match = Assert.Single(await new CFindScu(association)
            .FindAsync(Find, query, TestContext.Current.CancellationToken)
            .ToListAsync(TestContext.Current.CancellationToken));
        Assert.Equal("3", match.GetString(Tag.NumberOfStudyRelatedInstances)?.Trim());

        var kept = new KeptInstances();
        var got = await new CGetScu(association).GetAsync(
            Get, SampleStudy.Query(), kept, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(DimseStatus.Success, got.Status);
        Assert.Equal(_study.Uids, kept.Uids);

        var moved = await new CMoveScu(association).MoveAsync(
            Move, SampleStudy.Query(), AeTitle.Parse("ARCHIVE"),
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(DimseStatus.Success, moved.Status);
        foreach (var uid in _study.Uids)
            Assert.NotNull(await _archive.Index.FindInstanceAsync(Uid.Parse(uid), TestContext.Current.CancellationToken));
        await association.ReleaseAsync(TestContext.Current.CancellationToken);
    }

    private async Task<string[]> UploadAsync()
    {
        var ids = new List<string>();
        foreach (var path in _study.Paths)
        {
            var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
            ids.Add((await _orthanc.PostAsync("/instances", bytes)).GetProperty("ID").GetString()!);
        }

        return [.. ids];
    }

    private async Task StoreIntoArchiveAsync()
    {
        await using var association = await Association.RequestAsync(
            new AssociationOptions
            {
                Host = "127.0.0.1",
                Port = _archive.Port,
                CallingAe = AeTitle.Parse("CT1"),
                CalledAe = AeTitle.Parse("ARCHIVE"),
                Contexts = CStoreScu.ContextsFor(_study.Sources),
            },
            TestContext.Current.CancellationToken);
        foreach (var source in _study.Sources)
        {
            Assert.Equal(
                DimseStatus.Success,
                await new CStoreScu(association).SendAsync(source, TestContext.Current.CancellationToken));
        }

        await association.ReleaseAsync(TestContext.Current.CancellationToken);
    }

    private async Task<JsonElement> CommitAsync(string[][] instances)
    {
        var asked = await _orthanc.PostAsync(
            "/modalities/archive/storage-commitment", new { DicomInstances = instances });
        var path = asked.GetProperty("Path").GetString()!;
        return await Eventually.HoldsAsync(
            () => _orthanc.GetAsync(path), report => report.GetProperty("Status").GetString() != "Pending",
            _ => "Orthanc has no report");
    }
}
