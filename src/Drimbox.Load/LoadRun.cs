using Drimbox.Core;
using Drimbox.Load.Instances;
using Drimbox.Load.Messages;
using Drimbox.Load.Pacing;
using Drimbox.Load.Results;
using Drimbox.Load.Targets;

namespace Drimbox.Load;

/// <summary>A run of the load generator.</summary>
public sealed class LoadRun
{
    // After a stop by hand, what is under way gets so long.
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(3);

    private readonly LoadOptions _options;
    private readonly LoadMaterial _material;
    private readonly TimeProvider _time;
    private readonly LoadRecorder _recorder;

    private LoadRun(LoadOptions options, LoadMaterial material, TimeProvider time)
    {
        _options = options;
        _material = material;
        _time = time;
        _recorder = new LoadRecorder(time);
    }

    /// <summary>Makes what is to be sent.</summary>
    /// <param name="run">The run.</param>
    /// <param name="refusal">Why it cannot be: the options contradict each other, or the files are of no use.</param>
    public static bool TryPrepare(
        LoadOptions options, IIdSource ids, TimeProvider time, out LoadRun? run, out Refusal? refusal)
    {
        run = null;
        refusal = options.Check();
        if (refusal is not null) return false;
        InstanceSet? instances = null;
        MessageTemplate? messages = null;
        try
        {
            if (options.Mix.Has(OperationKind.Store))
            {
                var root = ids.NewUid();
                if (options.DataFolder is null)
                {
                    instances = InstanceSet.Synthetic(
                        options.Instances, root, options.PerStudy, time.GetLocalNow(), options.Seed);
                }
                else if (!InstanceSet.TryOpenFolder(options.DataFolder, root, out instances, out refusal))
                {
                    return false;
                }

                if (instances!.Kinds.Count > Limits.PresentationContextsMax - 3)
                {
                    refusal = new Refusal(
                        RefusalReason.OverLimit,
                        $"{instances.Kinds.Count} pairs of SOP class and transfer syntax do not fit into one "
                        + "association (PS3.8 9.3.2.2: 128 presentation contexts). Send fewer kinds at once.");
                    return false;
                }
            }

            if (options.Mix.Has(OperationKind.Mllp))
            {
                messages = options.MessageFile is null
                    ? SyntheticReport.Template(ids, time.GetLocalNow(), options.ReportBytes)
                    : MessageTemplate.TryRead(options.MessageFile, ids, out refusal);
                if (messages is null) return false;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            refusal = new Refusal(RefusalReason.UnknownTarget, e.Message);
            return false;
        }

        run = new LoadRun(options, new LoadMaterial(options, instances, messages), time);
        return true;
    }

    /// <summary>Performs the run.</summary>
    /// <param name="progress">Called after each second, never twice at once.</param>
    /// <param name="stop">Ends the run early; what was measured is the result.</param>
    /// <exception cref="PeerUnreachableException">A peer cannot be talked to at all.</exception>
    public async Task<LoadResult> RunAsync(Action<LoadSecond>? progress, CancellationToken stop)
    {
        var startedAt = _time.GetLocalNow();
        using var giveUp = new CancellationTokenSource();
        await using var users = new LoadUsers(_options, _material, _recorder, _time);
        var window = await users.ConnectAsync(stop);
        var target = await FindTargetAsync(stop);

        using var pacing = new PacingThread(_time);
        var arrivals = new Arrivals(_options.Schedule, _time, pacing);
        await using var stopping = stop.UnsafeRegister(_ =>
        {
            arrivals.Stop();
            giveUp.CancelAfter(StopGrace);
        }, null);
        var usage = new UsageWatch(target, _options.Schedule.WarmUp);
        using var over = new CancellationTokenSource();
        var watching = WatchAsync(arrivals, usage, progress, over.Token);
        await Task.WhenAll(users.All.Select(user => WorkAsync(user, arrivals, stop, giveUp.Token)));
        await over.CancelAsync();
        var series = await watching;

        var (seconds, operations, pacingError, associating) = _recorder.Summarize();
        var elapsed = _time.GetElapsedTime(arrivals.Start);
        var foreseen = _options.Schedule.Foreseen is { } all && !stop.IsCancellationRequested ? all : arrivals.Taken;
        return new LoadResult(
            LoadResult.CurrentFormat, startedAt, SetupOf(window), seconds, stop.IsCancellationRequested,
            Math.Max(0, foreseen - arrivals.Taken), pacingError, associating, operations,
            usage.Target(elapsed), usage.Sender(elapsed), series);
    }

    private async Task WorkAsync(LoadUser user, Arrivals arrivals, CancellationToken stop, CancellationToken giveUp)
    {
        try
        {
            while (await arrivals.NextAsync(stop) is { } arrival)
            {
                _recorder.RecordPacing(arrival);
                var kind = _options.Mix.KindOf(arrival.Index, _options.Seed);
                _recorder.Record(kind, await user.PerformAsync(kind, arrival.Index, giveUp), arrival);
            }
        }
        catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
        {
            // Stopped by hand in the middle of an operation, which then counts neither way.
        }
    }

    private async Task<IReadOnlyList<LoadSecond>> WatchAsync(
        Arrivals arrivals, UsageWatch usage, Action<LoadSecond>? progress, CancellationToken over)
    {
        var series = new List<LoadSecond>();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), _time);
        while (true)
        {
            var isOver = false;
            try
            {
                await timer.WaitForNextTickAsync(over);
            }
            catch (OperationCanceledException)
            {
                isOver = true;
            }

            var at = _time.GetElapsedTime(arrivals.Start);
            var operations = _recorder.TakeSecond();
            var (targetCpu, targetRss, senderCpu) = usage.Take(at);
            // The rest of a second at the end is too short for a rate.
            if (isOver && series.Count > 0) return series;
            var second = new LoadSecond(
                Math.Round(at.TotalSeconds, 3), at <= _options.Schedule.WarmUp, operations, targetCpu, targetRss,
                senderCpu);
            series.Add(second);
            if (isOver) return series;
            progress?.Invoke(second);
        }
    }

    private async Task<int?> FindTargetAsync(CancellationToken cancellationToken)
    {
        if (_options.TargetPid is { } pid) return pid;
        var endpoint = _options.Target is { } peer ? new HostPort(peer.Host, peer.Port) : _options.Mllp!.Value;
        return await ListeningProcess.FindAsync(endpoint, cancellationToken);
    }

    private LoadSetup SetupOf(int windowNegotiated) => new(
        _options.Target?.ToString(), _options.QueryTarget?.ToString(), _options.Mllp?.ToString(),
        _options.Mix.ToString(),
        !_options.Mix.Has(OperationKind.Store) ? []
            : _options.DataFolder is { } folder ? [folder] : [.. _options.Instances.Select(i => i.ToString())],
        _options.Schedule.Rate, _options.Associations, _options.Window, windowNegotiated, _options.PerAssociation,
        _options.MaximumLength, _options.Schedule.WarmUp.TotalSeconds, _options.Schedule.Duration?.TotalSeconds,
        _options.Schedule.Count, _options.Seed);
}

/// <summary>A peer cannot be talked to at all: the message says what to change.</summary>
public sealed class PeerUnreachableException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>It answers, but wants no association of this kind.</summary>
    public bool IsRefusal { get; init; }
}
