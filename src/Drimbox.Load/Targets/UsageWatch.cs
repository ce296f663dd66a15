using Drimbox.Load.Results;

namespace Drimbox.Load.Targets;

/// <summary>What the process of the peer and this one use during a run.</summary>
internal sealed class UsageWatch
{
    private readonly Watched? _target;
    private readonly Watched _sender;

    public UsageWatch(int? target, TimeSpan warmUp)
    {
        _target = target is { } pid && pid != Environment.ProcessId
            ? new Watched(pid, withChildren: true, warmUp)
            : null;
        _sender = new Watched(Environment.ProcessId, withChildren: false, warmUp);
    }

    /// <summary>Cores in use since the last call, and the memory of the target now.</summary>
    public (double? TargetCpu, long? TargetRss, double SenderCpu) Take(TimeSpan at)
    {
        var target = _target?.Take(at);
        return (target?.Cores, target?.Rss, _sender.Take(at)?.Cores ?? 0);
    }

    public ProcessUsage? Target(TimeSpan at) => _target?.Usage(at);

    public ProcessUsage Sender(TimeSpan at) => _sender.Usage(at);

    private sealed class Watched
    {
        private readonly ProcessSampler _sampler;
        private readonly TimeSpan _warmUp;
        private TimeSpan _lastAt;
        private double _lastCpu;
        private double _measuredFrom;
        private bool _isWarm;
        private long _rssMax;

        public Watched(int pid, bool withChildren, TimeSpan warmUp)
        {
            _sampler = new ProcessSampler(pid, withChildren);
            _warmUp = warmUp;
            _lastCpu = _measuredFrom = _sampler.Sample()?.CpuSeconds ?? 0;
        }

        public (double Cores, long Rss)? Take(TimeSpan at)
        {
            if (_sampler.Sample() is not { } sample) return null;
            _rssMax = Math.Max(_rssMax, sample.Rss);
            // A child that has ended and was not waited for takes its time with it: never below what was seen.
            var cores = Math.Max(0, sample.CpuSeconds - _lastCpu) / Math.Max((at - _lastAt).TotalSeconds, 1e-3);
            (_lastAt, _lastCpu) = (at, Math.Max(_lastCpu, sample.CpuSeconds));
            if (!_isWarm && at >= _warmUp && _warmUp > TimeSpan.Zero) (_isWarm, _measuredFrom) = (true, _lastCpu);
            return (Math.Round(cores, 3), sample.Rss);
        }

        public ProcessUsage Usage(TimeSpan at)
        {
            Take(at);
            return new ProcessUsage(
                _sampler.Pid, _sampler.Name, Math.Round(_lastCpu - _measuredFrom, 3), _rssMax);
        }
    }
}
