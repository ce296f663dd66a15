using System.Collections.Concurrent;
using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Emulators;
using Drimbox.Load.Synthetic;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Dicom;

/// <summary>The engine with DCMTK at the other end, in both roles.</summary>
public sealed class DcmtkInteroperabilityTests : IDisposable
{
    private static readonly Uid Find = SopClass.StudyRootQueryRetrieveInformationModelFind;
    private static readonly Uid Move = SopClass.StudyRootQueryRetrieveInformationModelMove;
    private static readonly Uid Get = SopClass.StudyRootQueryRetrieveInformationModelGet;

    private static readonly SyntheticStudyOrder Order = new(
        Uid.Parse("1.2.250.1.213.4.5.2.1.102"),
        new Patient(
            InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"), null,
            "PAT-TROIS", "DOMINIQUE", "DOMINIQUE", "PAT-TROIS", "19790328", "F", "63220"),
        new DateTimeOffset(2026, 8, 22, 8, 31, 17, TimeSpan.FromHours(2)))
    {
        Instances = 3,
    };

    private readonly StoreFolder _folder = new();
    private readonly List<(string Path, DicomFile File)> _files = [];

    public DcmtkInteroperabilityTests()
    {
        foreach (var bytes in SyntheticStudy.Files(Order))
        {
            var path = Path.Combine(_folder.Path, $"image{_files.Count}.dcm");
            File.WriteAllBytes(path, bytes);
            Assert.True(DicomFile.TryRead(path, out var file, out _));
            _files.Add((path, file!));
        }
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Echoscu_is_answered_and_refused_by_the_rules()
    {
        await using var server = Start();
        await Dcmtk.SucceedAsync("echoscu", "-aec", "ARCHIVE", "127.0.0.1", Port(server));
        var (code, output) = await Dcmtk.RunAsync("echoscu", "-aec", "OTHER", "127.0.0.1", Port(server));
        Assert.NotEqual(0, code);
        Assert.Contains("Called AE Title Not Recognized", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-v")]
    [InlineData("--propose-little")]
    [InlineData("--max-pdu", "4096")]
    [InlineData("--max-send-pdu", "4096")]
    public async Task Storescu_delivers_byte_for_byte(params string[] options)
    {
        var store = new MemoryStore();
        await using var server = Start(store);
        string[] arguments = [.. options, "-aec", "ARCHIVE", "127.0.0.1", Port(server)];
        await Dcmtk.SucceedAsync("storescu", [.. arguments, .. _files.Select(f => f.Path)]);
        AssertStored(store);
    }

    [Fact]
    public async Task Findscu_gets_its_matches_and_can_cancel()
    {
        await using var server = Start(find: new CountingFind(500));
        var output = await Dcmtk.SucceedAsync(
            "findscu", "-S", "-aec", "ARCHIVE", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyID", "127.0.0.1", Port(
                server));
        Assert.Contains("Find Response: 500 (Pending)", output, StringComparison.Ordinal);
        output = await Dcmtk.SucceedAsync(
            "findscu",
                "-v", "-S", "--cancel", "5", "-aec", "ARCHIVE", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyID",
            "127.0.0.1", Port(server));
        Assert.Contains("Cancel", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Movescu_receives_over_its_own_port()
    {
        var port = LoopbackPorts.Take();
        await using var server = Start(movePort: port);
        var target = Directory.CreateDirectory(Path.Combine(_folder.Path, "moved")).FullName;
        // movescu 3.6.7 with +B writes to its working folder, whatever -od says.
        await Dcmtk.SucceedInAsync(
            target, "movescu", "-S", "-aec", "ARCHIVE", "-aem", "DEST", "-aet", "DEST", "+P", $"{port}", "+B",
            "-k", "QueryRetrieveLevel=STUDY", "-k", $"StudyInstanceUID={Order.StudyInstanceUid}", "127.0.0.1", Port(
                server));
        AssertSameDataSets(target);
    }

    [Fact]
    public async Task Getscu_receives_over_the_same_association()
    {
        await using var server = Start(movePort: 1);
        var target = Directory.CreateDirectory(Path.Combine(_folder.Path, "got")).FullName;
        await Dcmtk.SucceedAsync(
            "getscu", "-S", "-aec", "ARCHIVE", "-od", target, "+B",
            "-k", "QueryRetrieveLevel=STUDY", "-k", $"StudyInstanceUID={Order.StudyInstanceUid}", "127.0.0.1", Port(
                server));
        AssertSameDataSets(target);
    }

    [Fact]
    public async Task Storescp_receives_what_we_send()
    {
        var port = LoopbackPorts.Take();
        var target = Directory.CreateDirectory(Path.Combine(_folder.Path, "received")).FullName;
        using var scp = await Dcmtk.ListenAsync("storescp", target, port, "+B", "-od", target, $"{port}");
        var sources = Sources();
        await using var association = await Association.RequestAsync(
            Options(port, [.. CStoreScu.ContextsFor(sources), CEchoScu.Context]));
        Assert.Equal(DimseStatus.Success, await new CEchoScu(association).SendAsync());
        foreach (var source in sources) Assert.Equal(
            DimseStatus.Success, await new CStoreScu(association).SendAsync(source));
        await association.ReleaseAsync();
        AssertSameDataSets(target);
    }

    [Fact]
    public async Task Dcmqrscp_is_stored_to_queried_and_retrieved_from()
    {
        var port = LoopbackPorts.Take();
        var archive = Directory.CreateDirectory(Path.Combine(_folder.Path, "qr")).FullName;
        var received = new MemoryStore();
        await using var destination = Start(received);
        var configuration = Path.Combine(_folder.Path, "dcmqrscp.cfg");
        await File.WriteAllTextAsync(configuration, $"""
            NetworkTCPPort  = {port}
            MaxPDUSize      = 131072
            MaxAssociations = 16
            HostTable BEGIN
            dest = (ARCHIVE, 127.0.0.1, {Port(destination)})
            HostTable END
            VendorTable BEGIN
            VendorTable END
            AETable BEGIN
            QR {archive} RW (10, 1024mb) ANY
            AETable END

            """);
        using var scp = await Dcmtk.ListenAsync("dcmqrscp", _folder.Path, port, "-c", configuration);
        var sources = Sources();
        await using var association = await Association.RequestAsync(Options(port,
            [
                .. CStoreScu.ContextsFor(
                    sources), CFindScu.ContextFor(Find), CFindScu.ContextFor(Move), CFindScu.ContextFor(Get),
            ], called: "QR"));
        foreach (var source in sources) Assert.Equal(
            DimseStatus.Success, await new CStoreScu(association).SendAsync(source));
        var query = Query();
        query.SetEmpty(Tag.PatientName);
        var match = Assert.Single(await new CFindScu(association).FindAsync(Find, query).ToListAsync());
        Assert.Equal("PAT-TROIS^DOMINIQUE", match.GetString(Tag.PatientName));

        var moved = await new CMoveScu(association).MoveAsync(Move, Query(), AeTitle.Parse("ARCHIVE"));
        Assert.Equal(DimseStatus.Success, moved.Status);
        Assert.Equal(3, moved.Counts.Completed);
        AssertStored(received);
        await association.ReleaseAsync();

        var got = new MemoryStore();
        await using var second = await Association.RequestAsync(Options(
            port,
            [CFindScu.ContextFor(Get), new ProposedContext(
                SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid) { AsScp = true }],
            called: "QR"));
        Assert.Equal(DimseStatus.Success, (await new CGetScu(second).GetAsync(Get, Query(), got)).Status);
        AssertStored(got);
        await second.ReleaseAsync();
    }

    private DicomAcceptor Start(ICStoreScp? store = null, ICFindScp? find = null, int? movePort = null)
    {
        var server = new DicomAcceptor(
            new AcceptorOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
                AeTitles = [AeTitle.Parse("ARCHIVE")],
                Store = store,
                Find = find is null ? [] : [find],
                Retrieve = movePort is null ? [] : [new FixedRetrieve(Sources())],
                MoveDestination = ae =>
                    ae.ToString() == "DEST" ? new DicomPeer(ae, "127.0.0.1", movePort!.Value) : null,
            },
            NullLogger.Instance);
        server.Start();
        return server;
    }

    private List<InstanceSource> Sources() => _files.ConvertAll(f => InstanceSource.FromFile(
        f.Path, f.File.DataSetOffset, f.File.DataSet.GetUid(Tag.SOPClassUID), f.File.DataSet.GetUid(Tag.SOPInstanceUID),
        f.File.TransferSyntax.Uid));

    private static AssociationOptions Options(
        int port, IReadOnlyList<ProposedContext> contexts, string called = "ANY-SCP") => new()
    {
        Host = "127.0.0.1",
        Port = port,
        CallingAe = AeTitle.Parse("ARCHIVE"),
        CalledAe = AeTitle.Parse(called),
        Contexts = contexts,
    };

    private static DataSet Query()
    {
        var query = new DataSet();
        query.SetString(Tag.QueryRetrieveLevel, "STUDY");
        query.SetUid(Tag.StudyInstanceUID, Order.StudyInstanceUid);
        return query;
    }

    private static string Port(DicomAcceptor server) => $"{server.EndPoint.Port}";

    private void AssertStored(MemoryStore store)
    {
        Assert.Equal(_files.Count, store.Stored.Count);
        foreach (var (path, file) in _files)
        {
            Assert.Equal(
                File.ReadAllBytes(path)[(int)file.DataSetOffset..],
                store.Stored[file.DataSet.GetUid(Tag.SOPInstanceUID).ToString()]);
        }
    }

    private void AssertSameDataSets(string folder)
    {
        var received = Directory.GetFiles(folder).Select(path =>
        {
            Assert.True(DicomFile.TryRead(path, out var file, out _));
            return (Uid: file!.DataSet.GetUid(
                Tag.SOPInstanceUID), Bytes: File.ReadAllBytes(path)[(int)file.DataSetOffset..]);
        }).ToDictionary(x => x.Uid, x => x.Bytes);
        Assert.Equal(_files.Count, received.Count);
        foreach (var (path, file) in _files)
            Assert.Equal(
                File.ReadAllBytes(path)[(int)file.DataSetOffset..], received[file.DataSet.GetUid(Tag.SOPInstanceUID)]);
    }

    private sealed class MemoryStore : ICStoreScp
    {
        public ConcurrentDictionary<string, byte[]> Stored { get; } = [];

        public IInstanceSink BeginStore(in CStoreRequest request) => new Sink(this, request.SopInstanceUid.ToString());

        private sealed class Sink(MemoryStore store, string uid) : IInstanceSink
        {
            private readonly List<byte> _bytes = [];

            public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
            {
                _bytes.AddRange(fragment.Span);
                return default;
            }

            public ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
            {
                store.Stored[uid] = [.. _bytes];
                return new(DimseStatus.Success);
            }

            public ValueTask AbandonAsync() => default;
        }
    }

    private sealed class CountingFind(int count) : ICFindScp
    {
        public IReadOnlyCollection<Uid> SopClasses { get; } = [Find];

        public ValueTask<CFindAnswer> FindAsync(CFindRequest request, CancellationToken cancellationToken) =>
            new(CFindAnswer.Found(Enumerable.Range(0, count).Select(i =>
            {
                var match = new DataSet();
                match.SetString(Tag.QueryRetrieveLevel, "STUDY");
                match.SetString(Tag.StudyID, $"{i}");
                return match;
            }).ToAsyncEnumerable()));
    }

    private sealed class FixedRetrieve(IReadOnlyList<InstanceSource> instances) : IRetrieveScp
    {
        public IReadOnlyCollection<Uid> SopClasses { get; } = [Move, Get];

        public ValueTask<RetrieveAnswer> RetrieveAsync(RetrieveRequest request, CancellationToken cancellationToken) =>
            new(RetrieveAnswer.Found(instances));
    }
}
