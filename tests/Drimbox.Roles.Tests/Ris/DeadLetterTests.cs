using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators.Dmp;
using Drimbox.Grains.Publications;
using Drimbox.Storage;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Ris;

/// <summary>Publications that the DMP refused, and what a person does about them.</summary>
public sealed class DeadLetterTests
{
    private const int SubmissionEnded = 3003;

    private static readonly Code _setting = new("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Soins ambulatoires");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_refused_publication_is_shown_with_its_reason_and_goes_when_it_is_sent_again()
    {
        await using var ris = await PublishingRis.StartAsync();
        var dead = await RefusedAsync(ris, "A");
        Assert.Equal(
            (OutboxState.Quarantined, 1, DispatchOutcome.Quarantine, "XDSRegistryMetadataError"),
            (dead.Row.State, dead.Row.Attempts, dead.Row.LastOutcome, dead.Row.LastDetail));
        Assert.Equal(SubmissionKind.Publish, dead.Summary!.Kind);

        Assert.Null(await ris.Node.Publications.RetryAsync(dead.Row.Id, "alice", Token));
        await ris.PublishedAsync("A");

        Assert.Equal(["A"], await ris.SeenByAsync(Audience.Patient));
        await SettledAsync(ris);
        Assert.Empty(await ris.Node.Publications.ListAsync([], 10, Token));
        Assert.Equal(OutboxState.Discarded, (await ris.Node.Publications.FindAsync(dead.Row.Id, Token))!.Row.State);
        var intervention = Assert.Single(await ris.Node.Publications.HistoryOfAsync(dead.Row.Id, Token));
        Assert.Equal(("resend", "alice"), (intervention.Action, intervention.Actor));
    }

    [Fact]
    public async Task What_was_refused_and_registered_all_the_same_is_not_published_twice_when_it_is_sent_again()
    {
        await using var ris = await PublishingRis.StartAsync();
        var dead = await RefusedAsync(ris, "A", FaultMoment.AfterCommit);

        Assert.Null(await ris.Node.Publications.RetryAsync(dead.Row.Id, "alice", Token));
        await SettledAsync(ris);

        Assert.Single(ris.Dmp.Submissions);
        Assert.Equal(["A"], await ris.SeenByAsync(Audience.Patient));
    }

    [Fact]
    public async Task Metadata_that_were_set_right_are_published_and_hold_for_the_changes_that_follow()
    {
        await using var ris = await PublishingRis.StartAsync();
        var dead = await RefusedAsync(ris, "A");
        var correction = new MetadataCorrection(Title: "CR corrigé", PracticeSetting: _setting);

        Assert.Null(await ris.Node.CorrectPublicationAsync(dead.Row.Id, correction, "alice", Token));
        await ris.PublishedAsync("A");
        await SettledAsync(ris);

        Assert.Equal("CR corrigé", Assert.Single(await EntriesAsync(ris)).Title);
        var corrected = Assert.Single((await ris.StateAsync("A")).Corrections);
        Assert.Equal(("alice", SourceReports.Document("A")), (corrected.Actor, corrected.DocumentId));
        var intervention = Assert.Single(await ris.Node.Publications.HistoryOfAsync(dead.Row.Id, Token));
        Assert.Equal(("resend", "alice"), (intervention.Action, intervention.Actor));

        await ris.DecideAsync("A", PublicationDecision.HideFromPatient);
        await SettledAsync(ris);
        var shown = Assert.Single(await EntriesAsync(ris), e => e.Status == AvailabilityStatus.Approved);
        Assert.Equal(("CR corrigé", 2), (shown.Title, shown.Version));
        Assert.Contains("INVISIBLE_PATIENT", shown.ConfidentialityCodes);
    }

    [Fact]
    public async Task Metadata_that_cannot_be_and_those_of_what_was_not_refused_are_not_changed()
    {
        await using var ris = await PublishingRis.StartAsync();
        var dead = await RefusedAsync(ris, "A");
        foreach (var (correction, reason) in ((MetadataCorrection, RefusalReason)[])
            [
                (new MetadataCorrection(), RefusalReason.RequiredFieldMissing),
                (new MetadataCorrection(Title: ""), RefusalReason.OverLimit),
                (new MetadataCorrection(Title: new string('t', 129)), RefusalReason.OverLimit),
                (new MetadataCorrection(LanguageCode: ""), RefusalReason.DataType),
                (new MetadataCorrection(PracticeSetting: new Code("X", "", "x")), RefusalReason.DataType),
                (new MetadataCorrection(ServiceStartTime: "2026-11-02"), RefusalReason.DataType),
                (new MetadataCorrection(ServiceStopTime: "202"), RefusalReason.DataType),
            ])
        {
            var refusal = await ris.Node.CorrectPublicationAsync(dead.Row.Id, correction, "alice", Token);
            Assert.Equal(reason, refusal?.Reason);
        }

        Assert.Equal(
            RefusalReason.UnknownTarget,
            (await ris.Node.CorrectPublicationAsync(999, new MetadataCorrection("T"), "alice", Token))?.Reason);
        Assert.Null(await ris.Node.Publications.RetryAsync(dead.Row.Id, "alice", Token));
        await SettledAsync(ris);
        Assert.Equal(
            RefusalReason.WrongState,
            (await ris.Node.CorrectPublicationAsync(dead.Row.Id, new MetadataCorrection("T"), "alice", Token))?.Reason);
    }

    [Fact]
    public async Task What_was_given_up_is_no_dead_letter_and_never_goes()
    {
        await using var ris = await PublishingRis.StartAsync();
        var dead = await RefusedAsync(ris, "A");

        Assert.Null(await ris.Node.Publications.DiscardAsync(dead.Row.Id, "alice", Token));

        Assert.Empty(await ris.Node.Publications.ListAsync([], 10, Token));
        var intervention = Assert.Single(await ris.Node.Publications.HistoryOfAsync(dead.Row.Id, Token));
        Assert.Equal(("discard", "alice"), (intervention.Action, intervention.Actor));
        Assert.NotNull((await ris.StateAsync("A")).Publication.Refused);
        Assert.Equal(
            RefusalReason.WrongState, (await ris.Node.Publications.DiscardAsync(dead.Row.Id, "bob", Token))?.Reason);
        Assert.Equal(
            RefusalReason.UnknownTarget, (await ris.Node.Publications.DiscardAsync(999, "bob", Token))?.Reason);
        Assert.Equal(
            RefusalReason.UnknownTarget, (await ris.Node.Publications.RetryAsync(999, "bob", Token))?.Reason);
        Assert.Empty(ris.Dmp.Submissions);

        // A new version is another matter.
        await ris.ReportAsync("B", "A");
        await ris.PublishedAsync("B");
        Assert.Equal(["B"], await ris.SeenByAsync(Audience.Patient));
    }

    [Fact]
    public async Task What_waits_for_its_next_attempt_goes_at_once_when_a_person_says_so()
    {
        var clock = new ManualClock(TimeProvider.System.GetUtcNow());
        await using var ris = await PublishingRis.StartAsync(clock: clock);
        ris.Dmp.Faults.Add(new FaultRule(FaultKind.HttpStatus, Times: 1));
        await ris.ReportAsync("A");
        await ris.Log.WhenAsync(3004);
        PublicationView waiting;
        do
        {
            waiting = Assert.Single(await ris.Node.Publications.ListAsync([OutboxState.Pending], 10, Token));
        }
        while (waiting.Row.LeaseOwner is not null);
        Assert.Equal((DispatchOutcome.Retry, "HTTP 503"), (waiting.Row.LastOutcome, waiting.Row.LastDetail));
        Assert.True(waiting.Row.DueAt > clock.GetUtcNow());

        Assert.Null(await ris.Node.Publications.RetryAsync(waiting.Row.Id, "alice", Token));

        await ris.PublishedAsync("A");
        await SettledAsync(ris);
        Assert.Equal(
            "requeue", Assert.Single(await ris.Node.Publications.HistoryOfAsync(waiting.Row.Id, Token)).Action);
        Assert.Equal(
            RefusalReason.WrongState,
            (await ris.Node.Publications.RetryAsync(waiting.Row.Id, "alice", Token))?.Reason);
    }

    [Fact]
    public async Task Other_bytes_under_a_known_id_raise_the_alarm_and_lie_aside()
    {
        await using var ris = await PublishingRis.StartAsync();
        var dead = await RefusedAsync(ris, "A", code: "XDSNonIdenticalHash");
        Assert.Equal("XDSNonIdenticalHash", dead.Row.LastDetail);
        Assert.Contains("an error of this program", await ris.Log.WhenAsync(3010), StringComparison.Ordinal);
    }

    private static async Task<PublicationView> RefusedAsync(
        PublishingRis ris, string name, FaultMoment moment = FaultMoment.BeforeCommit,
        string code = "XDSRegistryMetadataError")
    {
        ris.Dmp.Faults.Add(new FaultRule(
            FaultKind.RegistryError, XdsAction.ProvideAndRegisterDocumentSet, moment, Nth: 1, ErrorCode: code));
        await ris.ReportAsync(name);
        await ris.Log.WhenAsync(SubmissionEnded);
        IReadOnlyList<PublicationView> aside;
        do
        {
            // The log speaks a moment before the commit.
            aside = await ris.Node.Publications.ListAsync([OutboxState.Quarantined], 10, Token);
        }
        while (aside.Count == 0);
        return Assert.Single(aside);
    }

    /// <summary>The log and the DMP speak a moment before the commit.</summary>
    private static async Task SettledAsync(PublishingRis ris)
    {
        while ((await ris.Node.Publications.ListAsync([OutboxState.Pending], 10, Token)).Count > 0) await Task.Yield();
    }

    private static async Task<IReadOnlyList<DmpDocument>> EntriesAsync(PublishingRis ris) =>
        (await ris.Dmp.DocumentsAsync(SourceReports.Ins, Audience.Registry, Token))
        .Where(d => d.ClassCode != SignatureEntry.ClassCodeValue).ToList();
}
