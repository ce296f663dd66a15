using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Storage;

namespace Drimbox.Tests.Simulation;

/// <summary>
/// Campaign P9: outbox, register, registry and their processes in virtual time, on one thread and from one seed. Every
/// decision is the product's; what lies between the decisions is played step by step, and between any two steps a
/// process may die or stand still. What must never happen is checked when it happens, what must happen is checked at
/// the end.
/// </summary>
internal sealed partial class Simulation
{
    private const long Second = 1_000;
    private const long FaultsEnd = 600 * Second;
    private const long RefusalEnd = 6_000 * Second;
    private const long End = RefusalEnd + (3_600 * Second);

    /// <summary>A row that only meets an error without a reason: some ten attempts of the first ten minutes may not reach
    /// the registry, ten more do, and by the end of the refusal there is time for more than that.</summary>
    private const int PoisonAttemptsMax = 22;

    private static readonly DateTimeOffset _start = new(2026, 5, 4, 10, 0, 0, TimeSpan.Zero);

    private readonly SimulationRules _rules;
    private readonly Random _random;
    private readonly SimulationScript _script;
    private readonly SimulatedStore _store;
    private readonly SimulatedRegistry _registry;
    private readonly SimulatedWire _wire;
    private readonly SequentialIds _ids = new();
    private readonly List<SimulatedProcess> _processes = [];
    private readonly PriorityQueue<Action, (long At, long Number)> _agenda = new();
    private long _now;
    private long _number;
    private int _harm;

    private Simulation(int seed, SimulationRules rules)
    {
        _rules = rules;
        _random = new Random(seed);
        _script = new SimulationScript(_random);
        _store = new SimulatedStore(rules, _script.Reports);
        _registry = new SimulatedRegistry(_script.RegistryChecksTargetFirst)
        {
            DoesWhatItRefuses = _script.RegistryDoesWhatItRefuses,
        };
        _wire = new SimulatedWire(_registry, _random, (delay, action) => After(delay, action))
        {
            FaultPercent = _script.FaultPercent,
        };
        for (var i = 0; i < _script.Processes; i++) _processes.Add(new SimulatedProcess());
    }

    /// <summary>What happened in a seed, for who looks into a failure.</summary>
    public static Action<string>? Trace { get; set; }

    private DateTimeOffset Now => _start.AddMilliseconds(_now);

    private bool MayHarm => _now < FaultsEnd && _harm < 4;

    /// <summary>Plays a seed.</summary>
    /// <returns>Null, or what was wrong.</returns>
    public static string? Run(int seed, SimulationRules rules)
    {
        try
        {
            new Simulation(seed, rules).Play();
            return null;
        }
        catch (SimulationViolationException e)
        {
            return e.Message;
        }
        catch (InvariantException e)
        {
            return "an invariant of the product: " + e.Message;
        }
    }

    private void Play()
    {
        if (_script.Refused is { } refused) _registry.Refuse(refused, _script.RefusalCode);
        foreach (var (at, message) in _script.Messages) After(at, () => Deliver(message));
        foreach (var (at, report, command) in _script.Changes) After(at, () => Ask(report, command));
        foreach (var (at, _, document) in _script.Deletes) After(at, () => _registry.DeleteByOthers(document));
        After(FaultsEnd, () => _wire.FaultPercent = 0);
        if (_script.Refused is { } dead)
        {
            After(RefusalEnd, () =>
            {
                Holds(
                    !_store.Outbox.Rows.Any(r => r.IsOpen && r.Payload.Report == dead && r.Attempts > PoisonAttemptsMax),
                    "a poison row is tried without end");
                _registry.AcceptAll();
            });
            // A person looks at what was refused once nothing of it is on its way any more.
            After(RefusalEnd + (400 * Second), () => Ask(dead, new RetryPublication("bob")));
        }

        while (_agenda.TryDequeue(out var action, out var when) && when.At < End)
        {
            _now = when.At;
            action();
        }

        CheckEnd();
    }

    private void After(long delay, Action action) => _agenda.Enqueue(action, (_now + delay, ++_number));

    private SimulatedProcess? Somebody()
    {
        var alive = _processes.Where(p => p.IsAlive).ToList();
        return alive.Count == 0 ? null : alive[_random.Next(alive.Count)];
    }

    /// <summary>A sender sends until it has the acknowledgement.</summary>
    private void Deliver(SimulatedMessage message)
    {
        if (message.IsAcknowledged) return;
        if (Somebody() is { } process) Go(process, Turn(process, message.Report, message.Command, message, null));
        After(5 * Second, () => Deliver(message));
    }

    /// <summary>A user asks until it was done.</summary>
    private void Ask(int report, ReportCommand command)
    {
        if (Somebody() is { } process) Go(process, Turn(process, report, command, null, null));
        else After(Second, () => Ask(report, command));
    }

    /// <summary>Plays the steps of a process: each gives the milliseconds until the next. A process that dies takes its
    /// steps along, one that stands still goes on where it was.</summary>
    private void Go(SimulatedProcess process, IEnumerable<int> steps)
    {
        var step = steps.GetEnumerator();
        var life = process.Life;
        Next();

        void Next()
        {
            if (process.Life != life) return;
            if (process.StandsUntil > _now)
            {
                After(process.StandsUntil - _now, Next);
                return;
            }

            if (!step.MoveNext()) return;
            if (MayHarm && _random.Next(1_000) < _script.CrashPermille)
            {
                _harm++;
                Trace?.Invoke($"{_now} process {_processes.IndexOf(process)} dies");
                Kill(process);
                return;
            }

            if (MayHarm && _random.Next(1_000) < _script.PausePermille)
            {
                _harm++;
                process.StandsUntil = _now + _random.Next(10_000, 300_000);
                Trace?.Invoke($"{_now} process {_processes.IndexOf(process)} stands until {process.StandsUntil}");
            }

            After(step.Current, Next);
        }
    }

    private void Kill(SimulatedProcess process)
    {
        process.Die();
        After(_random.Next(500, 20_000), () =>
        {
            process.Start();
            // Who holds the store alone knows that every owner of a lease is dead.
            if (_processes.Count == 1) _store.Outbox.VoidLeases(_now);
            WakeAll();
        });
    }

    /// <summary>load → decide → commit with the expected version → acknowledge.</summary>
    private IEnumerable<int> Turn(
        SimulatedProcess process, int report, ReportCommand command, SimulatedMessage? message, SimulatedResult? result)
    {
        while (true)
        {
            var (state, version) = _store.Load(report);
            if (!_rules.AcksAfterCommit && message is not null) message.IsAcknowledged = true;
            yield return _random.Next(0, 20);
            var decision = ReportDecider.Decide(state, command, Reports.ReportFixture.Policy, new DecisionContext(Now, _ids));
            var row = decision.Submission is { } submission
                ? new SimulatedPayload(
                    report, submission, null, AskFirst: command is RetryPublication && _rules.RetryAsksFirst)
                : null;
            var (withRow, withResult) = (_rules.CommitsRowsWithEvents, _rules.CommitsEndWithEvents);
            if (!withResult && result is not null)
            {
                _store.Complete(result, _now);
                yield return _random.Next(1, 20);
            }

            yield return _random.Next(0, 10);
            var end = _store.Commit(
                new SimulatedCommit(
                    report, version, decision.Events, withRow ? row : null, message?.ControlId,
                    withResult ? result : null),
                _now);
            Trace?.Invoke(
                $"{_now} report {report} {command.GetType().Name} {(command as EndSubmission)?.Outcome} {end}: "
                + string.Join(", ", decision.Events.Select(e => e is SubmissionDecided d
                    ? $"{d.Step.Kind} {d.Step.Document} {d.SubmissionSetUniqueId}" : e.GetType().Name)));
            if (end == CommitEnd.Conflict) continue;
            if (!withRow && row is not null && end == CommitEnd.Committed)
            {
                yield return _random.Next(1, 20);
                _store.Add(row, _now);
            }

            WakeAll();
            yield return _random.Next(0, 5);
            if (message is not null) message.IsAcknowledged = true;
            yield break;
        }
    }

    private void WakeAll()
    {
        foreach (var process in _processes) Wake(process, _random.Next(1, 20));
    }

    private void Wake(SimulatedProcess process, long delay)
    {
        // One wake-up at a time, the earliest.
        var at = _now + delay;
        if (process.WakesAt > _now && process.WakesAt <= at) return;
        process.WakesAt = at;
        After(delay, () =>
        {
            if (process.WakesAt == at && process.IsAlive) Claim(process);
        });
    }

    private void CheckEnd()
    {
        foreach (var (_, message) in _script.Messages)
        {
            Holds(message.IsAcknowledged, $"message {message.ControlId} was never acknowledged");
            Holds(_store.Inbox.Contains(message.ControlId), $"message {message.ControlId} was acknowledged and lost");
        }

        foreach (var row in _store.Outbox.Rows)
        {
            Holds(!row.IsOpen, $"row {row.Id} is stuck: {row.State} {row.LastOutcome}, attempt {row.Attempts}");
            Holds(
                row.State != OutboxState.Quarantined || row.Payload.Report == _script.Refused
                    || _script.Deletes.Exists(d => d.Report == row.Payload.Report),
                $"row {row.Id} was quarantined for nothing");
        }

        for (var report = 0; report < _script.Reports; report++)
        {
            var (state, _) = _store.Load(report);
            Holds(state.Publication.InFlight.IsEmpty, $"report {report} waits for an end that has come");
            var approved = _registry.Entries
                .Where(e => e.Report == report && e.Status == AvailabilityStatus.Approved).ToList();
            // What others deleted, and what a person has to look at since, is not as it is wanted.
            if (_script.Deletes.Exists(d => d.Document == state.Wanted?.UniqueId)
                || (report != _script.Refused && state.Publication.Refused is not null))
                continue;
            Holds(
                approved.Count == (state.Wanted is null ? 0 : 1)
                    && (state.Wanted is not { } wanted
                        || (approved[0].Document == wanted.UniqueId && approved[0].Visibility == wanted.Visibility)),
                $"report {report} wants {state.Wanted}, the registry has {string.Join(", ", approved)}");
        }
    }

    private static void Holds(bool condition, string otherwise)
    {
        if (!condition) throw new SimulationViolationException(otherwise);
    }
}

/// <summary>A process with a door and a dispatcher.</summary>
internal sealed class SimulatedProcess
{
    /// <summary>Counts its deaths: what was begun in a life ends with it.</summary>
    public int Life { get; private set; }

    public bool IsAlive { get; private set; } = true;

    /// <summary>SIGSTOP until then.</summary>
    public long StandsUntil { get; set; }

    public int InFlight { get; set; }

    public long WakesAt { get; set; } = -1;

    public void Die()
    {
        Life++;
        IsAlive = false;
        InFlight = 0;
        WakesAt = -1;
        StandsUntil = 0;
    }

    public void Start() => IsAlive = true;
}
