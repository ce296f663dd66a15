using System.Globalization;
using Drimbox.Core.Identity;
using Drimbox.Grains.Audit;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.ImageAccess;

/// <summary>The retrievals under way, at most one for a key. Each has a folder of its own, which goes with its last reader;
/// what a crash leaves of them goes at the next start.</summary>
internal sealed class ImageRetrievals : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<RetrievalKey, ImageRetrieval> _open = [];
    private readonly List<Task> _running = [];
    private readonly PacsMove _pacs;
    private readonly string _folder;
    private readonly AuditTrail _audit;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private long _next;

    public ImageRetrievals(PacsMove pacs, string folder, AuditTrail audit, TimeProvider time, ILogger log)
    {
        (_pacs, _folder, _audit, _time, _log) = (pacs, folder, audit, time, log);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
    }

    /// <summary>Takes part in the retrieval of a key, and begins it if there is none. Ends with <see cref="Leave"/>.</summary>
    /// <param name="patient">Of the study.</param>
    /// <param name="pacs">The PACS that holds the study, of several.</param>
    public ImageRetrieval Join(RetrievalKey key, InstanceIdentifier patient, string? pacs)
    {
        lock (_gate)
        {
            // One that has failed is not joined: the PACS is asked anew.
            if (!_open.TryGetValue(key, out var retrieval) || retrieval.HasFailed)
            {
                var number = (++_next).ToString(CultureInfo.InvariantCulture);
                retrieval = new ImageRetrieval(
                    key, patient, pacs, Directory.CreateDirectory(Path.Combine(_folder, number)).FullName);
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
            if (_open.GetValueOrDefault(retrieval.Key) == retrieval) _open.Remove(retrieval.Key);
            if (retrieval.HasEnded) Remove(retrieval);
            else retrieval.Abandon();
        }
    }

    /// <summary>Who waits for the images of a series; null: nobody, and they are not taken.</summary>
    public ImageRetrieval? Find(RetrievalKey key)
    {
        lock (_gate) return _open.GetValueOrDefault(key) is { HasEnded: false } retrieval ? retrieval : null;
    }

    public async ValueTask DisposeAsync()
    {
        Task[] running;
        lock (_gate)
        {
            foreach (var retrieval in _open.Values) retrieval.Abandon();
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

        if (failure is not null) SourceLog.ImagesNotRetrieved(_log, StudyRef.Of(retrieval.Key.Study), failure.Message);
        lock (_gate)
        {
            retrieval.End(failure);
            if (retrieval.Readers == 0) Remove(retrieval);
        }
    }

    private static void Remove(ImageRetrieval retrieval)
    {
        retrieval.Dispose();
        try
        {
            Directory.Delete(retrieval.Folder, recursive: true);
        }
        catch (IOException)
        {
            // The next start takes it away.
        }
    }
}
