using System.Net;
using System.Net.Sockets;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Load;
using Drimbox.Load.Instances;
using Drimbox.Load.Pacing;
using Drimbox.Load.Results;
using Drimbox.Load.Targets;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.Hl7;

namespace Drimbox.Tests.Load;

public sealed class LoadRunTests
{
    private readonly MemoryStore _store = new();

    [Fact]
    public async Task Everything_that_is_counted_as_stored_has_arrived()
    {
        await using var server = TestAcceptor.Start(o => o with { Store = _store });
        var result = await RunAsync(Options(server, count: 50) with { Associations = 3, PerAssociation = 7 });
        var operation = Assert.Single(result.Operations);
        Assert.Equal((50, 0), (operation.Count, operation.Errors));
        Assert.Equal(50, _store.Stored.Count);
        Assert.Equal(_store.Stored.Values.Sum(b => (long)b.Length), operation.Bytes);
        Assert.Equal(50, operation.Latency.Count);
        Assert.Equal([new("0000 (success)", 50)], operation.Statuses);
        // 50 operations, seven on each association: at least eight associations, and no more than three begun anew.
        Assert.InRange(result.Associating.Count, 8, 10);
        Assert.False(result.IsInterrupted);
        Assert.Equal(operation.Count, result.Series.Sum(s => s.Operations.Sum(o => o.Count)));
    }

    [Fact]
    public async Task Failures_are_counted_by_their_status_and_not_among_the_latencies()
    {
        _store.Answer = DimseStatus.OutOfResources;
        await using var server = TestAcceptor.Start(o => o with { Store = _store });
        var operation = Assert.Single((await RunAsync(Options(server, count: 5))).Operations);
        Assert.Equal((0, 5, 0), (operation.Count, operation.Errors, operation.Latency.Count));
        Assert.Equal([new("A700 (out of resources)", 5)], operation.Statuses);
    }

    [Fact]
    public async Task A_peer_that_aborts_is_called_again()
    {
        await using var server = TestAcceptor.Start(o => o with { Find = [new ListFind(_ => throw new InvalidOperationException("a bug of the peer"))] });
        var result = await RunAsync(Options(server, count: 3) with
        {
            Mix = Mix("find"), Keys = [(Tag.PatientID, "42")],
        });
        Assert.Equal(3, Assert.Single(result.Operations).Errors);
    }

    [Fact]
    public async Task Queries_ask_for_studies_that_were_stored_before()
    {
        var find = new ListFind(_ => CFindAnswer.Found(new[] { ListFind.Match(1) }.ToAsyncEnumerable()));
        await using var server = TestAcceptor.Start(o => o with { Store = _store, Find = [find] });
        var result = await RunAsync(Options(server, count: 200) with { Mix = Mix("store,find,echo"), PerStudy = 5 });
        Assert.Equal(0, result.Errors);
        Assert.Equal([OperationKind.Echo, OperationKind.Store, OperationKind.Find], result.Operations.Select(o => o.Kind));
        var asked = find.Requests.Select(r => r.Identifier.GetUid(Tag.StudyInstanceUID)).Distinct().ToList();
        Assert.True(asked.Count > 3);
    }

    [Fact]
    public async Task A_window_keeps_many_operations_outstanding_on_one_association()
    {
        _store.Gate = new TaskCompletionSource();
        await using var server = TestAcceptor.Start(o => o with { Store = _store });
        var running = RunAsync(Options(server, count: 12) with { Window = 4 });
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _store.Completing) >= 2, TimeSpan.FromSeconds(30)));
        _store.Gate.SetResult();
        var result = await running;
        Assert.Equal(4, result.Setup.WindowNegotiated);
        Assert.Equal((12, 12), (_store.Stored.Count, (int)result.Operations[0].Count));
        Assert.Equal(1, result.Associating.Count);
    }

    [Fact]
    public async Task An_association_lost_with_operations_outstanding_fails_all_of_them()
    {
        _store.Gate = new TaskCompletionSource();
        var server = TestAcceptor.Start(o => o with { Store = _store });
        await using var association = await Drimbox.Dicom.UpperLayer.Association.RequestAsync(
            server.Request(CStoreScu.ContextsFor([Instances.Ct(1)]).ToList()) with { Window = 4 });
        using var window = new CStoreWindow(association);
        var sent = Enumerable.Range(1, 6).Select(i => window.SendAsync(Instances.Ct(i))).ToList();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _store.Completing) > 0, TimeSpan.FromSeconds(30)));
        await association.AbortAsync();
        foreach (var one in sent)
            await Assert.ThrowsAsync<Drimbox.Dicom.UpperLayer.AssociationAbortedException>(() => one);
        _store.Gate.SetResult();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task An_open_loop_holds_its_rate()
    {
        await using var server = TestAcceptor.Start(o => o);
        var result = await RunAsync(Options(server) with
        {
            Mix = Mix("echo"), Associations = 4,
            Schedule = new ArrivalSchedule(500, TimeSpan.Zero, TimeSpan.FromSeconds(1), null),
        });
        Assert.Equal((500, 0, 0), (Assert.Single(result.Operations).Count, result.Errors, result.NotBegun));
        Assert.InRange(result.Seconds, 0.99, 5);
        Assert.True(result.Pacing.Count > 0);
    }

    [Fact]
    public async Task A_rate_above_what_the_peer_can_do_shows_in_the_latency_and_in_what_never_began()
    {
        // One association, and each answer takes 50 ms: 20 a second of the 400 that are asked for.
        var slow = new SlowStore();
        await using var server = TestAcceptor.Start(o => o with { Store = slow });
        var result = await RunAsync(Options(server) with
        {
            Schedule = new ArrivalSchedule(400, TimeSpan.Zero, TimeSpan.FromSeconds(0.5), null),
        });
        Assert.True(result.NotBegun > 0);
        Assert.Equal(200, result.NotBegun + result.Operations[0].Count);
        // The last that began was due within half a second and waited for five.
        Assert.InRange(result.Operations[0].Latency.Max, 4000, 30_000);
    }

    [Fact]
    public async Task A_stop_by_hand_keeps_what_was_measured()
    {
        await using var server = TestAcceptor.Start(o => o with { Store = _store });
        using var stop = new CancellationTokenSource();
        Assert.True(LoadRun.TryPrepare(
            Options(server) with { Schedule = new ArrivalSchedule(null, TimeSpan.Zero, TimeSpan.FromHours(1), null) },
            new SequentialIds(), TimeProvider.System, out var run, out _));
        var running = run!.RunAsync(_ => stop.Cancel(), stop.Token);
        var result = await running;
        Assert.True(result.IsInterrupted);
        Assert.True(result.Operations[0].Count > 0);
        Assert.Equal(_store.Stored.Count, result.Operations[0].Count);
    }

    [Fact]
    public async Task Messages_are_sent_and_judged_by_their_acknowledgement()
    {
        await using var door = new MllpDoor((frame, _, _) =>
        {
            var id = Er7Message.TryRead(frame, out _)!.Find("MSH")!.Value[10].Text;
            var code = id.EndsWith('3') ? "AE" : "AA";
            return ValueTask.FromResult<ReadOnlyMemory<byte>?>(
                System.Text.Encoding.UTF8.GetBytes($"MSH|^~\\&|A|B|C|D|20260822||ACK|1|P|2.5\rMSA|{code}|{id}\r"));
        });
        var result = await RunAsync(new LoadOptions
        {
            Mllp = new HostPort("127.0.0.1", door.Listener.LocalEndPoint.Port),
            Mix = Mix("mllp"),
            Associations = 2,
            Schedule = new ArrivalSchedule(null, TimeSpan.Zero, null, 9),
        });
        var operation = Assert.Single(result.Operations);
        Assert.Equal((8, 1), (operation.Count, operation.Errors));
        Assert.Equal(new Dictionary<string, long> { ["AA"] = 8, ["AE"] = 1 }, operation.Statuses);
    }

    [Fact]
    public async Task A_peer_that_cannot_be_reached_is_named_with_what_to_check()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        taken.Stop();
        var options = new LoadOptions
        {
            Target = new DicomAddress(AeTitle.Parse("PACS"), new HostPort("127.0.0.1", port)),
            Schedule = new ArrivalSchedule(null, TimeSpan.Zero, null, 1),
        };
        var refused = await Assert.ThrowsAsync<PeerUnreachableException>(() => RunAsync(options));
        Assert.Equal($"No connection to PACS@127.0.0.1:{port}: Connection refused. Check the address, and that the peer runs.", refused.Message);

        await using var server = TestAcceptor.Start(o => o);
        refused = await Assert.ThrowsAsync<PeerUnreachableException>(() => RunAsync(Options(server, 1) with
        {
            Target = new DicomAddress(AeTitle.Parse("OTHER"), new HostPort("127.0.0.1", server.Port)),
        }));
        Assert.Contains("check its spelling", refused.Message, StringComparison.Ordinal);
        refused = await Assert.ThrowsAsync<PeerUnreachableException>(() => RunAsync(Options(server, 1)));
        Assert.Contains("accepts the association but none", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("find", "--key")]
    [InlineData("store,move", "--move-to")]
    [InlineData("mllp", "--mllp")]
    public void What_is_missing_is_asked_for(string mix, string expected)
    {
        var options = new LoadOptions
        {
            Target = new DicomAddress(AeTitle.Parse("PACS"), new HostPort("127.0.0.1", 104)),
            Mix = Mix(mix),
            Schedule = new ArrivalSchedule(null, TimeSpan.Zero, null, 1),
        };
        Assert.Contains(expected, options.Check()!.Detail, StringComparison.Ordinal);
        Assert.Contains("DICOM peer", (options with { Target = null, Mix = Mix("echo") }).Check()!.Detail, StringComparison.Ordinal);
    }

    private static async Task<LoadResult> RunAsync(LoadOptions options)
    {
        Assert.True(LoadRun.TryPrepare(options, new SequentialIds(), TimeProvider.System, out var run, out var refusal), refusal?.Detail);
        return await run!.RunAsync(null, TestContext.Current.CancellationToken);
    }

    private static LoadOptions Options(TestAcceptor server, long? count = null)
    {
        Assert.True(InstanceSpecification.TryParse("CT:8KiB", out var small, out _));
        return new LoadOptions
        {
            Target = new DicomAddress(AeTitle.Parse("ARCHIVE"), new HostPort("127.0.0.1", server.Port)),
            Schedule = new ArrivalSchedule(null, TimeSpan.Zero, null, count),
            Instances = [small],
        };
    }

    private static OperationMix Mix(string text)
    {
        Assert.True(OperationMix.TryParse(text, out var mix, out _));
        return mix;
    }

    private sealed class SlowStore : ICStoreScp
    {
        public IInstanceSink BeginStore(in CStoreRequest request) => new Sink();

        private sealed class Sink : IInstanceSink
        {
            public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken) => default;

            public async ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
            {
                await Task.Delay(50, cancellationToken);
                return DimseStatus.Success;
            }

            public ValueTask AbandonAsync() => default;
        }
    }
}
