using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;

namespace Drimbox.Load.Instances;

/// <summary>A DICOM file as a template: its header is encoded anew, the rest is taken as it stands.</summary>
internal sealed record FileTemplate(InstanceTemplate Template, Uid StudyUid, Uid SeriesUid)
{
    /// <param name="inMemory">Bytes that are kept in memory so far: up to
    /// <see cref="Limits.LoadPayloadBytesMax"/> of a folder, the rest is read from the files.</param>
    /// <returns>Null with the reason if it cannot be sent under new UIDs.</returns>
    public static FileTemplate? TryRead(string path, Uid root, ref long inMemory, out string? fault)
    {
        if (!DicomFile.TryRead(path, out var file, out var refusal, Tag.PixelData))
        {
            fault = refusal!.Detail;
            return null;
        }

        var header = file!.DataSet;
        var study = header.GetUid(Tag.StudyInstanceUID);
        var series = header.GetUid(Tag.SeriesInstanceUID);
        fault = (file.TransferSyntax.IsDeflated, study.IsEmpty || series.IsEmpty) switch
        {
            (true, _) => "deflated transfer syntaxes are not sent.",
            (_, true) => "it has no Study or Series Instance UID.",
            _ => null,
        };
        if (header.GetUid(Tag.SOPClassUID).IsEmpty) fault ??= "it has no SOP Class UID.";
        if (fault is not null) return null;

        // What was read is written back byte for byte, so its length is where Pixel Data begins.
        var offset = file.DataSetOffset + DataSetWriter.LengthOf(header, file.TransferSyntax);
        if (PayloadOf(path, offset, file.TransferSyntax, ref inMemory) is not { } payload)
        {
            fault = "its header is not written as PS3.5 says, so it cannot be written again with another UID.";
            return null;
        }

        return new FileTemplate(
            InstanceTemplate.FromHeader(header, file.TransferSyntax, root, payload), study, series);
    }

    private static InstancePayload? PayloadOf(string path, long offset, TransferSyntax syntax, ref long inMemory)
    {
        using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        var length = RandomAccess.GetLength(file) - offset;
        if (length == 0) return InstancePayload.InMemory(default);
        var head = new byte[Math.Min(4, Math.Max(length, 0))];
        ReadOnlySpan<byte> pixelData = syntax.IsBigEndian ? [0x7F, 0xE0, 0x00, 0x10] : [0xE0, 0x7F, 0x10, 0x00];
        if (RandomAccess.Read(file, head, offset) != 4) return null;
        // Group 7FE0 is the last of an image, and its other elements (float pixels, offset tables) come before or
        // after the pixels as they stand.
        if (!head.AsSpan().SequenceEqual(pixelData) || length % 2 != 0) return null;
        if (inMemory + length > Limits.LoadPayloadBytesMax) return InstancePayload.FromFile(path, offset, length);
        var bytes = new byte[length];
        for (var read = 0; read < bytes.Length;)
        {
            var count = RandomAccess.Read(file, bytes.AsSpan(read), offset + read);
            if (count == 0) return null;
            read += count;
        }

        inMemory += length;
        return InstancePayload.InMemory(bytes);
    }
}
