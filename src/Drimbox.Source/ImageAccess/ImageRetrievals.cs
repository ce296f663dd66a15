using System.Collections;
using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Statistics;
using Drimbox.Grains.Audit;
using Drimbox.Source.Statistics;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.ImageAccess;

/// <summary>The retrievals under way, at most one for a key. Each has a spool of its own, which goes with its last
/// reader, or, where images are kept (DB.SO.40), when they are too old, too many, or not those of the study any more;
/// what a crash leaves of them goes at the next start.</summary>
internal sealed class ImageRetrievals : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<RetrievalKey, ImageRetrieval> _open = [];
    private readonly List<Task> _running = [];
    private readonly PacsMove _pacs;
    private readonly Disk _disk;
    private readonly string _folder;
    private readonly AuditTrail _audit;
    private readonly SourceStatistics _statistics;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ImageCacheOptions? _cache;
    private readonly ITimer? _looking;
    // C-MOVEs that are over, by their message ids. 8 KiB.
    private readonly BitArray _over = new(ushort.MaxValue + 1);
    private long _next;

    public ImageRetrievals(
        PacsMove pacs,
        Disk disk,
        string folder,
        ImageCacheOptions? cache,
        AuditTrail audit,
        SourceStatistics statistics,
        TimeProvider time,
        ILogger log)
    {
        (_pacs, _disk, _folder, _cache, _audit, _statistics, _time, _log) =
            (pacs, disk, folder, cache, audit, statistics, time, log);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        if (cache is not null)
        {
            _looking = time.CreateTimer(
                static state => ((ImageRetrievals)state!).Trim(), this, Limits.ImageCacheInterval,
                Limits.ImageCacheInterval);
        }
    }

    /// <summary>Takes part in the retrieval of a key, and begins it if there is none. Ends with <see
    /// cref="Leave"/>.</summary>
    /// <param name="patient">Of the study, for the audit trail.</param>
    /// <param name="pacs">The PACS that holds the study, of several.</param>
    /// <param name="revision">Of the images of the study: kept ones of another are not given out. Null: the PACS is
    /// asked, and what it sends is not kept.</param>
    public ImageRetrieval Join(RetrievalKey key, InstanceIdentifier? patient, string? pacs, int? revision)
    {
        lock (_gate)
        {
            // One that has failed is not joined: the PACS is asked anew.
            if (!_open.TryGetValue(key, out var retrieval) || retrieval.HasFailed || IsStale(retrieval, revision))
            {
                if (retrieval is { Readers: 0, HasEnded: true }) Remove(retrieval);
                var messageId = (ushort)(
                    Limits.ImageMoveIdFirst + (_next++ % (ushort.MaxValue - Limits.ImageMoveIdFirst)));
                _over[messageId] = false;
                var number = _next.ToString(CultureInfo.InvariantCulture);
                retrieval = new ImageRetrieval(
                    key, patient, pacs, revision, new ImageSpool(_disk, Path.Combine(_folder, number)), messageId);
                _open[key] = retrieval;
                _running.RemoveAll(task => task.IsCompleted);
                _running.Add(Task.Run(() => RunAsync(retrieval)));
            }

            retrieval.Readers++;
            return retrieval;
        }
    }

    public void Leave(ImageRetrieval retrieval)
    {
        lock (_gate)
        {
            if (--retrieval.Readers > 0) return;
            if (IsKept(retrieval))
            {
                retrieval.LeftAt = _time.GetUtcNow();
                Trim();
                return;
            }

            if (_open.GetValueOrDefault(retrieval.Key) == retrieval) _open.Remove(retrieval.Key);
            _over[retrieval.MessageId] = true;
            if (retrieval.HasEnded) Remove(retrieval);
            else retrieval.Abandon();
        }
    }

    /// <summary>Who waits for the images of a series; null: nobody, and they are not taken.</summary>
    /// <param name="move">The C-MOVE that an image says to be of, or null. Those of one that was given up belong to nobody:
    /// the series may be another by now.</param>
    public ImageRetrieval? Find(RetrievalKey key, ushort? move = null)
    {
        lock (_gate)
        {
            if (move is { } id && _over[id]) return null;
            return _open.GetValueOrDefault(key) is { HasEnded: false } retrieval ? retrieval : null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_looking is not null) await _looking.DisposeAsync();
        Task[] running;
        lock (_gate)
        {
            foreach (var retrieval in _open.Values.Where(r => !r.HasEnded || r.Readers > 0)) retrieval.Abandon();
            running = [.. _running];
        }

        await Task.WhenAll(running);
    }

    private async Task RunAsync(ImageRetrieval retrieval)
    {
        RetrievalFailedException? failure;
        try
        {
            failure = await _pacs.RunAsync(retrieval, _time);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            failure = new RetrievalFailedException($"The PACS: {e.GetType().Name}.", isTimeout: false);
        }

        try
        {
            if (_pacs.EventOf(_audit, retrieval, failure?.Message) is { } moved)
                await _audit.RecordAsync(moved, CancellationToken.None);
        }
        catch (StorageFaultException)
        {
            failure ??= new RetrievalFailedException("What the PACS sent could not be recorded.", isTimeout: false);
        }

        _statistics.Count(
            StatisticSubject.PacsRetrievals, failure is null ? null : failure.IsTimeout ? "TimedOut" : failure.Message);
        if (failure is not null) SourceLog.ImagesNotRetrieved(_log, StudyRef.Of(retrieval.Key.Study), failure.Message);
        lock (_gate)
        {
            retrieval.EndedAt = _time.GetUtcNow();
            _over[retrieval.MessageId] = true;
            retrieval.End(failure);
            if (retrieval.Readers == 0) Remove(retrieval);
        }
    }

    // One that is on its way is the newest that there is.
    private bool IsStale(ImageRetrieval retrieval, int? revision) => retrieval.HasEnded && retrieval.Readers == 0
        && (revision is null || revision != retrieval.Revision
            || _time.GetUtcNow() - retrieval.EndedAt > _cache!.Age);

    private bool IsKept(ImageRetrieval retrieval) =>
        _cache is not null && retrieval is { HasEnded: true, HasFailed: false, Revision: not null, Count: > 0 }
        && _open.GetValueOrDefault(retrieval.Key) == retrieval
        && (_cache.Modalities.Count == 0 || _cache.Modalities.Contains(retrieval.Modality, StringComparer.Ordinal));

    private void Trim()
    {
        lock (_gate)
        {
            var kept = _open.Values.Where(r => r is { HasEnded: true, Readers: 0 })
                .OrderByDescending(r => r.LeftAt).ToList();
            var (now, bytes) = (_time.GetUtcNow(), 0L);
            foreach (var retrieval in kept)
            {
                bytes += retrieval.Bytes;
                if (bytes <= _cache!.Bytes && now - retrieval.EndedAt <= _cache.Age) continue;
                bytes -= retrieval.Bytes;
                _open.Remove(retrieval.Key);
                Remove(retrieval);
            }
        }
    }

    private static void Remove(ImageRetrieval retrieval)
    {
        retrieval.Dispose();
        retrieval.Spool.Remove();
    }
}
