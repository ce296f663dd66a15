using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Pixels;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary>A file that holds an instance to send. It was read once, to its end, so its structure is whole.</summary>
internal sealed class SendableFile : InstanceSource
{
    private readonly long _offset;

    private SendableFile(string path, long length, DicomFile file)
        : base(file.DataSet.GetUid(Tag.SOPClassUID), file.DataSet.GetUid(Tag.SOPInstanceUID), file.TransferSyntax.Uid)
    {
        Path = path;
        Length = length;
        _offset = file.DataSetOffset;
        Syntax = file.TransferSyntax;
    }

    public string Path { get; }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    public TransferSyntax Syntax { get; }

    /// <summary>Explicit before implicit: it keeps the VRs of private elements.</summary>
    public static IReadOnlyList<Uid> UncompressedSyntaxes { get; } =
        [TransferSyntax.ExplicitVRLittleEndian.Uid, TransferSyntax.ImplicitVRLittleEndian.Uid];

    /// <summary>True if it can be sent in an uncompressed syntax without an image codec.</summary>
    public bool IsConvertible => Syntax.IsUncompressed || Syntax.IsDeflated || Syntax == TransferSyntax.RLELossless;

    /// <summary>Reads a file that may be sent.</summary>
    /// <param name="file">Null where there is nothing to send.</param>
    /// <param name="refusal">Why; null for a DICOMDIR, which is passed over in silence (PS3.10 8.6).</param>
    /// <param name="isDicom">False if it is not a DICOM file at all.</param>
    public static void Read(string path, out SendableFile? file, out Refusal? refusal, out bool isDicom)
    {
        file = null;
        var isWhole = DicomFile.TryRead(path, out var read, out refusal);
        isDicom = read is not null || refusal?.Location != "byte 128";
        if (!isWhole || read!.Meta.GetUid(Tag.MediaStorageSOPClassUID) == SopClass.MediaStorageDirectoryStorage) return;
        var length = new FileInfo(path).Length;
        if (read.DataSet.GetUid(Tag.SOPClassUID).IsEmpty || read.DataSet.GetUid(Tag.SOPInstanceUID).IsEmpty)
        {
            refusal = new Refusal(
                RefusalReason.RequiredFieldMissing, "The data set has no SOP Class UID or no SOP Instance UID.");
        }
        else if (((length - read.DataSetOffset) & 1) != 0)
        {
            refusal = new Refusal(RefusalReason.Malformed, "The data set has an odd number of bytes (PS3.5 7.1).");
        }
        else
        {
            file = new SendableFile(path, length, read);
        }
    }

    public override InstanceContent Open() =>
        FromFile(Path, _offset, SopClassUid, SopInstanceUid, TransferSyntaxUid).Open();

    /// <summary>What to send over <paramref name="association"/>: the file as it is, else converted, or null if the
    /// peer accepted nothing that fits.</summary>
    public SendingFile? For(Association association)
    {
        // Attack A6: deflated data sets are never sent as they are.
        if (!Syntax.IsDeflated && association.FindContext(SopClassUid, TransferSyntaxUid) is not null)
            return new SendingFile(this, TransferSyntaxUid);
        if (!IsConvertible) return null;
        foreach (var syntax in UncompressedSyntaxes)
        {
            if (association.FindContext(SopClassUid, syntax) is not null) return new SendingFile(this, syntax);
        }

        return null;
    }
}

/// <summary>A file on its way, in the transfer syntax that the peer takes.</summary>
internal sealed class SendingFile(SendableFile file, Uid syntax)
    : InstanceSource(file.SopClassUid, file.SopInstanceUid, syntax)
{
    public SendableFile File { get; } = file;

    /// <summary>Why it could not be opened, or converted; null if it could.</summary>
    public string? Fault { get; private set; }

    /// <exception cref="IOException">See <see cref="Fault"/>.</exception>
    public override InstanceContent Open()
    {
        try
        {
            return TransferSyntaxUid == File.TransferSyntaxUid ? File.Open() : Convert();
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            Fault = e.Message;
            throw new IOException(e.Message, e);
        }
    }

    private InstanceContent Convert()
    {
        if (!DicomFile.TryRead(File.Path, out var read, out var refusal)) throw new IOException(refusal!.Detail);
        Invariant.Holds(TransferSyntax.TryFind(TransferSyntaxUid, out var target));
        return TransferSyntaxConverter.TryOpen(read!.DataSet, target, out var content, out refusal)
            ? content
            : throw new InvalidDataException(refusal.Detail);
    }
}
