using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;

namespace Drimbox.Tests.Dicom.Fuzz;

/// <summary>What stands behind the acceptor of a fuzzed session: it keeps what was stored, and counts how each
/// instance ended.</summary>
internal sealed class FuzzedServices : ICStoreScp, ICFindScp
{
    private int _begun;
    private int _completed;
    private int _abandoned;

    /// <summary>By SOP Instance UID, in the present execution.</summary>
    public Dictionary<string, byte[]> Stored { get; } = [];

    public IReadOnlyCollection<Uid> SopClasses { get; } = [SopClass.StudyRootQueryRetrieveInformationModelFind];

    public void Reset()
    {
        Stored.Clear();
        (_begun, _completed, _abandoned) = (0, 0, 0);
    }

    /// <summary>Each sink that was opened got exactly one end.</summary>
    public void AssertSettled() => Assert.Equal(_begun, _completed + _abandoned);

    public IInstanceSink BeginStore(in CStoreRequest request)
    {
        Interlocked.Increment(ref _begun);
        return new Sink(this, request.SopInstanceUid.ToString());
    }

    public ValueTask<CFindAnswer> FindAsync(CFindRequest request, CancellationToken cancellationToken) =>
        new(CFindAnswer.Found(new[] { ListFind.Match(1), ListFind.Match(2) }.ToAsyncEnumerable()));

    private sealed class Sink(FuzzedServices owner, string uid) : IInstanceSink
    {
        private readonly List<byte> _bytes = [];
        private int _ends;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
        {
            Assert.Equal(0, _ends);
            foreach (var b in fragment.Span) _bytes.Add(b);
            return default;
        }

        public ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
        {
            Assert.Equal(1, ++_ends);
            Interlocked.Increment(ref owner._completed);
            lock (owner.Stored) owner.Stored[uid] = [.. _bytes];
            return new(DimseStatus.Success);
        }

        public ValueTask AbandonAsync()
        {
            Assert.Equal(1, ++_ends);
            Interlocked.Increment(ref owner._abandoned);
            return default;
        }
    }
}
