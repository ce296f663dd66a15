using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using Drimbox.Emulators;
using Drimbox.Emulators.Dmp;

namespace Drimbox.Tests.Dmp;

/// <summary>Each scripted misbehaviour: what our client makes of it, and whether the submission took effect.</summary>
public sealed class MisbehaviourTests
{
    [Theory]
    [InlineData(FaultKind.Reset, FaultMoment.BeforeCommit, DispatchOutcome.Ambiguous, 0)]
    [InlineData(FaultKind.Reset, FaultMoment.AfterCommit, DispatchOutcome.Ambiguous, 1)]
    [InlineData(FaultKind.ResetMidResponse, FaultMoment.BeforeCommit, DispatchOutcome.Ambiguous, 0)]
    [InlineData(FaultKind.ResetMidResponse, FaultMoment.AfterCommit, DispatchOutcome.Ambiguous, 1)]
    [InlineData(FaultKind.MalformedMtom, FaultMoment.BeforeCommit, DispatchOutcome.Ambiguous, 0)]
    [InlineData(FaultKind.MalformedMtom, FaultMoment.AfterCommit, DispatchOutcome.Ambiguous, 1)]
    [InlineData(FaultKind.SoapFault, FaultMoment.BeforeCommit, DispatchOutcome.Ambiguous, 0)]
    [InlineData(FaultKind.ExpiredCertificate, FaultMoment.BeforeCommit, DispatchOutcome.Quarantine, 0)]
    [InlineData(FaultKind.RegistryError, FaultMoment.BeforeCommit, DispatchOutcome.Retry, 0)]
    [InlineData(FaultKind.HttpStatus, FaultMoment.BeforeCommit, DispatchOutcome.Retry, 0)]
    [InlineData(FaultKind.Delay, FaultMoment.BeforeCommit, DispatchOutcome.Done, 1)]
    [InlineData(FaultKind.Delay, FaultMoment.AfterCommit, DispatchOutcome.Done, 1)]
    public async Task A_fault_strikes_once_and_is_classified(
        FaultKind kind, FaultMoment moment, DispatchOutcome outcome, int committed)
    {
        await using var dmp = await DmpFixture.StartAsync();
        dmp.Emulator.Faults.Add(new FaultRule(kind, Moment: moment, Nth: 1, DelayMilliseconds: 1));

        var answer = await dmp.SendAsync(dmp.Submission(SubmissionKind.Publish, dmp.Report()), null);

        Assert.Equal(outcome, XdsOutcomes.Classify(answer).Outcome);
        Assert.Equal(committed, dmp.Emulator.Submissions.Count);
        Assert.Equal(committed, (await dmp.RegistryAsync()).Count);
        await dmp.PublishAsync(dmp.Report());
    }

    [Theory]
    [InlineData(FaultMoment.BeforeCommit)]
    [InlineData(FaultMoment.AfterCommit)]
    public async Task An_answer_that_never_comes_is_ambiguous_after_the_call_timeout(FaultMoment moment)
    {
        await using var dmp = await DmpFixture.StartAsync();
        dmp.Emulator.Faults.Add(new FaultRule(FaultKind.NoAnswer, Moment: moment));
        var timers = new ManualTimers();
        var client = dmp.ClientWith(timers);
        var submission = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, dmp.Report()));

        var sending = client.ProvideAndRegisterDocumentSetAsync(submission, dmp.Open, null, DmpFixture.Token);
        if (moment == FaultMoment.AfterCommit)
        {
            var uid = submission.Submission.SubmissionSetUniqueId.ToString();
            await dmp.Emulator.WhenCommittedAsync(c => c.SubmissionSetUniqueId == uid, DmpFixture.Token);
        }
        else
        {
            await dmp.Emulator.WhenReceivedAsync(XdsAction.ProvideAndRegisterDocumentSet, 1, DmpFixture.Token);
        }

        timers.ExpireAll();
        var answer = await sending;

        Assert.IsType<XdsAnswer.SentUnknown>(answer);
        Assert.Equal(moment == FaultMoment.AfterCommit ? 1 : 0, dmp.Emulator.Submissions.Count);
    }

    [Fact]
    public async Task Cancellation_by_the_caller_is_no_answer_at_all()
    {
        await using var dmp = await DmpFixture.StartAsync();
        dmp.Emulator.Faults.Add(new FaultRule(FaultKind.NoAnswer));
        using var leaseLost = CancellationTokenSource.CreateLinkedTokenSource(DmpFixture.Token);
        var submission = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, dmp.Report()));

        var sending = dmp.Client.ProvideAndRegisterDocumentSetAsync(submission, dmp.Open, null, leaseLost.Token);
        await dmp.Emulator.WhenReceivedAsync(XdsAction.ProvideAndRegisterDocumentSet, 1, DmpFixture.Token);
        await leaseLost.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    [Fact]
    public async Task A_refused_connection_is_not_sent()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var client = dmp.ClientWith(
            target: XdsTarget.Under(new Uri($"http://127.0.0.1:{LoopbackPorts.Take()}/")));
        var submission = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, dmp.Report()));

        var answer = await client.ProvideAndRegisterDocumentSetAsync(submission, dmp.Open, null, DmpFixture.Token);

        Assert.IsType<XdsAnswer.NotSent>(answer);
        Assert.Equal(DispatchOutcome.Retry, XdsOutcomes.Classify(answer).Outcome);
    }

    [Theory]
    [InlineData(503, DispatchOutcome.Retry)]
    [InlineData(502, DispatchOutcome.Ambiguous)]
    [InlineData(500, DispatchOutcome.Ambiguous)]
    [InlineData(404, DispatchOutcome.Quarantine)]
    [InlineData(302, DispatchOutcome.Quarantine)]
    public async Task HTTP_errors_without_SOAP_are_classified_by_what_may_have_happened(
        int status, DispatchOutcome outcome)
    {
        await using var dmp = await DmpFixture.StartAsync();
        dmp.Emulator.Faults.Add(new FaultRule(FaultKind.HttpStatus, Status: status));

        var answer = await dmp.SendAsync(dmp.Submission(SubmissionKind.Publish, dmp.Report()), null);

        Assert.Equal(status, Assert.IsType<XdsAnswer.HttpRefused>(answer).HttpStatus);
        Assert.Equal(outcome, XdsOutcomes.Classify(answer).Outcome);
    }

    [Fact]
    public async Task A_document_that_the_store_no_longer_gives_is_a_fault_of_ours_and_commits_nothing()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var submission = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, dmp.Report()));

        await Assert.ThrowsAsync<DocumentUnreadableException>(() => dmp.Client.ProvideAndRegisterDocumentSetAsync(
            submission, _ => throw new FileNotFoundException(), null, DmpFixture.Token));
        await Assert.ThrowsAsync<DocumentUnreadableException>(() => dmp.Client.ProvideAndRegisterDocumentSetAsync(
            submission, _ => new MemoryStream([1, 2, 3]), null, DmpFixture.Token));

        Assert.Empty(await dmp.RegistryAsync());
        Assert.True((await dmp.SendAsync(submission, null)).IsSuccess);
    }

    [Fact]
    public async Task After_a_lost_answer_the_query_shows_the_document_and_a_resend_is_refused()
    {
        await using var dmp = await DmpFixture.StartAsync();
        dmp.Emulator.Faults.Add(new FaultRule(
            FaultKind.Reset, XdsAction.ProvideAndRegisterDocumentSet, FaultMoment.AfterCommit, Times: 1));
        var document = dmp.Report();
        var submission = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, document));

        var lost = await dmp.SendAsync(submission, null);
        var entry = await dmp.EntryAsync(document.Entry.UniqueId);
        var again = await dmp.SendAsync(submission, null);

        Assert.Equal(DispatchOutcome.Ambiguous, XdsOutcomes.Classify(lost).Outcome);
        Assert.Equal(AvailabilityStatus.Approved, entry.Status);
        Assert.Equal(DispatchOutcome.Ambiguous, XdsOutcomes.Classify(again).Outcome);
        Assert.Single(await dmp.RegistryAsync());
    }

    [Fact]
    public async Task Rules_are_set_read_and_cleared_over_HTTP()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var api = new Uri(dmp.Emulator.BaseAddress, "/api/faults");
        using var set = await dmp.Http.PostAsJsonAsync(
            api, new { kind = "RegistryError", errorCode = "XDSRegistryNotAvailable", moment = "AfterCommit" },
            DmpFixture.Token);
        using var wrong = await dmp.Http.PostAsJsonAsync(api, new { kind = "Tantrum" }, DmpFixture.Token);

        var answer = await dmp.SendAsync(dmp.Submission(SubmissionKind.Publish, dmp.Report()), null);
        using var cleared = await dmp.Http.DeleteAsync(api, DmpFixture.Token);
        await dmp.PublishAsync(dmp.Report());

        Assert.Equal(HttpStatusCode.NoContent, set.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Equal(["XDSRegistryNotAvailable"], DmpFixture.Codes(answer));
        Assert.Equal(2, dmp.Emulator.Submissions.Count);
    }

    [Fact]
    public void Probability_is_drawn_from_the_seed()
    {
        static List<bool> Draw(int seed)
        {
            var faults = new Faults(seed);
            faults.Add(new FaultRule(FaultKind.Reset, Probability: 0.3));
            return Enumerable.Range(0, 1000).Select(_ => faults.Next("any") is not null).ToList();
        }

        Assert.Equal(Draw(7), Draw(7));
        Assert.NotEqual(Draw(7), Draw(8));
        Assert.InRange(Draw(7).Count(struck => struck), 250, 350);
    }

    [Fact]
    public void The_nth_call_of_an_action_is_counted_from_when_the_rule_was_set()
    {
        var faults = new Faults(0);
        faults.Add(new FaultRule(FaultKind.Reset, Action: "a", Nth: 2));

        var struck = new[] { "a", "b", "a", "a" }.Select(action => faults.Next(action) is not null);

        Assert.Equal([false, false, true, false], struck);
    }
}
