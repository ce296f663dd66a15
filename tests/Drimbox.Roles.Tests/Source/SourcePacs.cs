using System.Net;
using System.Runtime.CompilerServices;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Source;

/// <summary>A PACS on the wire that shows the instances the test puts in and answers hierarchical C-FIND (PS3.4
/// C.4.1); and what sends objects to the source.</summary>
public sealed class SourcePacs : ICFindScp, IRetrieveScp, IAsyncDisposable
{
    public static readonly AeTitle Title = AeTitle.Parse("PACS");

    private readonly SourceEvents _events = new();
    private IReadOnlyList<DataSet> _instances = [];
    private ILookup<Uid, DataSet> _byStudy = Array.Empty<DataSet>().ToLookup(_ => default(Uid));
    private DicomAcceptor _acceptor;
    private string _title;
    private int _moves;

    /// <param name="title">Its AE title.</param>
    public SourcePacs(string title = "PACS")
    {
        _title = title;
        _acceptor = Open(0);
    }

    /// <summary>Also while it is away.</summary>
    public int Port { get; private set; }

    /// <summary>Associations that were accepted: event 1002 of the DICOM engine.</summary>
    public int Associations => _events.CountOf(1002);

    /// <summary>What it shows.</summary>
    public IReadOnlyList<DataSet> Instances
    {
        get => _instances;
        set
        {
            _byStudy = value.ToLookup(i => i.GetUid(Tag.StudyInstanceUID));
            _instances = value;
        }
    }

    /// <summary>Set to answer every query with a failure.</summary>
    public DimseStatus? Failure { get; set; }

    /// <summary>It answers as if it held nothing.</summary>
    public bool Hides { get; set; }

    /// <summary>Longer answers are refused with A700.</summary>
    public int MatchesMax { get; set; } = int.MaxValue;

    /// <summary>Called with each query before it is answered.</summary>
    public Action<DataSet> Asked { get; set; } = static _ => { };

    /// <summary>Where C-MOVE sends to.</summary>
    public DicomPeer? Destination { get; set; }

    /// <summary>How it holds its images.</summary>
    public TransferSyntax Syntax { get; set; } = TransferSyntax.ExplicitVRLittleEndian;

    /// <summary>Set to answer every C-MOVE with a failure.</summary>
    public DimseStatus? MoveFailure { get; set; }

    /// <summary>What it sends beside what it was asked for.</summary>
    public IReadOnlyList<DataSet> AlsoSends { get; set; } = [];

    /// <summary>What it sends of an image of a C-MOVE.</summary>
    public Func<InstanceSource, InstanceSource> Sends { get; set; } = static image => image;

    /// <summary>Awaited before each image of a C-MOVE, which it is told the number of.</summary>
    public Func<int, CancellationToken, Task> BeforeImage { get; set; } = static (_, _) => Task.CompletedTask;

    /// <summary>Called when a C-MOVE sends nothing any more.</summary>
    public Action MoveEnded { get; set; } = static () => { };

    public int Moves => _moves;

    IReadOnlyCollection<Uid> IRetrieveScp.SopClasses => [SopClass.StudyRootQueryRetrieveInformationModelMove];

    public ValueTask<RetrieveAnswer> RetrieveAsync(RetrieveRequest request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _moves);
        if (MoveFailure is { } failure) return ValueTask.FromResult(RetrieveAnswer.Refused(failure));
        var found = Instances
            .Where(i => Matches(request.Identifier, i, Tag.StudyInstanceUID)
                && Matches(request.Identifier, i, Tag.SeriesInstanceUID))
            .Concat(AlsoSends)
            .Select(i => Sends(InstanceSource.FromMemory(
                DataSetWriter.ToBytes(i, Syntax), i.GetUid(Tag.SOPClassUID), i.GetUid(Tag.SOPInstanceUID), Syntax.Uid)))
            .ToList();
        return ValueTask.FromResult(RetrieveAnswer.Found(
            found.Count, found.Select(i => i.Kind).Distinct().ToList(), PacedAsync(found, cancellationToken)));
    }

    public IReadOnlyCollection<Uid> SopClasses => [SopClass.StudyRootQueryRetrieveInformationModelFind];

    public ValueTask<CFindAnswer> FindAsync(CFindRequest request, CancellationToken cancellationToken)
    {
        Asked(request.Identifier);
        if (Failure is { } failure) return ValueTask.FromResult(CFindAnswer.Refused(failure));
        var level = request.Level switch
        {
            "STUDY" => Tag.StudyInstanceUID,
            "SERIES" => Tag.SeriesInstanceUID,
            _ => Tag.SOPInstanceUID,
        };
        var held = request.Identifier.TryGetUid(Tag.StudyInstanceUID, out var study) ? _byStudy[study] : Instances;
        var matches = (Hides ? [] : held)
            .Where(i => Matches(request.Identifier, i, Tag.StudyInstanceUID)
                && Matches(request.Identifier, i, Tag.SeriesInstanceUID)
                && Matches(request.Identifier, i, Tag.StudyDate) && IsInTime(request.Identifier, i))
            .DistinctBy(i => i.GetUid(level)).Select(i => Answer(request.Identifier, i)).ToList();
        if (matches.Count > MatchesMax)
            return ValueTask.FromResult(CFindAnswer.Refused(DimseStatus.OutOfResources));
        return ValueTask.FromResult(CFindAnswer.Found(matches.ToAsyncEnumerable()));
    }

    /// <summary>C-STORE of one object to the source.</summary>
    /// <param name="sopClass">What the command says; null: what the object is.</param>
    public static async Task<DimseStatus> StoreAsync(
        IPEndPoint source, AeTitle callingAe, DataSet instance, Uid? sopClass = null)
    {
        var token = TestContext.Current.CancellationToken;
        var syntax = TransferSyntax.ExplicitVRLittleEndian;
        var stored = InstanceSource.FromMemory(
            DataSetWriter.ToBytes(instance, syntax), sopClass ?? instance.GetUid(Tag.SOPClassUID),
            instance.GetUid(Tag.SOPInstanceUID), syntax.Uid);
        await using var association = await Association.RequestAsync(
            new AssociationOptions
            {
                Host = source.Address.ToString(),
                Port = source.Port,
                CallingAe = callingAe,
                CalledAe = AeTitle.Parse("DRIMBOX"),
                Contexts = CStoreScu.ContextsFor([stored]),
            },
            token);
        var status = await new CStoreScu(association).SendAsync(stored, token);
        await association.ReleaseAsync(token);
        return status;
    }

    /// <summary>Nothing listens at its port any more.</summary>
    public ValueTask TakeAwayAsync() => _acceptor.DisposeAsync();

    /// <summary>It is back at this port.</summary>
    /// <param name="title">Another AE title that it has now.</param>
    public void BringBack(int port, string? title = null)
    {
        _title = title ?? _title;
        _acceptor = Open(port);
    }

    public ValueTask DisposeAsync() => _acceptor.DisposeAsync();

    private DicomAcceptor Open(int port)
    {
        var acceptor = new DicomAcceptor(
            new AcceptorOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, port),
                AeTitles = [AeTitle.Parse(_title)],
                Find = [this],
                Retrieve = [this],
                MoveDestination = _ => Destination,
            },
            _events.CreateLogger(""));
        acceptor.Start();
        Port = acceptor.EndPoint.Port;
        return acceptor;
    }

    private async IAsyncEnumerable<InstanceSource> PacedAsync(
        List<InstanceSource> images, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            for (var i = 0; i < images.Count; i++)
            {
                await BeforeImage(i, cancellationToken);
                yield return images[i];
            }
        }
        finally
        {
            MoveEnded();
        }
    }

    // An absent or empty key matches everything (PS3.4 C.2.2.2.3).
    private static bool Matches(DataSet query, DataSet instance, Tag tag) =>
        query.GetString(tag) is not { } wanted || instance.GetString(tag) == wanted;

    // PS3.4 C.2.2.2.5, of times.
    private static bool IsInTime(DataSet query, DataSet instance)
    {
        if (query.GetString(Tag.StudyTime)?.Split('-') is not [var from, var to]) return true;
        var time = instance.GetString(Tag.StudyTime);
        return string.CompareOrdinal(time, from) >= 0 && string.CompareOrdinal(time, to) <= 0;
    }

    private static DataSet Answer(DataSet query, DataSet instance)
    {
        var answer = new DataSet();
        answer.SetCharacterSet(instance.CharacterSet);
        foreach (var key in query.Elements)
        {
            if (instance.TryGet(key.Tag, out var value)) answer.Set(value);
            else if (key.Tag != Tag.QueryRetrieveLevel) answer.SetEmpty(key.Tag);
        }

        answer.SetString(Tag.QueryRetrieveLevel, query.GetString(Tag.QueryRetrieveLevel));
        return answer;
    }
}
