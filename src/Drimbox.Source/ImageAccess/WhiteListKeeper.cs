using Drimbox.Core;
using Drimbox.Core.ImageAccess;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.ImageAccess;

/// <summary>Keeps the white list: asks for it every day, takes it if its signature holds and it is no older than the one
/// that is there, and goes on with the last good one otherwise, also after a restart (facts 1.7).</summary>
internal sealed class WhiteListKeeper(
    Func<CancellationToken, Task<byte[]>> fetch, WhiteListDocument reader, string keptFile, TimeProvider time, ILogger log)
{
    private WhiteList? _current;

    /// <summary>Null: there never was a good one.</summary>
    public WhiteList? Current => Volatile.Read(ref _current);

    /// <summary>Takes up the one of before the last stop, which must still hold.</summary>
    public void TakeUp()
    {
        if (!File.Exists(keptFile)) return;
        if (reader.TryRead(File.ReadAllBytes(keptFile), out var why) is { } kept) Volatile.Write(ref _current, kept);
        else SourceLog.WhiteListNotTaken(log, why);
    }

    /// <summary>Asks for it, until the stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var isTaken = await RefreshAsync(stop);
                await Task.Delay(isTaken ? Limits.WhiteListInterval : Limits.WhiteListRetryInterval, time, stop);
            }
        }
        catch (OperationCanceledException)
        {
            // The stop.
        }
    }

    /// <returns>False: the one that was there stays.</returns>
    public async Task<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        byte[] bytes;
        try
        {
            bytes = await fetch(cancellationToken);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or UnauthorizedAccessException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The last is a client that has waited for long enough.
            SourceLog.WhiteListNotTaken(log, e.Message);
            return false;
        }

        if (reader.TryRead(bytes, out var why) is not { } list)
        {
            SourceLog.WhiteListNotTaken(log, why);
            return false;
        }

        // An old one, played back, would let in who was taken off since.
        if (Current is { } current && list.GeneratedAt < current.GeneratedAt)
        {
            SourceLog.WhiteListNotTaken(log, "It is older than the one that is in force.");
            return false;
        }

        Keep(bytes);
        Volatile.Write(ref _current, list);
        SourceLog.WhiteListTaken(log, list.Entries.Count, list.GeneratedAt);
        return true;
    }

    private void Keep(byte[] bytes)
    {
        var next = keptFile + ".next";
        var disk = Disk.Real;
        disk.TryUnlink(next);
        using (var file = disk.Create(next))
        {
            file.Write(bytes);
            file.Sync();
        }

        disk.Rename(next, keptFile);
        disk.SyncDirectory(Path.GetDirectoryName(keptFile)!);
    }
}
