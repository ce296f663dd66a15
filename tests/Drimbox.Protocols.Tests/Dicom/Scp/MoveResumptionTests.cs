using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.Scp;

/// <summary>C-MOVE over several associations, and what becomes of it when they are lost (PS3.4 C.4.2).</summary>
public sealed class MoveResumptionTests
{
    private static readonly Uid Move = SopClass.StudyRootQueryRetrieveInformationModelMove;
    private static readonly AeTitle Workstation = AeTitle.Parse("WS");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_move_shares_the_instances_among_as_many_associations_as_the_destination_takes()
    {
        // It answers the first only when there are four.
        var store = new ScriptedStore { Together = 4 };
        await using var destination = Destination(store);
        var result = await MoveAsync(destination.Port, 4, Cts(12));
        Assert.Equal(DimseStatus.Success, result.Status);
        Assert.Equal(new SubOperations(null, 12, 0, 0), result.Counts);
        Assert.Equal(4, store.Peers.Distinct(ReferenceEqualityComparer.Instance).Count());
        Assert.Equal(12, store.Stored.Count);
    }

    [Fact]
    public async Task An_association_beside_the_first_that_is_refused_leaves_the_work_to_it()
    {
        var store = new ScriptedStore();
        await using var destination = Destination(store, o => o with { AssociationsMax = 1 });
        var result = await MoveAsync(destination.Port, 3, Cts(9));
        Assert.Equal(DimseStatus.Success, result.Status);
        Assert.Equal(new SubOperations(null, 9, 0, 0), result.Counts);
        Assert.Single(store.Peers.Distinct(ReferenceEqualityComparer.Instance));
    }

    [Fact]
    public async Task A_lost_association_is_opened_again_and_goes_on_with_the_instance_that_was_not_answered()
    {
        var store = new ScriptedStore();
        store.Losses["1.2.3.2"] = 1;
        await using var destination = Destination(store);
        var time = new SkippingTime();
        var result = await MoveAsync(destination.Port, 1, Cts(4), time);
        Assert.Equal(DimseStatus.Success, result.Status);
        Assert.Equal(new SubOperations(null, 4, 0, 0), result.Counts);
        Assert.Equal(["1.2.3.1", "1.2.3.2", "1.2.3.2", "1.2.3.3", "1.2.3.4"], store.Begun);
        Assert.Equal([Limits.MoveReopenDelays[0]], time.Skipped);
    }

    [Fact]
    public async Task An_instance_that_arrived_though_its_answer_was_lost_is_completed()
    {
        var store = new ScriptedStore { LosesAfterStoring = true };
        store.Losses["1.2.3.2"] = 1;
        await using var destination = Destination(store);
        var result = await MoveAsync(destination.Port, 1, Cts(3), new SkippingTime());
        Assert.Equal(DimseStatus.Success, result.Status);
        Assert.Equal(new SubOperations(null, 3, 0, 0), result.Counts);
    }

    [Fact]
    public async Task An_instance_that_ends_every_association_fails_alone()
    {
        var store = new ScriptedStore();
        store.Losses["1.2.3.2"] = int.MaxValue;
        await using var destination = Destination(store);
        var result = await MoveAsync(destination.Port, 1, Cts(4), new SkippingTime());
        Assert.Equal(0xB000, result.Status.Code);
        Assert.Equal(new SubOperations(null, 3, 1, 0), result.Counts);
        Assert.Equal(["1.2.3.2"], result.FailedInstances.Select(uid => uid.ToString()));
        Assert.Equal(Limits.MoveLossesMax, store.Begun.Count(uid => uid == "1.2.3.2"));
    }

    [Fact]
    public async Task A_destination_that_dies_is_given_up_and_what_it_did_not_get_is_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var time = new SkippingTime();
        var moving = MoveAsync(((IPEndPoint)listener.LocalEndpoint).Port, 1, Cts(4), time);
        using (var peer = RawPeer.Accept(listener))
        {
            Assert.True(AssociateDecoder.TryDecodeRequest(peer.ReadPdu().AsSpan(6), out var request, out _));
            peer.Send(AssociateEncoder.Encode(new AssociateAccept
            {
                CalledAe = request!.CalledAe,
                CallingAe = request.CallingAe,
                Contexts = request.Contexts.Select(c => new PresentationContextAnswer(
                    c.Id, PresentationContextResult.Acceptance, c.TransferSyntaxes[0])).ToList(),
                User = new UserInformation { MaximumLength = 16384, ImplementationClassUid = Uid.Parse("1.2.3") },
            }));
            var first = peer.ReadCommand();
            var data = peer.ReadPdu();
            peer.Send(Pdus.Command(data[10], first.Respond(DimseStatus.Success)));
            peer.ReadCommand();
            // It goes while the second instance is on its way, and nobody listens afterwards.
            listener.Stop();
        }

        var result = await moving;
        Assert.Equal(0xB000, result.Status.Code);
        Assert.Equal(new SubOperations(null, 1, 3, 0), result.Counts);
        Assert.Equal(["1.2.3.2", "1.2.3.3", "1.2.3.4"], result.FailedInstances.Select(uid => uid.ToString()).Order());
        Assert.Equal(Limits.MoveReopenDelays, time.Skipped);
    }

    [Fact]
    public async Task Instances_are_read_as_they_are_sent_and_those_that_vanish_are_no_sub_operations()
    {
        const int count = 2_000;
        var store = new ScriptedStore();
        await using var destination = Destination(store);
        var ahead = 0;
        async IAsyncEnumerable<InstanceSource> StreamAsync()
        {
            // Five were counted that are gone.
            for (var i = 1; i <= count - 5; i++)
            {
                ahead = Math.Max(ahead, i - 1 - store.Stored.Count);
                yield return Instances.Ct(i, 100);
                await Task.Yield();
            }
        }

        var kind = Instances.Ct(1).Kind;
        var result = await MoveAsync(
            destination.Port, 2, RetrieveAnswer.Found(count, [kind], StreamAsync()));
        Assert.Equal(DimseStatus.Success, result.Status);
        Assert.Equal(new SubOperations(null, count - 5, 0, 0), result.Counts);
        Assert.InRange(ahead, 0, 2);
    }

    [Fact]
    public async Task Where_the_rest_cannot_be_read_it_has_failed()
    {
        var store = new ScriptedStore();
        await using var destination = Destination(store);
        static async IAsyncEnumerable<InstanceSource> BreakAsync()
        {
            yield return Instances.Ct(1);
            await Task.Yield();
            throw new IOException("index gone");
        }

        var result = await MoveAsync(
            destination.Port, 1, RetrieveAnswer.Found(3, [Instances.Ct(1).Kind], BreakAsync()));
        Assert.Equal(0xB000, result.Status.Code);
        Assert.Equal(new SubOperations(null, 1, 2, 0), result.Counts);
    }

    private static RetrieveAnswer Cts(int count) =>
        RetrieveAnswer.Found(Enumerable.Range(1, count).Select(i => Instances.Ct(i)).ToList());

    private static TestAcceptor Destination(
        ICStoreScp store, Func<AcceptorOptions, AcceptorOptions>? change = null) => TestAcceptor.Start(o =>
        {
            var options = o with { AeTitles = [Workstation], Store = store };
            return change is null ? options : change(options);
        });

    private static async Task<RetrieveResult> MoveAsync(
        int port, int associations, RetrieveAnswer answer, TimeProvider? time = null)
    {
        await using var server = TestAcceptor.Start(
            o => o with
            {
                Retrieve = [new AnswerRetrieve(answer)],
                MoveDestination = ae => new DicomPeer(ae, "127.0.0.1", port) { Associations = associations },
            },
            time);
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Move)));
        var query = new DataSet();
        query.SetString(Tag.QueryRetrieveLevel, "STUDY");
        var seen = new List<SubOperations>();
        var result = await new CMoveScu(association).MoveAsync(Move, query, Workstation, seen.Add)
            .WaitAsync(Patience, TestContext.Current.CancellationToken);
        // PS3.4 C.4.2.1.6: counters never run backwards.
        Assert.Equal(seen.OrderByDescending(c => c.Remaining), seen);
        return result;
    }

    private sealed class AnswerRetrieve(RetrieveAnswer answer) : IRetrieveScp
    {
        public IReadOnlyCollection<Uid> SopClasses { get; } = [Move];

        public ValueTask<RetrieveAnswer> RetrieveAsync(RetrieveRequest request, CancellationToken cancellationToken) =>
            new(answer);
    }

    /// <summary>A destination that loses associations.</summary>
    private sealed class ScriptedStore : ICStoreScp
    {
        private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _waiting;

        /// <summary>So many instances are answered together, the first time.</summary>
        public int Together { get; init; }

        public bool LosesAfterStoring { get; init; }

        /// <summary>How many associations end with this instance.</summary>
        public ConcurrentDictionary<string, int> Losses { get; } = [];

        public ConcurrentQueue<string> Begun { get; } = [];

        public ConcurrentQueue<AssociationPeer> Peers { get; } = [];

        public ConcurrentDictionary<string, bool> Stored { get; } = [];

        public IInstanceSink BeginStore(in CStoreRequest request)
        {
            Begun.Enqueue(request.SopInstanceUid.ToString());
            Peers.Enqueue(request.Peer);
            return new Sink(this, request.SopInstanceUid.ToString());
        }

        private async ValueTask<DimseStatus> CompleteAsync(string uid)
        {
            if (Interlocked.Increment(ref _waiting) >= Together) _all.TrySetResult();
            await _all.Task.WaitAsync(Patience);
            var isLost = Losses.TryGetValue(uid, out var left) && left > 0;
            if (isLost) Losses[uid] = left - 1;
            if (isLost && !LosesAfterStoring) throw new InvalidOperationException("The destination breaks down.");
            var isNew = Stored.TryAdd(uid, true);
            if (isLost) throw new InvalidOperationException("The destination breaks down.");
            return isNew ? DimseStatus.Success : DimseStatus.DuplicateSopInstance;
        }

        private sealed class Sink(ScriptedStore store, string uid) : IInstanceSink
        {
            public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken) => default;

            public ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken) =>
                store.CompleteAsync(uid);

            public ValueTask AbandonAsync() => default;
        }
    }

    /// <summary>The clock of the machine, on which the pauses before an association is opened again take no time.</summary>
    private sealed class SkippingTime : TimeProvider
    {
        public ConcurrentQueue<TimeSpan> Skipped { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            // One-shot: what Task.Delay asks for.
            if (period != Timeout.InfiniteTimeSpan || !Limits.MoveReopenDelays.Contains(dueTime))
                return base.CreateTimer(callback, state, dueTime, period);
            Skipped.Enqueue(dueTime);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
