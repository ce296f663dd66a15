using System.Collections.Concurrent;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Publications;
using Drimbox.Grains.Streams;
using Drimbox.Orleans.Hosting;

namespace Drimbox.Tests.Cluster;

/// <summary>What a cluster adds to the turns of a node.</summary>
public sealed class TurnTests
{
    private const int Patience = 60_000;
    private const int Grains = 40;

    [Fact(Timeout = Patience)]
    public async Task The_turns_of_a_grain_are_taken_in_one_place_whoever_asks()
    {
        var (silos, name) = await BeginAsync();
        var places = new ConcurrentDictionary<long, ConcurrentBag<int>>();
        PublicationTurn[] asked =
        [
            .. Enumerable.Range(0, 2).Select(silo => silos.Host(silo).Publications(name, (id, _, _, _) =>
            {
                places.GetOrAdd(id, _ => []).Add(silo);
                return Task.FromResult<Refusal?>(null);
            })),
        ];

        for (var id = 0; id < Grains; id++)
        {
            await asked[id % 2](id, PublicationAction.Retry, "alice", CancellationToken.None);
            await asked[1 - (id % 2)](id, PublicationAction.Retry, "alice", CancellationToken.None);
        }

        Assert.Equal(Grains, places.Count);
        // Where a grain is placed is for Orleans to say, and may be one silo for all: the other asked each of them too.
        Assert.All(places.Values, where => Assert.Equal((2, 1), (where.Count, where.Distinct().Count())));
    }

    [Fact(Timeout = Patience)]
    public async Task The_turns_of_a_grain_are_taken_one_after_the_other()
    {
        var (silos, name) = await BeginAsync();
        var (running, most) = (0, 0);
        var turn = silos.Everywhere(name).Publications(name, async (_, _, _, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            await Task.Delay(5, TestContext.Current.CancellationToken);
            Interlocked.Decrement(ref running);
            return null;
        });
        await Task.WhenAll(Enumerable.Range(0, 20).Select(
            _ => turn(1, PublicationAction.Discard, "alice", CancellationToken.None)));
        Assert.Equal(1, most);
    }

    [Fact(Timeout = Patience)]
    public async Task A_turn_that_is_asked_for_before_its_node_has_started_waits_for_it()
    {
        var nodes = new NodeGrains();
        PublicationTurn here = (_, _, _, _) => Task.FromResult<Refusal?>(null);
        var asked = nodes.GetAsync<PublicationTurn>("ris", TestContext.Current.CancellationToken);
        nodes.Add("source", here);
        Assert.False(asked.IsCompleted);

        nodes.Add("ris", here);
        Assert.Same(here, await asked);
    }

    [Fact(Timeout = Patience)]
    public async Task A_message_reaches_a_request_with_its_body_as_an_object()
    {
        var (silos, name) = await BeginAsync();
        var order = InstanceIdentifier.Create("1.2.250.1.748.1", "OPN/101");
        var draft = new InboxDraft(
            new InboxKey("TLR", "PF", "RIS", "SITE", "M1"), "sha", ReadOnlyMemory<byte>.Empty,
            new StoredObject(new string('a', 64), 9), "ORM^O01", "MSH|", DateTimeOffset.UnixEpoch);
        InboxDraft? got = null;
        var turn = silos.Everywhere(name).Requests<PlatformRequestCommand>(name, (at, command, message, _, _) =>
        {
            Assert.Equal(order, at);
            Assert.IsType<SaveDraft>(command);
            got = message;
            return Task.FromResult(new GrainReply(null, "ack", "AA"));
        });
        var reply = await turn(
            order, new SaveDraft(new StoredObject(new string('b', 64), 3), "alice"), draft, null, CancellationToken.None);
        Assert.Equal("AA", reply.AckCode);
        Assert.Equal(draft, got);

        await Assert.ThrowsAsync<InvariantException>(() => turn(
            order, new SaveDraft(default, "alice"), draft with { Body = new byte[1] }, null, CancellationToken.None));
    }

    private static async Task<(TestSilos Silos, string Name)> BeginAsync()
    {
        var shared = (await TestContext.Current.GetFixture<SharedSilos>())!;
        return (shared.Silos, shared.NewName());
    }
}
