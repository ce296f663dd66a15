using System.Buffers;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Storage;

namespace Drimbox.Archive;

/// <summary>A file of the archive, read from its first byte to its last.</summary>
/// <param name="Record">Null if its header is not one that the archive takes.</param>
/// <param name="IsWhole">The structure is good to the last byte. What a crash cut off inside of compressed pixels has a
/// record and is not whole.</param>
internal sealed record FileScan(InstanceFile File, InstanceRecord? Record, bool IsWhole)
{
    private const int ChunkBytes = 128 * 1024;

    /// <param name="name">Relative to the folder of the node; what it tells is the time of arrival.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static FileScan Read(Disk disk, string nodeFolder, string name)
    {
        var path = Path.Combine(nodeFolder, name);
        var receivedAt = FileNames.RoleOf(name).ReceivedAt ?? disk.LastWrite(path);
        // Its structure to the last fragment of compressed pixels, which the scan of the header does not look at.
        var isWhole = DicomFile.TryRead(path, out var part10, out _);
        using var digest = new FileDigest();
        var scanner = part10 is not null ? new HeaderScanner(HeaderScanner.IndexedTags) : null;
        scanner?.Reset(part10!.TransferSyntax);
        var dataSetStart = part10?.DataSetOffset ?? long.MaxValue;
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        long length = 0;
        try
        {
            using var stream = disk.OpenRead(path);
            int count;
            while ((count = stream.Read(buffer, 0, ChunkBytes)) > 0)
            {
                var bytes = buffer.AsSpan(0, count);
                digest.Append(bytes);
                scanner?.Feed(bytes[(int)Math.Clamp(dataSetStart - length, 0, count)..]);
                length += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        var source = part10?.Meta.GetString(Tag.SourceApplicationEntityTitle);
        var (wholeFile, dataSet) = digest.Finish();
        var file = new InstanceFile(
            name, length, wholeFile, dataSet, receivedAt,
            AeTitle.TryParse(source, out var sender) ? sender : AeTitle.Parse("UNKNOWN"));
        // One whose length of the meta information is wrong was not written by us; its digest would not tell its data set.
        var isInstance = scanner is not null && digest.DataSetOffset == dataSetStart
            && scanner.Complete(length - dataSetStart) != ReadStatus.Failed
            && !scanner.GetUid(Tag.SOPInstanceUID).IsEmpty && !scanner.GetUid(Tag.SOPClassUID).IsEmpty
            && !scanner.GetUid(Tag.StudyInstanceUID).IsEmpty && !scanner.GetUid(Tag.SeriesInstanceUID).IsEmpty;
        return new FileScan(
            file, isInstance ? InstanceRecords.From(scanner!, part10!.TransferSyntax.Uid, file) : null, isWhole);
    }

    /// <summary>The file as one of the quarantine.</summary>
    public QuarantinedFile ToQuarantined(QuarantineReason reason) => Record is { } record
        ? ToQuarantined(record, IsWhole ? reason : QuarantineReason.Incomplete)
        : new QuarantinedFile(0, default, default, default, default, default, File, QuarantineReason.Incomplete);

    public static QuarantinedFile ToQuarantined(InstanceRecord record, QuarantineReason reason) => new(
        0, record.Instance.SopInstanceUid, record.Instance.SopClassUid, record.Study.StudyInstanceUid,
        record.Series.SeriesInstanceUid, record.Instance.TransferSyntaxUid, record.File, reason);
}
