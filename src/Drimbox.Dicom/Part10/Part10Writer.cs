using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Dicom.Part10;

/// <summary>Writes DICOM files: preamble, prefix, file meta information, data set. Source: PS3.10 section 7.</summary>
public static class Part10Writer
{
    /// <summary>The part before the data set. The data set itself may then be copied as it arrived.</summary>
    /// <param name="transferSyntaxUid">That of the data set; it need not be one that this library knows.</param>
    /// <param name="source">Source Application Entity Title, or the default value.</param>
    /// <param name="sending">Sending Application Entity Title, or the default value.</param>
    public static byte[] Header(
        Uid sopClassUid, Uid sopInstanceUid, Uid transferSyntaxUid, AeTitle source = default, AeTitle sending = default)
    {
        var meta = new DataSet();
        // PS3.10 7.1: version 1 is bit 0 of the second byte.
        meta.SetBytes(Tag.FileMetaInformationVersion, Vr.OB, [0, 1]);
        meta.SetUid(Tag.MediaStorageSOPClassUID, sopClassUid);
        meta.SetUid(Tag.MediaStorageSOPInstanceUID, sopInstanceUid);
        meta.SetUid(Tag.TransferSyntaxUID, transferSyntaxUid);
        meta.SetUid(Tag.ImplementationClassUID, Implementation.ClassUid);
        meta.SetString(Tag.ImplementationVersionName, Implementation.VersionName);
        if (!source.IsEmpty) meta.SetString(Tag.SourceApplicationEntityTitle, source.ToString());
        if (!sending.IsEmpty) meta.SetString(Tag.SendingApplicationEntityTitle, sending.ToString());
        meta.SetInt(
            Tag.FileMetaInformationGroupLength, DataSetWriter.LengthOf(meta, TransferSyntax.ExplicitVRLittleEndian));

        // Zeros: a preamble of others may be a program (attack A7).
        var group = DataSetWriter.ToBytes(meta, TransferSyntax.ExplicitVRLittleEndian);
        var header = new byte[DicomFile.PreambleLength + DicomFile.Prefix.Length + group.Length];
        DicomFile.Prefix.CopyTo(header.AsSpan(DicomFile.PreambleLength));
        group.CopyTo(header.AsSpan(DicomFile.PreambleLength + DicomFile.Prefix.Length));
        return header;
    }

    /// <summary>The header for <paramref name="dataSet"/>, by its SOP Class and Instance UIDs, which must be there.
    /// </summary>
    public static byte[] Header(DataSet dataSet, TransferSyntax syntax, AeTitle source = default)
    {
        var sopClass = dataSet.GetUid(Tag.SOPClassUID);
        var sopInstance = dataSet.GetUid(Tag.SOPInstanceUID);
        Invariant.Holds(!sopClass.IsEmpty && !sopInstance.IsEmpty);
        return Header(sopClass, sopInstance, syntax.Uid, source);
    }

    public static byte[] ToBytes(DataSet dataSet, TransferSyntax syntax, AeTitle source = default) =>
        [.. Header(dataSet, syntax, source), .. DataSetWriter.ToBytes(dataSet, syntax)];

    public static void Write(DataSet dataSet, TransferSyntax syntax, Stream output, AeTitle source = default)
    {
        output.Write(Header(dataSet, syntax, source));
        DataSetWriter.Write(dataSet, syntax, output);
    }
}
