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
    private readonly BackgroundWork _work = new(time);
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
        return BackgroundWork.IsWithin(dataFolder, target)
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
    public string? TryStop() => _work.TryStop() ? null : "Nothing is running.";

    /// <inheritdoc cref="BackgroundWork.WaitAsync"/>
    public Task WaitAsync(TimeSpan most, CancellationToken cancellation) => _work.WaitAsync(most, cancellation);

    public ValueTask DisposeAsync() => _work.DisposeAsync();

    private string? TryBegin(string does, string path, Func<TransferCount, CancellationToken, Task> work)
    {
        if (!Path.IsPathFullyQualified(path)) return "The path must be a full one.";
        var count = new TransferCount();
        return _work.TryBegin(
            () =>
            {
                lock (_gate)
                {
                    _count = count;
                    _status = new TransferStatus("running", does, path, time.GetUtcNow());
                }
            },
            stop => RunAsync(() => work(count, stop)))
            ? null
            : "An export or import is under way: 'drimbox manifests transfer' shows it.";
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
