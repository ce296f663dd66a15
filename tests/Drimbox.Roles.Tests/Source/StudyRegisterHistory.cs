using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Streams;
using Drimbox.Grains.Studies;
using Drimbox.Hl7.Cda;
using Drimbox.Storage;
using Drimbox.Tests.Grains;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>A source without its wires: the real register and store, a PACS that holds every study, a fake registry,
/// and a worker that runs when the history says so.</summary>
internal sealed class StudyRegisterHistory : IAsyncDisposable
{
    private static readonly SourcePolicy Policy = new(
        Uid.Parse("1.2.250.1.999.1"), "Drimbox", "drimbox.example.org",
        new HashSet<InstanceIdentifier> { Structure.Id }, TimeZoneInfo.Utc, new ReportEntryDefaults());

    private readonly string _folder;
    private readonly SequentialIds _ids;
    private readonly FlowStore _store;
    private readonly Dictionary<Uid, FakeDmpRegistry> _registries = [];
    private int _messages;

    private StudyRegisterHistory(
        string folder, FlowStore store, SequentialIds ids, TimeSpan quietTime, TimeProvider time, IGrainHost host)
    {
        _ids = ids;
        _folder = folder;
        _store = store;
        Register = new StudyRegister(new StudyGrainParts(
            "source", _store, Policy, new NoSeal(), new PlainAcks(), _ids, time, quietTime)
        {
            Host = host,
        });
    }

    public StudyRegister Register { get; }

    public static Task<StudyRegisterHistory> BeginAsync(TimeSpan quietTime = default, TimeProvider? clock = null) =>
        BeginAsync(new SequentialIds(), quietTime, clock ?? TimeProvider.System);

    private static async Task<StudyRegisterHistory> BeginAsync(
        SequentialIds ids, TimeSpan quietTime, TimeProvider time)
    {
        // Memory where there is some: these tests are about decisions, and hundreds of histories would wait for fsync.
        var folder = Directory.Exists("/dev/shm")
            ? Directory.CreateDirectory($"/dev/shm/drimbox-studies-{Guid.NewGuid():N}").FullName
            : Directory.CreateTempSubdirectory("drimbox-studies-").FullName;
        var store = await FlowStorePlace.OpenAsync(
            new FlowStoreOptions { Folder = folder, HasPublications = true, Clock = time }, Token);
        return new StudyRegisterHistory(folder, store, ids, quietTime, time, await GrainPlace.HostAsync());
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>When a study is looked at next; null: not before something happens.</summary>
    public Task<DateTimeOffset?> NextEvaluationAsync() =>
        _store.NextDueAsync([StudyRegister.EvaluationKind], Token);

    /// <summary>The manifests that are Approved, by study.</summary>
    public int Approved(Uid study) => _registries.GetValueOrDefault(study)?.Approved.Count ?? 0;

    public async Task ReceiveAsync(ReportAction action, Level1Report report)
    {
        var header = CdaReader.TryRead(CdaWriter.Write(report), out _)!;
        var message = new ReportMessage(
            action, header.DocumentId, header.Replaces, header, header.Patient, ["VALI"], null, Structure, null, "O",
            PublicationChoices.Default, false);
        var controlId = $"M{Interlocked.Increment(ref _messages)}";
        var reply = await Register.ReceiveAsync(
            message,
            new InboxDraft(
                new InboxKey("RIS", "SITE", "DRIMBOX", "SITE", controlId), controlId, ReadOnlyMemory<byte>.Empty, null,
                "ORU^R01", controlId, DateTimeOffset.UnixEpoch),
            Token);
        Assert.Null(reply.Refusal);
    }

    /// <summary>Does the work that waits, until there is none.</summary>
    public async Task SettleAsync()
    {
        for (var rounds = 0; ; rounds++)
        {
            Assert.True(rounds < 20, "It never comes to rest.");
            var rows = await _store.ClaimAsync("test", TimeSpan.FromMinutes(1), 10, Token);
            if (rows.Count == 0) return;
            foreach (var row in rows)
            {
                if (row.Kind == StudyRegister.EvaluationKind) await EvaluateAsync(row);
                else await PublishAsync(row);
            }
        }
    }

    /// <summary>Another source with a store of its own takes over what this one knows; what was on its way is tried
    /// again there.</summary>
    public async Task<StudyRegisterHistory> TakeOverAsync(params Uid[] studies)
    {
        // Ids are new everywhere.
        var other = await BeginAsync(_ids, TimeSpan.Zero, TimeProvider.System);
        foreach (var (study, registry) in _registries) other._registries.Add(study, registry);
        foreach (var study in studies)
        {
            var history = EventCodec.Read<StudyHistory>(
                EventCodec.Write(await Register.ReadHistoryAsync(study, Token)));
            if (history.Events.Count == 0) continue;
            Assert.Equal(HistoryTaken.Imported, (await other.Register.ImportAsync(history, Token)).Taken);
            Assert.Equal(HistoryTaken.AlreadyThere, (await other.Register.ImportAsync(history, Token)).Taken);
            if ((await other.Register.GetAsync(study, Token)).Publication.Refused is not null)
                await other.Register.ExecuteAsync(study, new RetryManifestPublication("test"), null, Token);
        }

        return other;
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task EvaluateAsync(ClaimedRow row)
    {
        var study = EventCodec.Read<ManifestEvaluationPayload>(row.Payload).Study;
        var findings = new StudyFindings(
            study, "IPP101", "SITE", "ACN101", "20261102", "100000", "TDM THORAX",
            [new SeriesFinding(
                study, "CT", "1", "", "",
                [new InstanceFinding(Uid.Parse("1.2.840.10008.5.1.4.1.1.2"), study, "1", null)])]);
        var state = await Register.GetAsync(study, Token);
        var built = ManifestPlan.IsCurrent(study, state, findings, Policy)
            ? null
            : ManifestPlan.Plan(study, state, findings, Policy, new DecisionContext(DateTimeOffset.UnixEpoch, _ids));
        var file = built is null
            ? null
            : new ManifestFile(built, new StoredObject(new string('a', 64), 100), new string('b', 40));
        await Register.ExecuteAsync(
            study, new RecordFindings(findings, file), new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Done),
            Token);
    }

    private async Task PublishAsync(ClaimedRow row)
    {
        var payload = EventCodec.Read<ManifestSubmissionPayload>(row.Payload);
        var submission = payload.Sealed.Submission;
        if (!_registries.TryGetValue(payload.Study, out var registry))
            _registries[payload.Study] = registry = new FakeDmpRegistry();
        registry.Submit(submission);
        await Register.ExecuteAsync(
            payload.Study,
            new EndManifestSubmission(submission.SubmissionSetUniqueId, DispatchOutcome.Done, null),
            new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Done), Token);
    }

    private sealed class NoSeal : ISubmissionSealer
    {
        public SealedSubmission Seal(Submission submission) => new(submission, null);
    }

    private sealed class PlainAcks : IAckComposer
    {
        public (string Ack, string Code) Compose(string header, Refusal? refusal) => (header, "AA");
    }
}
