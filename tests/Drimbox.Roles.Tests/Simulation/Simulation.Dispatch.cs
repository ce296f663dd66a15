using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp;

namespace Drimbox.Tests.Simulation;

/// <content>The dispatcher of a process, attempt by attempt, and what is checked of each.</content>
internal sealed partial class Simulation
{
    private const int InFlightMax = 2;

    /// <summary>Three reports with three versions, a withdrawal and two changes each need half of it.</summary>
    private const int SubmissionsMax = 60;

    private static readonly long _lease = (long)Limits.OutboxLease.TotalMilliseconds;

    private static readonly DispatchPatience _patience = new(Limits.DispatchFaultsMax, Limits.PublicationAgeMax);

    // By submission set: what was sent, and whether its last end is known.
    private readonly Dictionary<string, SentSubmission> _sent = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unknown = new(StringComparer.Ordinal);

    private void Claim(SimulatedProcess process)
    {
        if (process.StandsUntil > _now)
        {
            Wake(process, process.StandsUntil - _now);
            return;
        }

        // Withdrawals are not overtaken by other lanes.
        var withdrawals = _store.Outbox.Heads()
            .Where(row => row.Priority > 0 && row.ReadyAt <= _now && row.LeaseUntil is null).Select(row => row.Id).ToList();
        var rows = _store.Outbox.Claim(_now, _lease, InFlightMax - process.InFlight);
        Holds(
            rows.TrueForAll(row => row.Priority > 0) || withdrawals.TrueForAll(id => rows.Exists(row => row.Id == id)),
            "a publication went before a withdrawal");
        Holds(_store.Outbox.Rows.Count <= SubmissionsMax, "the same is decided again and again");
        var life = process.Life;
        foreach (var row in rows)
        {
            // The first step of a row may be its process's last: the other rows then die with it.
            if (process.Life != life) return;
            Holds(
                _store.Outbox.Rows.Count(r => r.Lane == row.Lane && r.LeaseUntil > _now) == 1,
                "two rows of one lane are in flight");
            process.InFlight++;
            Trace?.Invoke(
                $"{_now} process {_processes.IndexOf(process)} claims row {row.Id} epoch {row.Epoch} {row.LastOutcome}");
            Go(process, Attempt(process, _now, row.Id, row.Epoch, row.Payload, row.Attempts, row.Faults, row.LastOutcome));
        }

        if (process.InFlight < InFlightMax && _store.Outbox.NextDue() is { } due)
            Wake(process, Math.Max(1, due - _now));
    }

    private IEnumerable<int> Attempt(
        SimulatedProcess process, long claimed, long row, long epoch, SimulatedPayload payload, int attempts, int faults,
        DispatchOutcome? last)
    {
        foreach (var step in Handle(process, row, epoch, payload, attempts, faults, last, claimed)) yield return step;
        process.InFlight--;
        Wake(process, 1);
    }

    private IEnumerable<int> Handle(
        SimulatedProcess process, long row, long epoch, SimulatedPayload payload, int attempts, int faults,
        DispatchOutcome? last, long claimed)
    {
        yield return _random.Next(0, 5);
        if (_rules.IsPoison(faults, _patience))
        {
            foreach (var step in GiveUp(process, row, epoch, payload, faults)) yield return step;
            yield break;
        }

        var submission = payload.Submission;
        if (_rules.IsUnsent(payload.AskFirst, last))
        {
            var state = _store.Load(payload.Report).State;
            var flight = state.Publication.InFlight.Find(
                f => f.SubmissionSetUniqueId == submission.SubmissionSetUniqueId);
            if (flight is not null && _rules.Revokes(state, flight.Step))
            {
                var revoked = new EndSubmission(submission.SubmissionSetUniqueId, DispatchOutcome.Stale, null);
                foreach (var step in Turn(
                    process, payload.Report, revoked, null, new SimulatedResult(row, epoch, DispatchOutcome.Stale)))
                    yield return step;
                yield break;
            }
        }

        var uuid = payload.TargetUuid;
        var progress = _rules.Begin(
            _rules.MayStand(payload.AskFirst, last), payload.AskFirst, submission.Target is not null && uuid is null);
        var verdict = new XdsVerdict(DispatchOutcome.Done);
        while (progress.Outcome is null)
        {
            if (progress.Move == AttemptMove.Send)
            {
                if (!_rules.MayStart(TimeSpan.FromMilliseconds(_now - claimed), Limits.DispatchAttemptDeadline))
                {
                    // Start() throws: a fault before anything was sent.
                    End(DispatchRules.OutcomeOfFault(started: false, last), 1);
                    yield break;
                }

                var call = _wire.Send(Sending(submission, payload.Report, uuid, row, epoch));
                yield return call.Milliseconds;
                verdict = _rules.Classify(call.Answer);
                Trace?.Invoke($"{_now} row {row} epoch {epoch} sent, answered {call.Answer}");
                Holds(!verdict.BugAlarm, "the registry has other bytes");
                progress = _rules.Answered(progress, verdict.Outcome);
                if (IsKnown(call.Answer)) _unknown.Remove(submission.SubmissionSetUniqueId.ToString());
                continue;
            }

            var asksEffect = progress.Move == AttemptMove.AskEffect;
            var effectOn = submission.Document?.Entry.UniqueId ?? submission.Target!.Value;
            var subject = asksEffect ? effectOn : submission.Target!.Value;
            var query = _wire.Query(subject);
            yield return query.Milliseconds;
            Trace?.Invoke($"{_now} row {row} epoch {epoch} {progress.Move} {query.Answer} {query.Entries.Count}");
            if (!query.Answer.IsSuccess)
            {
                verdict = _rules.Classify(query.Answer);
                progress = _rules.QueryFailed(progress, "");
                continue;
            }

            var stands = subject == effectOn && _rules.Stands(
                submission.Kind, submission.Document?.Entry.Visibility ?? Visibility.Normal,
                [.. query.Entries.Select(e => new RegisteredEntry(e.Status, e.Visibility))]);
            if (asksEffect)
            {
                _unknown.Remove(submission.SubmissionSetUniqueId.ToString());
                progress = _rules.EffectFound(progress, stands);
            }
            else
            {
                uuid = query.Entries.LastOrDefault(e => e.Status == AvailabilityStatus.Approved)?.Uuid;
                progress = _rules.TargetFound(progress, uuid is not null, stands);
            }
        }

        var outcome = progress.Outcome.Value;
        yield return _random.Next(0, 5);
        if (outcome is DispatchOutcome.Retry or DispatchOutcome.Ambiguous)
        {
            var all = faults + (verdict.IsUnexplained ? 1 : 0);
            if (_rules.IsPoison(all, _patience))
            {
                foreach (var step in GiveUp(process, row, epoch, payload, all)) yield return step;
                yield break;
            }

            End(outcome, verdict.IsUnexplained ? 1 : 0);
            yield break;
        }

        var ended = new EndSubmission(submission.SubmissionSetUniqueId, outcome, null);
        foreach (var step in Turn(process, payload.Report, ended, null, new SimulatedResult(row, epoch, outcome)))
            yield return step;

        void End(DispatchOutcome how, int fault)
        {
            var delay = _rules.RetryDelay(
                attempts, Limits.RetryDelayMin, Limits.RetryDelayMax, _random.NextDouble());
            Holds(delay <= Limits.RetryDelayMax, "a row waits beyond the cap");
            Holds(delay >= Limits.RetryDelayMin / 2, "a row does not wait at all");
            Holds(attempts < 10 || delay >= TimeSpan.FromMinutes(1), "a peer that is down is asked all the time");
            var counted = _rules.CountsFaults && fault > 0 ? faults + fault : (int?)null;
            var frozen = payload with { TargetUuid = uuid };
            _store.Outbox.Complete(row, epoch, how, _now, _now + (long)delay.TotalMilliseconds, frozen, counted);
            WakeAll();
        }
    }

    private IEnumerable<int> GiveUp(
        SimulatedProcess process, long row, long epoch, SimulatedPayload payload, int faults)
    {
        var result = new SimulatedResult(row, epoch, DispatchOutcome.Quarantine, faults);
        if (!_rules.TellsReport)
        {
            _store.Complete(result, _now);
            WakeAll();
            yield break;
        }

        var end = new EndSubmission(payload.Submission.SubmissionSetUniqueId, DispatchOutcome.Quarantine, null);
        foreach (var step in Turn(process, payload.Report, end, null, result)) yield return step;
    }

    /// <summary>What leaves now, and whether it may.</summary>
    private SentSubmission Sending(Submission submission, int report, string? targetUuid, long row, long epoch)
    {
        var set = submission.SubmissionSetUniqueId.ToString();
        var leased = _store.Outbox.Rows[(int)row - 1];
        Holds(
            leased.LeaseUntil > _now && (leased.Epoch == epoch || !_rules.MovesEpoch),
            $"sent without a lease: until {leased.LeaseUntil} at {_now}, epoch {leased.Epoch} by {epoch}");
        Holds(!_unknown.Contains(set), "sent again without asking");
        var sent = new SentSubmission(
            _rules.FreezesSubmissionSet ? set : _ids.NewUid().ToString(), report, submission.Kind,
            submission.Document?.Entry.UniqueId,
            submission.Document is { } document
                ? _rules.FreezesBytes ? document.Entry.Hash : $"{document.Entry.Hash} {_now}"
                : null,
            submission.Document?.Entry.Visibility ?? Visibility.Normal, submission.SubmissionTime, targetUuid);
        if (_sent.TryGetValue(set, out var before)) Holds(before == sent, "other bytes than at the attempt before");
        _sent[set] = sent;
        Trace?.Invoke($"{_now} row {row} epoch {epoch} sends {sent}");
        // Until the answer says otherwise: a death leaves it so.
        _unknown.Add(set);
        return sent;
    }

    /// <summary>Written out once more: after which answers it is known what the registry did (facts on reliability
    /// 2.3).</summary>
    private static bool IsKnown(XdsAnswer answer) => answer switch
    {
        XdsAnswer.NotSent or XdsAnswer.HttpRefused { HttpStatus: 503 } => true,
        XdsAnswer.Answered answered => answered.Response.Errors.All(e => e.Code != "XDSDuplicateUniqueIdInRegistry"),
        _ => false,
    };
}
