using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Storage.Database;

namespace Drimbox.Storage;

/// <summary>The rows of quarantined files, inside a transaction.</summary>
internal static class QuarantineTable
{
    private const string Columns = """
        SELECT id, sop_instance_uid, sop_class_uid, study_instance_uid, series_instance_uid, transfer_syntax_uid,
               file_name, length, sha256, data_set_sha256, received_at, sender_ae, reason
        FROM quarantined_file
        """;

    public static void Insert(DatabaseConnection db, QuarantinedFile file) =>
        db.Use("""
            INSERT INTO quarantined_file (
                sop_instance_uid, sop_class_uid, study_instance_uid, series_instance_uid, transfer_syntax_uid, file_name,
                length, sha256, data_set_sha256, received_at, sender_ae, reason)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """)
            .Add(file.SopInstanceUid.ToString()).Add(file.SopClassUid.ToString())
            .Add(file.StudyInstanceUid.ToString()).Add(file.SeriesInstanceUid.ToString())
            .Add(file.TransferSyntaxUid.ToString()).Add(file.File.FileName).Add(file.File.Length)
            .AddBlob(Convert.FromHexString(file.File.Digest)).AddBlob(Convert.FromHexString(file.File.DataSetSha256))
            .Add(file.File.ReceivedAt).Add(file.File.SenderAe.ToString()).Add(file.Reason.ToString()).Run();

    /// <summary>True if the same bytes are in quarantine under the same UID.</summary>
    public static bool Has(DatabaseConnection db, QuarantinedFile file) =>
        db.Use("""
            SELECT 1 FROM quarantined_file
            WHERE sop_instance_uid = ? AND transfer_syntax_uid = ? AND data_set_sha256 = ? LIMIT 1
            """)
            .Add(file.SopInstanceUid.ToString()).Add(file.TransferSyntaxUid.ToString())
            .AddBlob(Convert.FromHexString(file.File.DataSetSha256)).LongOrNone() is not null;

    public static IReadOnlyList<QuarantinedFile> After(DatabaseConnection db, long rowId, int max)
    {
        var rows = db.Use(Columns + " WHERE id > ? ORDER BY id LIMIT ?").Add(rowId).Add(max);
        var files = new List<QuarantinedFile>();
        while (rows.Step()) files.Add(Read(rows));
        rows.Reset();
        return files;
    }

    public static QuarantinedFile? Find(DatabaseConnection db, long rowId)
    {
        var row = db.Use(Columns + " WHERE id = ?").Add(rowId);
        var file = row.Step() ? Read(row) : null;
        row.Reset();
        return file;
    }

    /// <returns>Its file, or null.</returns>
    public static string? Delete(DatabaseConnection db, long rowId) =>
        db.Use("DELETE FROM quarantined_file WHERE id = ? RETURNING file_name").Add(rowId).TextOrNone();

    private static QuarantinedFile Read(DatabaseStatement row) => new(
        row.Long(0), UidAt(row, 1), UidAt(row, 2), UidAt(row, 3), UidAt(row, 4), UidAt(row, 5),
        new InstanceFile(
            row.Text(6), row.Long(7), Convert.ToHexStringLower(row.Blob(8)), Convert.ToHexStringLower(row.Blob(9)),
            row.Time(10), AeTitle.TryParse(row.Text(11), out var sender) ? sender : default),
        Enum.Parse<QuarantineReason>(row.Text(12)));

    // What could not be read has no UIDs.
    private static Uid UidAt(DatabaseStatement row, int column) =>
        Uid.TryParse(row.Text(column), out var uid) ? uid : default;
}
