using System.Collections.Concurrent;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scp;

/// <summary>docs/adr/0015: an association that was accepted has a thread of its own.</summary>
public sealed class SessionThreadTests
{
    [Fact]
    public async Task Everything_that_an_association_stores_passes_on_one_thread_also_after_a_completion_that_waited()
    {
        var store = new ThreadStore();
        await using var server = TestAcceptor.Start(o => o with { Store = store });
        await using var association = await AssociateAsync(server);
        var scu = new CStoreScu(association);
        for (var i = 1; i <= 3; i++)
            Assert.Equal(DimseStatus.Success, await scu.SendAsync(Instances.Ct(i, 1_000_000)));
        await association.ReleaseAsync(TestContext.Current.CancellationToken);
        var (_, isPooled) = Assert.Single(store.Threads.Distinct());
        Assert.False(isPooled);
    }

    [Fact]
    public async Task Two_associations_do_not_share_a_thread()
    {
        var store = new ThreadStore();
        await using var server = TestAcceptor.Start(o => o with { Store = store });
        await using var one = await AssociateAsync(server);
        await using var other = await AssociateAsync(server);
        Assert.Equal(DimseStatus.Success, await new CStoreScu(one).SendAsync(Instances.Ct(1, 1_000)));
        Assert.Equal(DimseStatus.Success, await new CStoreScu(other).SendAsync(Instances.Ct(2, 1_000)));
        Assert.Equal(2, store.Threads.Distinct().Count());
    }

    [Fact]
    public async Task A_peer_that_does_not_close_after_its_release_sees_the_end_of_our_side_long_before_ARTIM()
    {
        await using var server = TestAcceptor.Start();
        using var peer = RawPeer.Associate(
            server.EndPoint,
            Pdus.Request("ARCHIVE", "MODALITY", (SopClass.Verification, TransferSyntax.ImplicitVRLittleEndian.Uid)));
        peer.Send(FixedPdu.ReleaseRq());
        Assert.Equal(FixedPdu.ReleaseRp(), peer.ReadPdu());
        // The wait for the peer is one that may be cancelled: a thread that blocked in it would sit there for 30 s.
        peer.ExpectClosed();
    }

    private static Task<Association> AssociateAsync(TestAcceptor server) => Association.RequestAsync(
        server.Request(new ProposedContext(SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid)));

    /// <summary>Notes which thread does each step.</summary>
    private sealed class ThreadStore : ICStoreScp
    {
        public ConcurrentQueue<(int Thread, bool IsPooled)> Threads { get; } = [];

        public IInstanceSink BeginStore(in CStoreRequest request)
        {
            Note();
            return new Sink(this);
        }

        private void Note() => Threads.Enqueue((Environment.CurrentManagedThreadId, Thread.CurrentThread.IsThreadPoolThread));

        private sealed class Sink(ThreadStore store) : IInstanceSink
        {
            public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
            {
                store.Note();
                return default;
            }

            public async ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
            {
                // As a group commit does: another thread ends the wait.
                await Task.Run(() => { }, cancellationToken);
                store.Note();
                return DimseStatus.Success;
            }

            public ValueTask AbandonAsync() => default;
        }
    }
}
