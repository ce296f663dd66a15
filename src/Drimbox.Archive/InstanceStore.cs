using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Drimbox.Archive.Completeness;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Dicom;
using Drimbox.Dicom.Scp;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>Storage SCP of an archive: what lives as long as the node. Source: PS3.4 annex B.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A SemaphoreSlim that nobody asks for its handle holds nothing.")]
internal sealed class InstanceStore(
    ArchiveOptions options,
    ArchiveSurroundings surroundings,
    InstanceFolders folders,
    ArchiveIndex index,
    GroupSync sync,
    Arrivals arrivals,
    Rejections rejections,
    Duplicates duplicates,
    StudyTransfers transfers,
    ILogger log) : ICStoreScp
{
    private readonly ConcurrentBag<HeaderScanner> _scanners = [];
    private readonly ConcurrentQueue<(InsertResult.Inserted Row, string FileName)> _owed = [];
    private readonly SemaphoreSlim _takingBack = new(1);
    private long _markedTo = index.VerifiedTo;

    public string NodeId => options.NodeId;

    public Disk Disk => surroundings.Disk;

    public InstanceFolders Folders => folders;

    public GroupSync Sync => sync;

    public Arrivals Arrivals => arrivals;

    public ArchiveIndex Index => index;

    public Rejections Rejections => rejections;

    public StudyTransfers Transfers => transfers;

    public ILogger Log => log;

    public Duplicates Duplicates => duplicates;

    public ArchiveSites Sites => options.Sites;

    /// <summary>Null: nobody looks at the disk.</summary>
    public DiskWatch? Space { get; init; }

    /// <summary>Others see a row as soon as it is there, and rest promises on it: its file is durable before.</summary>
    public bool SyncsFirst => index.IsShared;

    public bool TakesInstances => Space?.TakesInstances ?? true;

    public IInstanceSink BeginStore(in CStoreRequest request) =>
        TakesInstances ? new InstanceSink(this, request) : RefusingSink.DiskNearlyFull;

    public HeaderScanner RentScanner(TransferSyntax syntax)
    {
        if (!_scanners.TryTake(out var scanner)) scanner = new HeaderScanner(HeaderScanner.IndexedTags);
        scanner.Reset(syntax);
        return scanner;
    }

    public void Return(HeaderScanner scanner) => _scanners.Add(scanner);

    /// <summary>Every so often, tells the index up to which row all have whole files, so that a start after a crash need
    /// not read them again.</summary>
    /// <param name="rowId">A row whose file is durable.</param>
    public async Task MarkAsync(long rowId)
    {
        if (index.IsShared) return;
        var marked = Interlocked.Read(ref _markedTo);
        if (rowId - marked < Limits.RowsPerMark) return;
        var whole = arrivals.WholeTo(rowId);
        if (whole > marked && Interlocked.CompareExchange(ref _markedTo, whole, marked) == marked)
            await index.MarkVerifiedAsync(whole, CancellationToken.None);
    }

    /// <summary>Takes back a row whose file did not become durable.</summary>
    /// <exception cref="StorageFaultException">The database does not take it now: it is asked again, and until it has, nothing
    /// more is stored.</exception>
    public Task TakeBackAsync(InsertResult.Inserted inserted, string fileName)
    {
        _owed.Enqueue((inserted, fileName));
        return TakeBackOwedAsync();
    }

    /// <summary>Takes back what could not be before. The same instance again would find such a row, and pass for
    /// stored.</summary>
    /// <inheritdoc cref="TakeBackAsync" path="/exception"/>
    public async Task TakeBackOwedAsync()
    {
        if (_owed.IsEmpty) return;
        await _takingBack.WaitAsync();
        try
        {
            // A stop before the end leaves no mark of a clean one, and the next start looks for these rows.
            index.DoubtFiles();
            while (_owed.TryPeek(out var owed))
            {
                // The row that was damaged before stands, and is damaged again.
                if (owed.Row.WasDamaged)
                    await index.MarkDamagedAsync(owed.Row.RowId, owed.FileName, true, CancellationToken.None);
                else await index.RemoveAsync([owed.Row.RowId], CancellationToken.None);
                _owed.TryDequeue(out _);
            }

            index.ConfirmFilesAreWhole();
        }
        finally
        {
            _takingBack.Release();
        }
    }

    /// <summary>Asks again for what is owed, until the stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Limits.TakeBackInterval, surroundings.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                try
                {
                    await TakeBackOwedAsync();
                }
                catch (StorageFaultException)
                {
                    // Not yet.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The stop.
        }
    }
}
