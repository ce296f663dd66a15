using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Drimbox.Core;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>Reads every file again, at a set rate, and compares it with the hash that was taken when it came. What
/// differs is marked: it is no longer served as good. Where it stands is persisted, so a restart goes on
/// there.</summary>
internal sealed partial class Scrubber(
    ArchiveOptions options, ArchiveSurroundings surroundings, ArchiveIndex index, InstanceFolders folders, ILogger log)
{
    private const int PageRows = 64;

    private readonly Lock _gate = new();
    private readonly Pace _pace = new(Math.Max(1, options.Scrub.MegabytesPerSecond * 1_000_000));
    private ScrubProgress _progress = new(false, 0, null, null, 0, 0, 0);
    private TaskCompletionSource _woken = New();
    private TaskCompletionSource _roundEnded = New();
    private long _persistedAt;
    private volatile bool _hasDuty;

    public ScrubProgress Progress
    {
        get
        {
            lock (_gate) return _progress;
        }
    }

    /// <summary>Files found damaged since this process started.</summary>
    public long Mismatches { get; private set; }

    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        var progress = await index.ReadScrubAsync(cancellationToken);
        lock (_gate) _progress = progress;
    }

    /// <summary>Where the round stands, whichever process reads.</summary>
    public async Task<ScrubProgress> CurrentAsync(CancellationToken cancellationToken) =>
        index.IsShared && !_hasDuty ? await index.ReadScrubAsync(cancellationToken) : Progress;

    /// <summary>Goes on with a round that is paused, or begins one at once.</summary>
    /// <returns>A task that ends with the round.</returns>
    /// <exception cref="StorageFaultException"><see cref="StorageFault.InUse"/>: it is another process that reads.</exception>
    public async Task<Task> StartAsync()
    {
        await RequireDutyAsync();
        Task ended;
        ScrubProgress started;
        lock (_gate)
        {
            _progress = _progress with { IsPaused = false };
            if (!ScrubSchedule.IsInRound(_progress))
                _progress = ScrubSchedule.BeginRound(_progress, surroundings.Time.GetUtcNow());
            (started, ended) = (_progress, _roundEnded.Task);
        }

        await index.WriteScrubAsync(started, CancellationToken.None);
        Wake();
        return ended;
    }

    /// <summary>Stops after the file that is being read, also through a restart.</summary>
    /// <inheritdoc cref="StartAsync" path="/exception"/>
    public async Task PauseAsync()
    {
        await RequireDutyAsync();
        ScrubProgress paused;
        lock (_gate) paused = _progress = _progress with { IsPaused = true };
        await index.WriteScrubAsync(paused, CancellationToken.None);
    }

    [SuppressMessage("Design", "CA1031", Justification =
        "The top of a worker loop: the fault is logged, and the round goes on later where it was.")]
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // A start has better things to do; who says 'scrub start' need not wait.
        await WaitAsync(Woken, surroundings.Time.GetUtcNow() + Limits.ScrubStartDelay, cancellationToken);
        while (!cancellationToken.IsCancellationRequested)
        {
            // Taken before the look, so that a word that comes between the two is not lost.
            var woken = Woken;
            try
            {
                await ReadFirstAsync(cancellationToken);
                if (!await HasDutyAsync(cancellationToken))
                {
                    await WaitAsync(woken, surroundings.Time.GetUtcNow() + Limits.SharedUpkeepInterval, cancellationToken);
                    continue;
                }

                var due = ScrubSchedule.DueAt(Progress, options.Scrub);
                if (due <= surroundings.Time.GetUtcNow()) await ReadRoundAsync(cancellationToken);
                else await WaitAsync(woken, due, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                LifeCycleLog.WorkFailed(log, e, options.NodeId, "scrubbing");
                await WaitAsync(woken, surroundings.Time.GetUtcNow() + Limits.ScrubStartDelay, cancellationToken);
            }
        }

        await TryPersistAsync();
    }

    private async Task ReadRoundAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!ScrubSchedule.IsInRound(_progress))
                _progress = ScrubSchedule.BeginRound(_progress, surroundings.Time.GetUtcNow());
        }

        while (await index.ListAsync(Progress.Position, PageRows, cancellationToken) is { Count: > 0 } rows)
        {
            foreach (var row in rows)
            {
                if (Progress.IsPaused) return;
                await ReadFirstAsync(cancellationToken);
                var isDamaged = await CheckAsync(row, cancellationToken);
                var (files, bytes, mismatches) = await CheckFurtherAsync(row, cancellationToken);
                lock (_gate)
                {
                    _progress = _progress with
                    {
                        Position = row.RowId,
                        Files = _progress.Files + 1 + files,
                        Bytes = _progress.Bytes + row.File.Length + bytes,
                        Mismatches = _progress.Mismatches + (isDamaged ? 1 : 0) + mismatches,
                    };
                }

                if (surroundings.Time.GetElapsedTime(_persistedAt) < Limits.ScrubPersistInterval) continue;
                await index.WriteScrubAsync(Marked(), cancellationToken);
                if (!await HasDutyAsync(cancellationToken)) return;
            }
        }

        TaskCompletionSource ended;
        ScrubProgress done;
        lock (_gate)
        {
            done = _progress = ScrubSchedule.EndRound(_progress, surroundings.Time.GetUtcNow());
            (ended, _roundEnded) = (_roundEnded, New());
        }

        await index.WriteScrubAsync(done, cancellationToken);
        LifeCycleLog.ScrubRoundDone(log, options.NodeId, done.Files, done.Bytes, done.Mismatches);
        ended.SetResult();
    }

    private async Task<bool> CheckAsync(IndexedInstance row, CancellationToken cancellationToken)
    {
        var isDamaged = !await IsWholeAsync(row.File, cancellationToken);
        if (isDamaged == row.Damaged) return isDamaged;
        // A row that lost or changed its file meanwhile is left alone: its file was unlinked after it.
        if (!await index.MarkDamagedAsync(row.RowId, row.File.FileName, isDamaged, cancellationToken)) return false;
        if (isDamaged)
        {
            Mismatches++;
            LifeCycleLog.Damaged(log, options.NodeId, row.RowId, row.File.FileName);
        }
        else
        {
            LifeCycleLog.WholeAgain(log, options.NodeId, row.RowId, row.File.FileName);
        }

        return isDamaged;
    }

    /// <summary>The other renditions and the prior versions of an instance.</summary>
    private async Task<(int Files, long Bytes, int Mismatches)> CheckFurtherAsync(
        IndexedInstance row, CancellationToken cancellationToken)
    {
        var (files, bytes, mismatches) = (0, 0L, 0);
        foreach (var further in await index.FilesOfAsync(row.RowId, cancellationToken))
        {
            files++;
            bytes += further.File.Length;
            var isDamaged = !await IsWholeAsync(further.File, cancellationToken);
            if (isDamaged) mismatches++;
            if (!await index.MarkFurtherDamagedAsync(further.RowId, isDamaged, cancellationToken)) continue;
            if (isDamaged)
            {
                Mismatches++;
                LifeCycleLog.Damaged(log, options.NodeId, row.RowId, further.File.FileName);
            }
            else
            {
                LifeCycleLog.WholeAgain(log, options.NodeId, row.RowId, further.File.FileName);
            }
        }

        return (files, bytes, mismatches);
    }

    private async Task<bool> IsWholeAsync(InstanceFile file, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Limits.ScrubChunkBytes);
        try
        {
            using var digest = new FileDigest();
            await using var stream = surroundings.Disk.OpenRead(folders.PathOf(file.FileName));
            if (stream.Length != file.Length) return false;
            int count;
            while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                digest.Append(buffer.AsSpan(0, count));
                await RestAsync(count, cancellationToken);
            }

            return digest.Finish().Digest == file.Digest;
        }
        catch (StorageFaultException e) when (e.Fault == StorageFault.TooManyFiles)
        {
            // That says nothing of the file.
            throw;
        }
        catch (IOException)
        {
            // Gone, or the device cannot read it: no one will get it.
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task RestAsync(int count, CancellationToken cancellationToken)
    {
        var rest = _pace.Spend(count, surroundings.Time.GetElapsedTime(0));
        if (rest >= Limits.ScrubRestMin) await Task.Delay(rest, surroundings.Time, cancellationToken);
    }

    private ScrubProgress Marked()
    {
        _persistedAt = surroundings.Time.GetTimestamp();
        return Progress;
    }

    /// <summary>One process of several reads; where it begins, it goes on with what another left.</summary>
    private async Task<bool> HasDutyAsync(CancellationToken cancellationToken)
    {
        var has = await index.HasDutyAsync("scrub", cancellationToken);
        if (has && !_hasDuty && index.IsShared) await LoadAsync(cancellationToken);
        return _hasDuty = has;
    }

    private async Task RequireDutyAsync()
    {
        if (await HasDutyAsync(CancellationToken.None)) return;
        throw new StorageFaultException(
            StorageFault.InUse, "Another process of this archive reads the files: it is that one which is told so.");
    }

    private async Task TryPersistAsync()
    {
        if (index.IsShared && !_hasDuty) return;
        try
        {
            await index.WriteScrubAsync(Marked(), CancellationToken.None);
        }
        catch (StorageFaultException)
        {
            // The files since the last mark are read once more.
        }
    }

    /// <summary>Until a time, or a person's word; null: until that word alone.</summary>
    private async Task WaitAsync(Task woken, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        var left = until is { } time ? time - surroundings.Time.GetUtcNow() : Timeout.InfiniteTimeSpan;
        if (until is not null && left <= TimeSpan.Zero) return;
        // Timers end at 49 days; what is due later is looked at again then.
        if (left > Limits.ScrubWaitMax) left = Limits.ScrubWaitMax;
        try
        {
            await woken.WaitAsync(left, surroundings.Time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // The loop looks at why.
        }
    }

    private Task Woken
    {
        get
        {
            lock (_gate) return _woken.Task;
        }
    }

    private void Wake()
    {
        TaskCompletionSource woken;
        lock (_gate) (woken, _woken) = (_woken, New());
        woken.SetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
