using Drimbox.Load.Pacing;
using Drimbox.Load.Results;

namespace Drimbox.Load;

/// <summary>How one operation ended.</summary>
/// <param name="Status">For a person: a DIMSE status, an acknowledgement code, or what became of the connection. Never a
/// value of a message.</param>
/// <param name="IsError">Not done: its latency is not counted among the others.</param>
/// <param name="Bytes">Of the data set or message that was taken.</param>
public readonly record struct OperationOutcome(string Status, bool IsError, long Bytes);

/// <summary>Collects what the users measure. Safe for concurrent use.</summary>
internal sealed class LoadRecorder(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Tally[] _tallies = [.. Enum.GetValues<OperationKind>().Select(k => new Tally(k))];
    private readonly LatencyHistogram _pacing = new();
    private readonly LatencyHistogram _associating = new();
    private long _measuredFrom;
    private long _measuredUntil;

    /// <summary>Errors so far, those of the warm-up included.</summary>
    public long Errors
    {
        get
        {
            lock (_gate) return _tallies.Sum(t => t.ErrorsInAll);
        }
    }

    public void Record(OperationKind kind, in OperationOutcome outcome, in Arrival arrival)
    {
        var now = time.GetTimestamp();
        var latency = Microseconds(now - arrival.Due);
        lock (_gate)
        {
            _tallies[(int)kind].Add(outcome, latency, arrival.IsMeasured);
            if (!arrival.IsMeasured) return;
            if (_measuredFrom == 0 || arrival.Due < _measuredFrom) _measuredFrom = arrival.Due;
            _measuredUntil = Math.Max(_measuredUntil, now);
        }
    }

    /// <summary>An operation whose user was waiting for it begins now.</summary>
    public void RecordPacing(in Arrival arrival)
    {
        if (!arrival.IsPunctual || !arrival.IsMeasured) return;
        var late = Microseconds(time.GetTimestamp() - arrival.Due);
        lock (_gate) _pacing.Record(late);
    }

    public void RecordAssociation(TimeSpan elapsed)
    {
        lock (_gate) _associating.Record((long)elapsed.TotalMicroseconds);
    }

    /// <summary>What happened since the last call, for the time series.</summary>
    public IReadOnlyList<SecondOfOperation> TakeSecond()
    {
        lock (_gate) return [.. _tallies.Where(t => t.IsUsed).Select(t => t.TakeSecond())];
    }

    /// <summary>The result of what was measured.</summary>
    public (double Seconds, IReadOnlyList<OperationResult> Operations, LatencySummary Pacing,
        LatencySummary Associating) Summarize()
    {
        lock (_gate)
        {
            var seconds = Math.Max((_measuredUntil - _measuredFrom) / (double)time.TimestampFrequency, 1e-6);
            return (
                seconds, [.. _tallies.Where(t => t.IsUsed).Select(t => t.Summarize(seconds))],
                LatencySummary.Of(_pacing), LatencySummary.Of(_associating));
        }
    }

    private long Microseconds(long ticks) => (long)(ticks * (1e6 / time.TimestampFrequency));

    private sealed class Tally(OperationKind kind)
    {
        private readonly LatencyHistogram _all = new();
        private readonly LatencyHistogram _second = new();
        private readonly SortedDictionary<string, long> _statuses = new(StringComparer.Ordinal);
        private long _count;
        private long _errors;
        private long _bytes;
        private long _secondErrors;
        private long _secondBytes;

        public bool IsUsed { get; private set; }

        public long ErrorsInAll { get; private set; }

        public void Add(in OperationOutcome outcome, long latency, bool isMeasured)
        {
            IsUsed = true;
            if (outcome.IsError)
            {
                ErrorsInAll++;
                _secondErrors++;
            }
            else
            {
                _second.Record(latency);
                _secondBytes += outcome.Bytes;
            }

            if (!isMeasured) return;
            _statuses[outcome.Status] = _statuses.GetValueOrDefault(outcome.Status) + 1;
            if (outcome.IsError)
            {
                _errors++;
                return;
            }

            _count++;
            _bytes += outcome.Bytes;
            _all.Record(latency);
        }

        public SecondOfOperation TakeSecond()
        {
            var second = new SecondOfOperation(
                kind, _second.Count, _secondErrors, _secondBytes, Milliseconds(_second.ValueAt(0.5)),
                Milliseconds(_second.ValueAt(0.9)), Milliseconds(_second.ValueAt(0.99)), Milliseconds(_second.Max));
            _second.Clear();
            _secondErrors = _secondBytes = 0;
            return second;
        }

        public OperationResult Summarize(double seconds) => new(
            kind, _count, _errors, _bytes, _count / seconds, _bytes / seconds / (1024 * 1024), LatencySummary.Of(_all),
            new SortedDictionary<string, long>(_statuses, StringComparer.Ordinal),
            [.. _all.Buckets().Select(b => new LatencyBucket(Milliseconds(b.Microseconds), b.Count))]);

        private static double Milliseconds(long microseconds) => microseconds / 1000.0;
    }
}
