using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Identity;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Streams;
using Drimbox.Storage;
using Drimbox.Tests.Grains;

namespace Drimbox.Tests.Reports;

/// <summary>A RIS without its wires: the real register, grains and store, a fake registry, and a dispatcher that runs
/// when the history says so.</summary>
internal sealed class ReportHistory : IAsyncDisposable
{
    public const string CopyLane = "ris/to/source";

    // Memory where there is some: these tests are about decisions, and hundreds of histories would wait for fsync.
    private readonly string _folder = Directory.Exists("/dev/shm")
        ? Directory.CreateDirectory($"/dev/shm/drimbox-history-{Guid.NewGuid():N}").FullName
        : Directory.CreateTempSubdirectory("drimbox-history-").FullName;
    private readonly SequentialIds _ids = new();
    private FlowStore? _store;
    private int _messages;

    public FakeDmpRegistry Registry { get; } = new();

    public ReportRegister Register { get; private set; } = null!;

    public FlowStore Store => _store!;

    public PatientRegister Patients { get; private set; } = null!;

    public static async Task<ReportHistory> BeginAsync()
    {
        var history = new ReportHistory();
        await history.OpenAsync();
        return history;
    }

    /// <summary>Closes the store and opens it again, as a restart does.</summary>
    public async Task RestartAsync()
    {
        await Store.DisposeAsync();
        await OpenAsync();
        await Store.VoidLeasesAsync(CancellationToken.None);
    }

    /// <summary>A message with a control id of its own.</summary>
    public Task<GrainReply> ReceiveAsync(ReceiveReport command) => ReceiveAsync(command, $"M{++_messages}");

    public Task<GrainReply> ReceiveAsync(ReceiveReport command, string controlId, string bytes = "same") =>
        Register.ReceiveAsync(
            command,
            new InboxDraft(
                new InboxKey("TLR", "PF", "RIS", "SITE", controlId), bytes, ReadOnlyMemory<byte>.Empty, null, "MDM^T02",
                controlId, DateTimeOffset.UnixEpoch),
            CancellationToken.None);

    /// <summary>Carries out the submissions that wait, with a given end; false if none waits.</summary>
    public async Task<bool> PublishWaitingAsync(DispatchOutcome outcome = DispatchOutcome.Done)
    {
        var published = false;
        foreach (var row in await Store.ClaimAsync("test", TimeSpan.FromMinutes(1), 10, CancellationToken.None))
        {
            if (row.Kind == PatientRegister.ReviewKind)
            {
                var review = EventCodec.Read<PatientReviewPayload>(row.Payload);
                foreach (var report in await Patients.ReportsOfAsync(review.Keys, CancellationToken.None))
                {
                    await Register.ExecuteAsync(
                        ReportId.Parse(report, null), new ReviewOpposition(null), null, CancellationToken.None);
                }

                await Store.CompleteAsync(
                    new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Done), CancellationToken.None);
                published = true;
                continue;
            }

            if (row.Kind != ReportGrain.SubmissionKind)
            {
                await Store.ReleaseAsync(row.Id, row.Epoch, CancellationToken.None);
                continue;
            }

            var payload = EventCodec.Read<ReportSubmissionPayload>(row.Payload);
            var submission = payload.Sealed.Submission;
            if (await IsRevokedAsync(row, payload))
            {
                await Register.ExecuteAsync(
                    payload.Report, new EndSubmission(submission.SubmissionSetUniqueId, DispatchOutcome.Stale, null),
                    new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Stale), CancellationToken.None);
                published = true;
                continue;
            }

            if (outcome == DispatchOutcome.Done) Registry.Submit(submission);
            await Register.ExecuteAsync(
                payload.Report, new EndSubmission(submission.SubmissionSetUniqueId, outcome, null),
                new OutboxResult(row.Id, row.Epoch, outcome), CancellationToken.None);
            published = true;
        }

        return published;
    }

    /// <summary>As the worker of the RIS: a first publication that was decided otherwise before it left.</summary>
    private async Task<bool> IsRevokedAsync(ClaimedRow row, ReportSubmissionPayload payload)
    {
        if (payload.AskFirst || row.LastOutcome is not (null or DispatchOutcome.Retry)) return false;
        var state = await Register.GetAsync(payload.Report, CancellationToken.None);
        var set = payload.Sealed.Submission.SubmissionSetUniqueId;
        return state.Publication.InFlight.Find(f => f.SubmissionSetUniqueId == set) is { } flight
            && state.Revokes(flight.Step);
    }

    public async Task PublishAllAsync()
    {
        while (await PublishWaitingAsync())
        {
        }
    }

    /// <summary>Whether the submission that waits makes sure first that it did not happen already.</summary>
    public async Task<bool> NextAsksFirstAsync()
    {
        var rows = await Store.ListOutboxAsync(new OutboxFilter([OutboxState.Pending], Kind: ReportGrain.SubmissionKind), CancellationToken.None);
        return EventCodec.Read<ReportSubmissionPayload>(
            rows.Single().Payload).AskFirst;
    }

    public async Task<ReportState> StateOfAsync(string document)
    {
        var report = await Register.FindAsync(ReportFixture.Document(document), CancellationToken.None);
        Assert.NotNull(report);
        return await Register.GetAsync(report.Value, CancellationToken.None);
    }

    /// <summary>The copies for the DRIMbox, in the order they leave.</summary>
    public async Task<IReadOnlyList<ReportCopyPayload>> CopiesAsync()
    {
        var copies = new List<ReportCopyPayload>();
        IReadOnlyList<OutboxEntry> page = [];
        do
        {
            page = await Store.ListOutboxAsync(
                new OutboxFilter([], Lane: CopyLane, AfterId: page.Count > 0 ? page[^1].Id : 0), CancellationToken.None);
            copies.AddRange(page.Select(r => EventCodec.Read<ReportCopyPayload>(r.Payload)));
        }
        while (page.Count > 0);
        return copies;
    }

    /// <summary>The same, a word each.</summary>
    public async Task<IReadOnlyList<(ReportAction Action, string Document)>> CopiedAsync() =>
        [.. (await CopiesAsync()).Select(c => (c.Action, c.DocumentId.Extension!))];

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task OpenAsync()
    {
        _store = await FlowStorePlace.OpenAsync(new FlowStoreOptions { Folder = _folder, HasPublications = true }, CancellationToken.None);
        var turns = new EmbeddedTurnQueue();
        Patients = new PatientRegister(
            "ris", Store, new TurnLoop(Store, turns, new PlainAcks()), TimeProvider.System);
        Register = new ReportRegister(
            turns,
            new ReportGrainParts(
                "ris", Store, ReportFixture.Policy, new NoSeal(), new PlainAcks(), _ids, TimeProvider.System, CopyLane)
            {
                Patients = Patients,
                Host = await GrainPlace.HostAsync(),
            });
    }

    private sealed class NoSeal : ISubmissionSealer
    {
        public SealedSubmission Seal(Submission submission) => new(submission, null);
    }

    private sealed class PlainAcks : IAckComposer
    {
        public (string Ack, string Code) Compose(string header, Refusal? refusal) => refusal is null
            ? ($"AA {header}", "AA")
            : ($"AE {header} {refusal.Reason}", "AE");
    }
}
