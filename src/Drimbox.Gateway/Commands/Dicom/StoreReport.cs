using Drimbox.Dicom.Dimse;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary>Counts what became of the files, and says it in the end.</summary>
internal sealed class StoreReport(InputFiles input, CommandOutput output)
{
    // Enough to see what is wrong; the rest is a number. --json has them all.
    private const int NamesPerReason = 5;

    private readonly Lock _gate = new();
    private readonly List<(SendableFile File, StoreOutcome Outcome)> _failures = [];
    private readonly List<SendableFile> _retries = [];
    private readonly Dictionary<DimseStatus, int> _warnings = [];
    private bool _isLastAttempt;
    private int _stored;
    private long _bytes;

    public IProgress<int>? Progress { get; set; }

    /// <summary>Files that were answered, with success or not.</summary>
    public int Count => _stored + _failures.Count;

    public ExitCode ExitCode
    {
        get
        {
            if (_failures.Exists(f => f.Outcome.IsLost)) return ExitCode.Aborted;
            if (_stored == 0 && _failures.Count > 0 && _failures.TrueForAll(f => f.Outcome.Status is null))
                return ExitCode.Refused;
            return _failures.Count > 0 || input.Damaged.Count > 0 ? ExitCode.Failed : ExitCode.Done;
        }
    }

    public void BeginAttempt(bool isLast) => _isLastAttempt = isLast;

    public void Answered(SendableFile file, StoreOutcome outcome)
    {
        lock (_gate)
        {
            if (outcome.IsStored)
            {
                _stored++;
                _bytes += file.Length;
                if (outcome.Status!.Value.Category == StatusCategory.Warning)
                    _warnings[outcome.Status.Value] = _warnings.GetValueOrDefault(outcome.Status.Value) + 1;
            }
            else if (outcome.MayHelpToRetry && !_isLastAttempt)
            {
                _retries.Add(file);
                return;
            }
            else
            {
                _failures.Add((file, outcome));
            }
        }

        Progress?.Report(1);
    }

    /// <summary>What is to be sent again.</summary>
    public IReadOnlyList<SendableFile> TakeRetries()
    {
        lock (_gate)
        {
            SendableFile[] retries = [.. _retries];
            _retries.Clear();
            return retries;
        }
    }

    public void PrintInput(bool all)
    {
        var most = all ? int.MaxValue : NamesPerReason;
        foreach (var (path, why) in input.Damaged.Take(most)) output.Note($"{path}: {why}");
        if (input.Damaged.Count > most) output.Note($"… and {input.Damaged.Count - most} more that cannot be sent");
        if (input.NotDicom.Count == 0) return;
        output.Note($"{Files(input.NotDicom.Count)} not DICOM, passed over:");
        foreach (var path in input.NotDicom.Take(most)) output.Note($"  {path}");
        if (input.NotDicom.Count > most) output.Note($"  … and {input.NotDicom.Count - most} more");
    }

    public void Print(TimeSpan elapsed, ParallelStore store)
    {
        PrintInput(all: false);
        var seconds = Math.Max(elapsed.TotalSeconds, 1e-3);
        var total = _stored + _failures.Count;
        output.Line(
            $"stored {_stored} of {total} instances, {Size(_bytes)}, in {elapsed.TotalSeconds:0.00} s over "
            + $"{store.AssociationCount} association{(store.AssociationCount == 1 ? "" : "s")}: "
            + $"{_stored / seconds:0.0} instances/s, {Size((long)(_bytes / seconds))}/s");
        foreach (var (status, count) in _warnings) output.Line($"  {count} with {status.Code:X4} ({status.MeaningIn(DimseService.Storage)})");
        foreach (var group in _failures.GroupBy(f => f.Outcome.Why).OrderByDescending(g => g.Count()))
        {
            output.Note($"{Files(group.Count())} failed: {group.Key}");
            foreach (var (file, _) in group.Take(NamesPerReason)) output.Note($"  {file.Path}");
            if (group.Count() > NamesPerReason) output.Note($"  … and {group.Count() - NamesPerReason} more");
        }

        foreach (var fault in store.Faults.Select(f => f.Message).Distinct().Take(NamesPerReason))
            output.Note($"an association ended early: {fault}");
        output.Json(new
        {
            stored = _stored,
            failed = _failures.Count,
            bytes = _bytes,
            seconds = Math.Round(elapsed.TotalSeconds, 3),
            instancesPerSecond = Math.Round(_stored / seconds, 1),
            bytesPerSecond = Math.Round(_bytes / seconds),
            associations = store.AssociationCount,
            warnings = _warnings.Select(w => new { status = $"{w.Key.Code:X4}", meaning = w.Key.MeaningIn(DimseService.Storage), count = w.Value }),
            failures = _failures.Select(f => new
            {
                file = f.File.Path,
                sopInstanceUid = f.File.SopInstanceUid.ToString(),
                status = f.Outcome.Status is { } status ? $"{status.Code:X4}" : null,
                reason = f.Outcome.Why,
            }),
            damaged = input.Damaged.Select(d => new { file = d.Path, reason = d.Why }),
            notDicom = input.NotDicom,
            faults = store.Faults.Select(f => f.Message).Distinct(),
        });
    }

    private static string Files(int count) => count == 1 ? "1 file" : $"{count} files";

    private static string Size(long bytes) => bytes switch
    {
        >= 1L << 30 => $"{bytes / (double)(1L << 30):0.0} GiB",
        >= 1L << 20 => $"{bytes / (double)(1L << 20):0.0} MiB",
        _ => $"{bytes / 1024.0:0.0} KiB",
    };
}
