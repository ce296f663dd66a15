using System.Net;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;

namespace Drimbox.Dicom.Scp;

/// <summary>Who is at the other end of an association.</summary>
public sealed record AssociationPeer(AeTitle CallingAe, AeTitle CalledAe, IPAddress Address)
{
    /// <summary>The certificate that it has proved to own; null without TLS or without a certificate.</summary>
    public PeerCertificate? Certificate { get; init; }
}

/// <summary>A C-STORE-RQ, before its data set. Source: PS3.7 9.1.1.1.</summary>
/// <param name="SopClassUid">The abstract syntax of the context and the Affected SOP Class UID, which are
/// equal.</param>
/// <param name="SopInstanceUid">The Affected SOP Instance UID; a well-formed UID.</param>
/// <param name="TransferSyntax">How the data set that follows is encoded.</param>
/// <param name="MoveOriginator">The AE that asked for a C-MOVE of which this is a part, else the default value.</param>
public readonly record struct CStoreRequest(
    AssociationPeer Peer,
    Uid SopClassUid,
    Uid SopInstanceUid,
    TransferSyntax TransferSyntax,
    DimsePriority Priority,
    AeTitle MoveOriginator,
    ushort? MoveOriginatorMessageId)
{
    /// <summary>The completion is called on the thread of the association, which does nothing else until the response: it
    /// may block there (docs/adr/0015).</summary>
    public bool MayBlock { get; init; }
}

/// <summary>Storage SCP. Source: PS3.4 annex B.</summary>
public interface ICStoreScp
{
    /// <summary>False while nothing can be stored (the disk is nearly full). New associations learn it when they are
    /// asked for; on those that stand <see cref="BeginStore"/> is called all the same.</summary>
    bool TakesInstances => true;

    /// <summary>Begins to receive one instance. Called on the task that reads the association; must not wait.</summary>
    /// <exception cref="IOException">It cannot be stored now: the data set is read to its end, then A700.</exception>
    IInstanceSink BeginStore(in CStoreRequest request);
}

/// <summary>Takes the data set of one instance as it arrives. After <see cref="WriteAsync"/> calls in order, exactly
/// one of <see cref="CompleteAsync"/> and <see cref="AbandonAsync"/> is called.</summary>
public interface IInstanceSink
{
    /// <summary>Takes the next bytes. They lie in the receive buffer of the association and are overwritten when the
    /// returned task has ended.</summary>
    /// <exception cref="IOException">Storing failed: <see cref="AbandonAsync"/> follows, the rest of the data set is
    /// read and dropped, and the answer is A700 (reliability rule: never abort for a full disk).</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken);

    /// <summary>The data set has ended. The returned status is sent to the peer: 0000 only if the instance is
    /// durable.</summary>
    /// <exception cref="IOException">Storing failed: the answer is A700. The sink has cleaned up.</exception>
    ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken);

    /// <summary>The data set will not be completed: forget it. Does not throw.</summary>
    ValueTask AbandonAsync();

    /// <summary>After <see cref="CompleteAsync"/>, the peer has its answer, or has gone: what it need not wait for can be done
    /// now. Does not throw.</summary>
    void Answered()
    {
    }
}

/// <summary>A C-FIND-RQ with its identifier. Source: PS3.7 9.1.2.1.</summary>
public sealed record CFindRequest(AssociationPeer Peer, Uid SopClassUid, DataSet Identifier)
{
    /// <summary>(0008,0052) as it came, or null: worklists have none.</summary>
    public string? Level => Identifier.GetString(Tag.QueryRetrieveLevel);

    /// <summary>What was agreed for this association beyond the baseline (PS3.4 C.5.1.1).</summary>
    public QueryOptions Options { get; init; }
}

/// <summary>How a C-FIND is answered.</summary>
public sealed record CFindAnswer
{
    private readonly IAsyncEnumerable<DataSet>? _matches;

    private CFindAnswer(DimseStatus status, IAsyncEnumerable<DataSet>? matches, IAsyncEnumerable<MatchPage>? pages)
    {
        Status = status;
        _matches = matches;
        Pages = pages;
    }

    /// <summary>Pending (FF00, FF01), sent with each match; or the failure that is the whole answer.</summary>
    public DimseStatus Status { get; }

    public IAsyncEnumerable<DataSet>? Matches => _matches ?? (Pages is null ? null : MatchPage.ReadAsync(Pages));

    /// <summary>The matches as their SCP writes them, for who sends them; null if it gives data sets.</summary>
    public IAsyncEnumerable<MatchPage>? Pages { get; }

    /// <summary>Matches that are sent; if there is one more, the final status is A700 and says so. At least 1.</summary>
    public int ResultsMax { get; init; } = Limits.FindResultsMax;

    public static CFindAnswer Refused(DimseStatus status) => new(status, null, null);

    /// <param name="withUnsupportedKeys">FF01: some optional keys were not matched or returned.</param>
    public static CFindAnswer Found(IAsyncEnumerable<DataSet> matches, bool withUnsupportedKeys = false) =>
        new(PendingOf(withUnsupportedKeys), matches, null);

    /// <inheritdoc cref="Found(IAsyncEnumerable{DataSet}, bool)"/>
    public static CFindAnswer Found(IAsyncEnumerable<MatchPage> pages, bool withUnsupportedKeys) =>
        new(PendingOf(withUnsupportedKeys), null, pages);

    private static DimseStatus PendingOf(bool withUnsupportedKeys) =>
        withUnsupportedKeys ? DimseStatus.PendingWithUnsupportedKeys : DimseStatus.Pending;
}

/// <summary>Query SCP: Query/Retrieve FIND (PS3.4 C.4.1) or Modality Worklist (PS3.4 K.4.1).</summary>
public interface ICFindScp
{
    /// <summary>The SOP classes that it answers.</summary>
    IReadOnlyCollection<Uid> SopClasses { get; }

    /// <summary>What it can do beyond the baseline, for callers that ask for it.</summary>
    QueryOptions Options => QueryOptions.None;

    /// <param name="cancellationToken">Cancelled by C-CANCEL-RQ and by the end of the association.</param>
    /// <exception cref="IOException">The store cannot be asked now: the answer is A700.</exception>
    ValueTask<CFindAnswer> FindAsync(CFindRequest request, CancellationToken cancellationToken);
}

/// <summary>A C-MOVE-RQ or C-GET-RQ with its identifier. Source: PS3.7 9.1.3.1 and 9.1.4.1.</summary>
public sealed record RetrieveRequest(AssociationPeer Peer, Uid SopClassUid, DataSet Identifier)
{
    /// <summary>(0008,0052) as it came, or null.</summary>
    public string? Level => Identifier.GetString(Tag.QueryRetrieveLevel);

    /// <summary>What was agreed for this association beyond the baseline (PS3.4 C.5.2.1, C.5.3.1).</summary>
    public QueryOptions Options { get; init; }
}

/// <summary>How a retrieve is answered: the instances to send, or a failure.</summary>
public sealed record RetrieveAnswer
{
    private RetrieveAnswer(
        DimseStatus status, int count, IReadOnlyList<InstanceKind> kinds, IAsyncEnumerable<InstanceSource> instances)
    {
        Status = status;
        Count = count;
        Kinds = kinds;
        Instances = instances;
    }

    /// <summary>Pending, or the failure that is the whole answer.</summary>
    public DimseStatus Status { get; }

    /// <summary>How many sub-operations there will be.</summary>
    public int Count { get; }

    /// <summary>What the instances are, each kind once: it is negotiated before the first of them is read.</summary>
    public IReadOnlyList<InstanceKind> Kinds { get; }

    /// <summary>One sub-operation each, in the order in which they are sent. Read once, one after the other, as they are
    /// sent. Fewer than <see cref="Count"/> if some disappeared since they were counted; more are not sent.</summary>
    public IAsyncEnumerable<InstanceSource> Instances { get; }

    public static RetrieveAnswer Refused(DimseStatus status) =>
        new(status, 0, [], AsyncEnumerable.Empty<InstanceSource>());

    public static RetrieveAnswer Found(IReadOnlyList<InstanceSource> instances) => Found(
        instances.Count, CStoreScu.KindsOf(instances).ToList(), instances.ToAsyncEnumerable());

    /// <summary>For more instances than should lie in memory.</summary>
    public static RetrieveAnswer Found(
        int count, IReadOnlyList<InstanceKind> kinds, IAsyncEnumerable<InstanceSource> instances) =>
        new(DimseStatus.Pending, count, kinds, instances);
}

/// <summary>Retrieve SCP, C-MOVE and C-GET (PS3.4 C.4.2 and C.4.3): it names the instances, the engine sends
/// them. Reading them on may throw <see cref="IOException"/>: those that are left then failed.</summary>
public interface IRetrieveScp
{
    /// <summary>The MOVE and GET SOP classes that it answers.</summary>
    IReadOnlyCollection<Uid> SopClasses { get; }

    /// <summary>What it can do beyond the baseline, for callers that ask for it.</summary>
    QueryOptions Options => QueryOptions.None;

    /// <param name="cancellationToken">Cancelled by C-CANCEL-RQ and by the end of the association.</param>
    /// <exception cref="IOException">The store cannot be asked now: the answer is A701.</exception>
    ValueTask<RetrieveAnswer> RetrieveAsync(RetrieveRequest request, CancellationToken cancellationToken);
}
