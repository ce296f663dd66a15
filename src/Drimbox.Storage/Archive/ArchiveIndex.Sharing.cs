using System.Text.Json;
using Drimbox.Core;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <content>Several processes over one index (docs/adr/0040).</content>
public sealed partial class ArchiveIndex
{
    // Each transaction locks it: its statements are those of one process.
    private const string Whole = "index";

    private readonly ProcessSharing? _sharing;

    /// <summary>True if other processes may write to the index too, and to the folder: then a row promises a file that is
    /// durable from the moment on in which others see it.</summary>
    public bool IsShared => _sharing is not null;

    /// <summary>Now, on the clock of the database.</summary>
    public Task<DateTimeOffset> NowAsync(CancellationToken cancellationToken) =>
        _readers.ReadAsync(db => db.AskTime() ?? _clock.DatabaseNow(), cancellationToken);

    /// <inheritdoc cref="FlowStore.HasDutyAsync"/>
    public async Task<bool> HasDutyAsync(string duty, CancellationToken cancellationToken) =>
        _sharing is null || await _sharing.TryHoldAsync(duty, cancellationToken);

    /// <summary>Waits until no other process moves or unlinks files that rows named.</summary>
    /// <returns>None does until it is disposed; null: there is no other process.</returns>
    /// <exception cref="StorageFaultException">The server cannot be reached.</exception>
    public async Task<IDisposable?> HoldFilesAsync(CancellationToken cancellationToken) =>
        _sharing is null ? null : await _sharing.HoldAsync("files", cancellationToken);

    /// <summary>Those of the names that no row has, neither of an instance or a further file nor of the quarantine or a
    /// removal. Only where <see cref="IsShared"/>.</summary>
    public Task<IReadOnlyList<string>> FindUnnamedAsync(
        IReadOnlyList<string> fileNames, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<string>>(
            db =>
            {
                // One statement, so that what moves from one table to another is in one of them.
                var rows = db.Use("""
                    SELECT n.value FROM json_array_elements_text(CAST(?1 AS json)) n
                    WHERE NOT EXISTS (SELECT 1 FROM instance i WHERE i.file_name = n.value)
                      AND NOT EXISTS (SELECT 1 FROM further_file f WHERE f.file_name = n.value)
                      AND NOT EXISTS (SELECT 1 FROM quarantined_file q WHERE q.file_name = n.value)
                      AND NOT EXISTS (SELECT 1 FROM removed_file r WHERE r.file_name = n.value)
                    """).Add(JsonSerializer.Serialize(fileNames));
                var unnamed = new List<string>();
                while (rows.Step()) unnamed.Add(rows.Text(0));
                rows.Reset();
                return unnamed;
            },
            cancellationToken);

    private static void RequireClock(DatabaseConnection db, TimeProvider clock)
    {
        if (!db.IsShared || (clock.DatabaseNow() - db.AskTime()!.Value).Duration() < Limits.SharedArrivalAgeMax) return;
        throw new StorageFaultException(
            StorageFault.Other, "The clock of this machine and that of PostgreSQL are hours apart: set it first.");
    }

    /// <summary>A process that stood still may come to this after its file was swept for want of a row: what has waited for
    /// so long is not taken in (<see cref="Limits.SharedSweepAge"/>).</summary>
    private static void RequireYoung(DatabaseConnection db, InstanceFile file)
    {
        if (db.ServerTime is not { } now || FileStamp.Of(file.FileName) is not { } named) return;
        if (named >= now - Limits.SharedArrivalAgeMax) return;
        throw new StorageFaultException(
            StorageFault.Unresolved,
            "A file has a name that is too old for a row, by the clock of PostgreSQL: this process stood still, or its clock "
            + "is wrong.");
    }
}
