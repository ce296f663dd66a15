using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Dicom.Scp;

/// <summary>Stands in for an SCP where it is only said what a node does, and nobody calls it: the real one needs the store of
/// the node.</summary>
public sealed class DeclaredScp(IReadOnlyCollection<Uid> sopClasses, QueryOptions options = QueryOptions.None)
    : ICStoreScp, ICFindScp, IRetrieveScp, INormalizedScp
{
    private const string NotCalled = "A declared SCP is not called.";

    /// <summary>The storage SCP, whose SOP classes are those of the acceptor.</summary>
    public static DeclaredScp Storage { get; } = new([]);

    public IReadOnlyCollection<Uid> SopClasses => sopClasses;

    public QueryOptions Options => options;

    public IInstanceSink BeginStore(in CStoreRequest request) => throw new NotSupportedException(NotCalled);

    public ValueTask<CFindAnswer> FindAsync(CFindRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException(NotCalled);

    public ValueTask<RetrieveAnswer> RetrieveAsync(RetrieveRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException(NotCalled);

    public ValueTask<NResponse> PerformAsync(NRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException(NotCalled);
}
