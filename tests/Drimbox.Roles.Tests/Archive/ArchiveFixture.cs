using System.Net;
using Drimbox.Archive;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;

namespace Drimbox.Tests.Archive;

/// <summary>An archive node on a free port, with a folder of its own, and a modality that sends to it.</summary>
internal sealed class ArchiveFixture : IAsyncDisposable
{
    public static readonly Uid Find = SopClass.StudyRootQueryRetrieveInformationModelFind;
    public static readonly Uid Move = SopClass.StudyRootQueryRetrieveInformationModelMove;
    public static readonly AeTitle Archive = AeTitle.Parse("ARCHIVE");

    private readonly StoreFolder _folder = new();
    private readonly Func<ArchiveOptions, ArchiveOptions> _change;
    private readonly Disk _disk;
    private readonly Func<ArchiveSurroundings, ArchiveSurroundings> _around;

    private ArchiveFixture(
        Func<ArchiveOptions, ArchiveOptions>? change,
        Disk? disk,
        StoreFolder? folder,
        Func<ArchiveSurroundings, ArchiveSurroundings>? around)
    {
        _change = change ?? (static options => options);
        _disk = disk ?? Disk.Real;
        _around = around ?? (static surroundings => surroundings);
        if (folder is not null)
        {
            _folder.Dispose();
            _folder = folder;
        }
    }

    public ArchiveNode Node { get; private set; } = null!;

    public string NodeFolder => Path.Combine(_folder.Path, "pacs");

    public static async Task<ArchiveFixture> StartAsync(
        Func<ArchiveOptions, ArchiveOptions>? change = null,
        Disk? disk = null,
        StoreFolder? folder = null,
        Func<ArchiveSurroundings, ArchiveSurroundings>? around = null)
    {
        var fixture = new ArchiveFixture(change, disk, folder, around);
        await fixture.StartNodeAsync();
        return fixture;
    }

    public async Task StartNodeAsync()
    {
        var options = _change(Options());
        if (options.PatientUpdates is { } updates)
        {
            var messages = await FlowStorePlace.DatabaseAsync(Path.Combine(NodeFolder, "messages"));
            options = options with
            {
                PatientUpdates = updates with { Postgres = updates.Postgres ?? messages?.ToMessages("pacs") },
            };
        }

        Node = new ArchiveNode(
            options,
            _around(new ArchiveSurroundings { Ids = new RandomIdSource(), Random = new Random(1), Disk = _disk, Log = WatchedLog.Instance }));
        await Node.StartAsync();
    }

    /// <summary>Tells the node of other options, as a reload of the configuration does.</summary>
    public void Reload(Func<ArchiveOptions, ArchiveOptions> change) => Node.Reload(change(Options()));

    private ArchiveOptions Options() => new()
    {
        NodeId = "pacs",
        DataFolder = _folder.Path,
        AeTitle = Archive,
        Address = IPAddress.Loopback,
        Port = 0,
    };

    /// <summary>The folder that the node lies in, for what is done to it while it is stopped.</summary>
    public string DataFolder => _folder.Path;

    /// <summary>The folder as a crash leaves it, in a node of its own.</summary>
    public Task<ArchiveFixture> StartAfterCrashAsync(Action<string>? harm = null) =>
        StartAfterCrashAsync(folder =>
        {
            harm?.Invoke(folder);
            return Task.CompletedTask;
        });

    /// <inheritdoc cref="StartAfterCrashAsync(Action{string}?)"/>
    public async Task<ArchiveFixture> StartAfterCrashAsync(Func<string, Task> harm)
    {
        var copy = await FlowStorePlace.CopyAfterCrashAsync(_folder);
        await harm(Path.Combine(copy.Path, "pacs"));
        return await StartAsync(_change, _disk, copy, _around);
    }

    public string[] Files(string folder = "instances")
    {
        var path = Path.Combine(NodeFolder, folder);
        return Directory.Exists(path) ? Directory.GetFiles(path, "*", SearchOption.AllDirectories) : [];
    }

    public Task<Association> CallAsync(params IReadOnlyList<ProposedContext> contexts) =>
        Association.RequestAsync(Request(contexts));

    private AssociationOptions Request(params IReadOnlyList<ProposedContext> contexts) => new()
    {
        Host = "127.0.0.1",
        Port = Node.Port,
        CallingAe = AeTitle.Parse("CT1"),
        CalledAe = Archive,
        Contexts = contexts,
    };

    /// <summary>For queries that do not name the levels above (PS3.4 C.5.1.1).</summary>
    public Task<Association> CallRelationalAsync(Uid sopClass) =>
        Association.RequestAsync(Request(CFindScu.ContextFor(sopClass)) with
        {
            Extended = [ExtendedNegotiation.Encode(sopClass, QueryOptions.Relational, sopClass == Move)],
        });

    public async Task<DimseStatus> StoreAsync(DataSet dataSet, string? commandInstance = null, Uid? commandClass = null)
    {
        var source = Source(dataSet, commandInstance, commandClass);
        await using var association = await CallAsync(CStoreScu.ContextsFor([source]));
        var status = await new CStoreScu(association).SendAsync(source);
        await association.ReleaseAsync();
        return status;
    }

    /// <summary>Stores under the name of another AE, in another transfer syntax, as a part of another's C-MOVE.</summary>
    public async Task<DimseStatus> StoreAsAsync(
        string callingAe, DataSet dataSet, TransferSyntax? syntax = null, string? moveOriginator = null)
    {
        var source = Source(dataSet, syntax ?? TransferSyntax.ExplicitVRLittleEndian);
        await using var association = await Association.RequestAsync(
            Request(CStoreScu.ContextsFor([source])) with { CallingAe = AeTitle.Parse(callingAe) });
        var scu = new CStoreScu(association)
        {
            MoveOriginator = moveOriginator is null ? default : AeTitle.Parse(moveOriginator),
            MoveOriginatorMessageId = moveOriginator is null ? null : 1,
        };
        var status = await scu.SendAsync(source);
        await association.ReleaseAsync();
        return status;
    }

    public static InstanceSource Source(DataSet dataSet, TransferSyntax syntax) => InstanceSource.FromMemory(
        DataSetWriter.ToBytes(dataSet, syntax), dataSet.GetUid(Tag.SOPClassUID), dataSet.GetUid(Tag.SOPInstanceUID),
        syntax.Uid);

    public async Task<DimseStatus> StoreBytesAsync(byte[] dataSet, string instance)
    {
        var source = InstanceSource.FromMemory(
            dataSet, SopClass.CTImageStorage, Uid.Parse(instance), TransferSyntax.ExplicitVRLittleEndian.Uid);
        await using var association = await CallAsync(CStoreScu.ContextsFor([source]));
        var status = await new CStoreScu(association).SendAsync(source);
        await association.ReleaseAsync();
        return status;
    }

    public async Task<List<DataSet>> FindAsync(string level, params (Tag Tag, string Value)[] keys)
    {
        await using var association = await CallRelationalAsync(Find);
        var matches = await new CFindScu(association).FindAsync(Find, Query(level, keys)).ToListAsync();
        await association.ReleaseAsync();
        return matches;
    }

    public async Task<RetrieveResult> MoveAsync(string destination, string level, params (Tag Tag, string Value)[] keys)
    {
        await using var association = await CallRelationalAsync(Move);
        var result = await new CMoveScu(association).MoveAsync(Move, Query(level, keys), AeTitle.Parse(destination));
        await association.ReleaseAsync();
        return result;
    }

    public static DataSet Query(string level, params (Tag Tag, string Value)[] keys)
    {
        var query = new DataSet();
        query.SetCharacterSet(CharacterSet.Utf8);
        query.SetString(Tag.QueryRetrieveLevel, level);
        foreach (var (tag, value) in keys)
        {
            if (value.Length == 0) query.SetEmpty(tag);
            else query.SetString(tag, value);
        }

        return query;
    }

    /// <summary>A small CT: 1.2.study.series.instance.</summary>
    public static DataSet Ct(int study, int series, int instance, string name = "PAT-TROIS^DOMINIQUE", byte fill = 7)
    {
        var ct = new DataSet();
        ct.SetCharacterSet(CharacterSet.Latin1);
        ct.SetUid(Tag.SOPClassUID, SopClass.CTImageStorage);
        ct.SetString(Tag.SOPInstanceUID, $"1.2.{study}.{series}.{instance}");
        ct.SetString(Tag.StudyDate, $"202608{study:D2}");
        ct.SetString(Tag.StudyTime, "083117");
        ct.SetString(Tag.AccessionNumber, $"ACN{study}");
        ct.SetString(Tag.Modality, "CT");
        ct.SetString(Tag.StudyDescription, "TDM THORAX");
        ct.SetString(Tag.PatientName, name);
        ct.SetString(Tag.PatientID, $"IPP{study}");
        ct.SetString(Tag.PatientBirthDate, "19790328");
        ct.SetString(Tag.PatientSex, "F");
        ct.SetString(Tag.StudyInstanceUID, $"1.2.{study}");
        ct.SetString(Tag.SeriesInstanceUID, $"1.2.{study}.{series}");
        ct.SetString(Tag.SeriesNumber, $"{series}");
        ct.SetString(Tag.InstanceNumber, $"{instance}");
        ct.SetInt(Tag.Rows, 16);
        ct.SetInt(Tag.Columns, 16);
        ct.SetBytes(Tag.PixelData, Vr.OW, Enumerable.Repeat(fill, 512).ToArray());
        return ct;
    }

    public static DataSet Note(RejectionReason reason, int study, params (int Series, int Instance)[] rejected) =>
        RejectionNoteDataSet.Encode(new RejectionNote(
            Uid.Parse($"1.2.{study}.900.1"), Uid.Parse(
                $"1.2.{study}.900"), new DateTimeOffset(2026, 8, 30, 9, 0, 0, TimeSpan.FromHours(2)),
            reason, "PACS",
            new Patient(
                default, new LocalPatientId($"IPP{study}", "", ""), "PAT-TROIS", "DOMINIQUE", "DOMINIQUE", "PAT-TROIS",
                "19790328", "F", "63220"),
            new ManifestStudy(Uid.Parse($"1.2.{study}"), "20260801", "083117", "TDM THORAX"),
            [.. rejected.GroupBy(r => r.Series).Select(g => new ManifestSeries(
                Uid.Parse($"1.2.{study}.{g.Key}"), g.Key, null,
                [.. g.Select(r => new ManifestInstance(
                    SopClass.CTImageStorage, Uid.Parse($"1.2.{study}.{r.Series}.{r.Instance}"), r.Instance))]))]));

    public static InstanceSource Source(DataSet dataSet, string? commandInstance = null, Uid? commandClass = null) =>
        InstanceSource.FromMemory(
            DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian),
            commandClass ?? dataSet.GetUid(Tag.SOPClassUID),
            commandInstance is null ? dataSet.GetUid(Tag.SOPInstanceUID) : Uid.Parse(commandInstance),
            TransferSyntax.ExplicitVRLittleEndian.Uid);

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>An AE that takes what is sent to it.</summary>
internal sealed class Receiver : ICStoreScp, IAsyncDisposable
{
    private readonly DicomAcceptor _acceptor;
    private readonly SemaphoreSlim _arrived = new(0);

    public Receiver(string title)
    {
        Title = AeTitle.Parse(title);
        _acceptor = new DicomAcceptor(
            new AcceptorOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), AeTitles = [Title], Store = this },
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        _acceptor.Start();
        Peer = new DicomPeer(Title, "127.0.0.1", _acceptor.EndPoint.Port);
    }

    public AeTitle Title { get; }

    public DicomPeer Peer { get; }

    public System.Collections.Concurrent.ConcurrentDictionary<string, byte[]> Stored { get; } = [];

    /// <summary>Answers for the first instances; then success.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<DimseStatus> Answers { get; } = [];

    /// <summary>What it does with each before it answers.</summary>
    public Func<Task> Arriving { get; set; } = () => Task.CompletedTask;

    public IInstanceSink BeginStore(in CStoreRequest request) => new Sink(this, request.SopInstanceUid.ToString());

    public async Task WaitForOneAsync() => Assert.True(await _arrived.WaitAsync(TimeSpan.FromSeconds(30)));

    public async ValueTask DisposeAsync()
    {
        await _acceptor.DisposeAsync();
        _arrived.Dispose();
    }

    private sealed class Sink(Receiver receiver, string uid) : IInstanceSink
    {
        private readonly List<byte> _bytes = [];

        public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
        {
            _bytes.AddRange(fragment.Span);
            return default;
        }

        public async ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
        {
            await receiver.Arriving();
            if (receiver.Answers.TryDequeue(out var answer) && answer != DimseStatus.Success) return answer;
            receiver.Stored[uid] = [.. _bytes];
            receiver._arrived.Release();
            return DimseStatus.Success;
        }

        public ValueTask AbandonAsync() => default;
    }
}
