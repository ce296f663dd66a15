using System.Diagnostics.CodeAnalysis;
using Drimbox.Source;
using Drimbox.Source.Transfer;
using Drimbox.Storage;

namespace Drimbox.Gateway.Hosting;

/// <summary>How far an export or import of manifests is.</summary>
/// <param name="State">none, running, done, stopped, failed.</param>
/// <param name="Does">export or import.</param>
internal sealed record TransferStatus(
    string State,
    string? Does = null,
    string? Path = null,
    DateTimeOffset? BegunAt = null,
    DateTimeOffset? EndedAt = null,
    long Studies = 0,
    long Files = 0,
    long Bytes = 0,
    long Unchanged = 0,
    long Refused = 0,
    IReadOnlyList<string>? Problems = null,
    string? Error = null);

/// <summary>Exports and imports of the manifests of a source, one at a time, by the process itself.</summary>
internal sealed class TransferJob(string dataFolder, SourceNode source, TimeProvider time) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private CancellationTokenSource? _working;
    private Task _running = Task.CompletedTask;
    private TransferStatus _status = new("none");
    private TransferCount _count = new();

    public TransferStatus Status
    {
        get
        {
            lock (_gate)
            {
                return _status with
                {
                    Studies = _count.Studies,
                    Files = _count.Files,
                    Bytes = _count.Bytes,
                    Unchanged = _count.Unchanged,
                    Refused = _count.Refused,
                    Problems = _count.Problems is { Count: > 0 } problems ? problems : null,
                };
            }
        }
    }

    /// <summary>Begins to write out what is kept of the publications.</summary>
    /// <returns>Why not, or null.</returns>
    public string? TryExport(ExportOrder order)
    {
        var target = Path.GetFullPath(order.Path);
        return target == dataFolder || target.StartsWith(dataFolder + '/', StringComparison.Ordinal)
            ? "The path must not lie within the data folder."
            : TryBegin(
                "export", order.Path,
                (count, stop) => source.ExportManifestsAsync(order with { Path = target }, count, stop));
    }

    /// <inheritdoc cref="TryExport"/>
    public string? TryImport(string path) =>
        TryBegin("import", path, (count, stop) => source.ImportManifestsAsync(Path.GetFullPath(path), count, stop));

    /// <summary>Has what is running end; an export to a folder can be gone on with.</summary>
    /// <returns>Why not, or null.</returns>
    public string? TryStop()
    {
        lock (_gate)
        {
            if (_running.IsCompleted) return "Nothing is running.";
            _working!.Cancel();
            return null;
        }
    }

    /// <summary>Returns when what is running has ended, or after a while.</summary>
    public async Task WaitAsync(TimeSpan most, CancellationToken cancellation)
    {
        Task running;
        lock (_gate) running = _running;
        try
        {
            await running.WaitAsync(most, time, cancellation);
        }
        catch (TimeoutException)
        {
            // Who waits asks again.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _working?.Dispose();
        _stopping.Dispose();
    }

    private string? TryBegin(string does, string path, Func<TransferCount, CancellationToken, Task> work)
    {
        if (!Path.IsPathFullyQualified(path)) return "The path must be a full one.";
        lock (_gate)
        {
            if (!_running.IsCompleted)
                return "An export or import is under way: 'drimbox manifests transfer' shows it.";
            _working?.Dispose();
            _working = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            var (count, stop) = (_count = new TransferCount(), _working.Token);
            _status = new TransferStatus("running", does, path, time.GetUtcNow());
            _running = Task.Run(() => RunAsync(() => work(count, stop)), CancellationToken.None);
            return null;
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "The top of a worker: whoever asked for it is told.")]
    private async Task RunAsync(Func<Task> work)
    {
        var (state, error) = ("done", (string?)null);
        try
        {
            await work();
        }
        catch (OperationCanceledException)
        {
            state = "stopped";
        }
        catch (Exception e)
        {
            (state, error) = ("failed", e is TransferException or StorageFaultException ? e.Message : e.GetType().Name);
        }

        lock (_gate) _status = _status with { State = state, EndedAt = time.GetUtcNow(), Error = error };
    }
}
