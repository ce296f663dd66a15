using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Requests;
using Drimbox.Grains.Streams;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Storage;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Ris.Requests;

/// <summary>What no two requests may share is decided by the store, whoever asks and how many at once.</summary>
public sealed class RequestRegisterTests : IAsyncLifetime
{
    private static readonly RisAuthorities Authorities = new(
        Uid.Parse("1.2.250.1.999.1"), Uid.Parse("1.2.250.1.999.2"), Uid.Parse("1.2.250.1.999.3"));

    private readonly StoreFolder _folder = new();
    private FlowStore _store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _store = await FlowStorePlace.OpenAsync(new FlowStoreOptions { Folder = _folder.Path }, Token);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    [Requirement("DB/RIS.05")]
    public async Task Requests_placed_at_once_under_one_number_by_many_requesters_get_accession_numbers_of_their_own()
    {
        // Two hosts over one store: nothing but the store stands between them.
        RequestRegister[] hosts = [Register(new RandomIdSource()), Register(new RandomIdSource())];
        var ids = new RandomIdSource();
        var replies = await Task.WhenAll(Enumerable.Range(1, 100).Select(i => Task.Run(
            () => PlaceAsync(hosts[i % 2], ids, InstanceIdentifier.Create($"1.2.250.1.{i}", "OPN1")), Token)));

        Assert.All(replies, reply => Assert.Null(reply.Refusal));
        var accessions = replies.Select(r => r.Requests[0].State.AccessionNumber!.Value.Extension!).ToList();
        Assert.Equal(100, accessions.Distinct().Count());
        Assert.Contains("OPN1", accessions);
        foreach (var reply in replies)
        {
            var record = reply.Requests[0];
            var stored = await hosts[0].GetAsync(record.Order, Token);
            Assert.Equal(record.State.AccessionNumber, stored.AccessionNumber);
            Assert.Equal(
                record.Order, await hosts[0].FindAccessionAsync(stored.AccessionNumber!.Value.Extension!, Token));
        }
    }

    [Fact]
    [Requirement("DB/RIS.03")]
    [Requirement("DB/RIS.05")]
    [Requirement("DB/RIS.07")]
    public async Task Numbers_that_two_hosts_draw_alike_are_drawn_again()
    {
        // Both draw the same sequence, as two broken sources of randomness would.
        var (firstDraws, secondDraws) = (new SequentialIds(), new SequentialIds());
        var one = Register(new SequentialIds());
        var two = Register(new SequentialIds());
        var orders = new List<InstanceIdentifier>();
        var accessions = new List<InstanceIdentifier>();
        var studies = new List<Uid>();
        for (var i = 0; i < 5; i++)
        {
            foreach (var (host, draws) in ((RequestRegister, IIdSource)[])[(one, firstDraws), (two, secondDraws)])
            {
                var reply = await PlaceAsync(host, draws, default);
                Assert.Null(reply.Refusal);
                orders.Add(reply.Requests[0].Order);
                accessions.Add(reply.Requests[0].State.AccessionNumber!.Value);
                studies.Add(Assert.Single(reply.Requests[0].State.Examinations).StudyInstanceUid);
            }
        }

        Assert.Equal(10, orders.Distinct().Count());
        Assert.Equal(10, accessions.Distinct().Count());
        Assert.Equal(10, studies.Distinct().Count());
    }

    [Fact]
    [Requirement("DB/RIS.05")]
    public async Task The_accession_number_of_another_request_is_refused_when_images_come_under_it()
    {
        var ids = new RandomIdSource();
        var register = Register(ids);
        await PlaceAsync(register, ids, Samples.Order("OPN1"));
        await PlaceAsync(register, ids, Samples.Order("OPN2"));

        Assert.Equal(RefusalReason.IdentifierReused, (await ExamineAsync("OPN2", "OPN1")).Refusal?.Reason);
        Assert.Equal(RequestStatus.Placed, (await register.GetAsync(Samples.Order("OPN2"), Token)).Status);

        // A number of the modality is the request's from then on, and nobody else's.
        Assert.Null((await ExamineAsync("OPN1", "ACN7")).Refusal);
        Assert.Equal("ACN7", (await register.GetAsync(Samples.Order("OPN1"), Token)).AccessionNumber!.Value.Extension);
        Assert.Equal(RefusalReason.IdentifierReused, (await ExamineAsync("OPN2", "ACN7")).Refusal?.Reason);
        Assert.Equal(RefusalReason.IdentifierReused, (await ExamineAsync("OPN2", "OPN1")).Refusal?.Reason);
        Assert.Null((await ExamineAsync("OPN2", "OPN2")).Refusal);

        Task<FilingReply> ExamineAsync(string order, string accession) => register.FileAsync(
            _ => new RequestFiling(
            [
                new RequestChange(Samples.Order(order), [new SendPostExamination(Samples.Examination("1") with
                {
                    PlacerOrderNumber = Samples.Order(order),
                    AccessionNumber = InstanceIdentifier.Create("1.2.250.1.925.1", accession),
                })]),
            ]),
            Token);
    }

    [Fact]
    [Requirement("DB/RIS.02")]
    public async Task Of_requests_filed_together_all_are_there_or_none()
    {
        var ids = new RandomIdSource();
        var register = Register(ids);
        await PlaceAsync(register, ids, Samples.Order("OPN2"));

        var reply = await register.FileAsync(
            _ => new RequestFiling([.. ((string[])["OPN1", "OPN2", "OPN3"]).Select(number => new RequestChange(
                Samples.Order(number),
                [new PlaceRequest(Samples.Request(number), InstanceIdentifier.Create("1.2", number), [])]))]),
            Token);

        Assert.Equal(RefusalReason.IdentifierReused, reply.Refusal?.Reason);
        Assert.Equal(
            [Samples.Order("OPN2")], (await register.ListAsync(null, 10, Token)).Select(record => record.Order));
        Assert.Null(await register.FindAccessionAsync("OPN3", Token));
    }

    private static Task<FilingReply> PlaceAsync(RequestRegister register, IIdSource ids, InstanceIdentifier order) =>
        register.FileAsync(
            taken =>
            {
                var request = Samples.Request("OPN1") with { PlacerOrderNumber = order };
                var plan = RequestPlan.Of([new RequestOrder(request, [])], null, Authorities, taken, ids)[0];
                return new RequestFiling(
                [
                    new RequestChange(
                        plan.Request.PlacerOrderNumber,
                        [new PlaceRequest(plan.Request, plan.AccessionNumber, plan.Examinations)],
                        plan.OrderIsProposed),
                ]);
            },
            Token);

    private RequestRegister Register(IIdSource ids) => new(new RequestGrainParts(
        "ris", _store,
        new TurnLoop(_store, new EmbeddedTurnQueue(), new AckComposer(TimeProvider.System, ids)), ids,
        TimeProvider.System, "ris/to/teleradiology"));
}
