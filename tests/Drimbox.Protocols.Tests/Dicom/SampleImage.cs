using Drimbox.Core.Identity;
using Drimbox.Dicom;

namespace Drimbox.Tests.Dicom;

/// <summary>A small multi-frame image with sequences, private elements and text beyond ASCII.</summary>
internal static class SampleImage
{
    internal static Uid SopInstanceUid { get; } = Uid.Parse("2.25.42");

    internal static DataSet Create()
    {
        var image = new DataSet();
        image.SetCharacterSet(CharacterSet.Latin1);
        image.SetUid(Tag.SOPClassUID, SopClass.UltrasoundMultiFrameImageStorage);
        image.SetUid(Tag.SOPInstanceUID, SopInstanceUid);
        image.SetString(Tag.StudyDate, "20260822");
        image.SetEmpty(Tag.AccessionNumber);
        image.SetString(Tag.Modality, "US");
        var code = new DataSet(image);
        code.SetString(Tag.CodeValue, "T1");
        code.SetString(Tag.CodeMeaning, "Échographie");
        // A patient in an item must not be taken for the patient of the image.
        code.SetString(Tag.PatientName, "AUTRE^PERSONNE");
        var other = new DataSet(image);
        other.SetSequence(Tag.ReferencedSeriesSequence, new DataSet(other));
        image.SetSequence(Tag.ProcedureCodeSequence, code, other);
        image.Set(new DataElement(new Tag(0x0009_0010), Vr.LO, "DRIMBOX "u8.ToArray()));
        image.Set(new DataElement(new Tag(0x0009_1001), Vr.UN, [1, 2, 3, 4]));
        image.SetString(Tag.PatientName, "PAT-TROIS^ZOÉ");
        image.SetString(Tag.PatientID, "IPP101");
        image.SetUid(Tag.StudyInstanceUID, Uid.Parse("1.2.3"));
        image.SetUid(Tag.SeriesInstanceUID, Uid.Parse("1.2.3.1"));
        image.SetInt(Tag.SamplesPerPixel, 1);
        image.SetInt(Tag.NumberOfFrames, 3);
        image.SetInt(Tag.Rows, 16);
        image.SetInt(Tag.Columns, 16);
        image.SetDouble(Tag.PixelSpacing, 0.5, 0.25);
        image.SetInt(Tag.BitsAllocated, 16);
        image.SetTags(Tag.FrameIncrementPointer, Tag.FrameTime);
        var pixels = new byte[16 * 16 * 3 * 2];
        new Random(7).NextBytes(pixels);
        image.SetBytes(Tag.PixelData, Vr.OW, pixels);
        return image;
    }
}
