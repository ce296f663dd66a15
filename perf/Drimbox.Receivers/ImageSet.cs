using Drimbox.Core.Identity;
using Drimbox.Dicom;

namespace Drimbox.Receivers;

/// <summary>A kind of image that the comparison sends: class, size and content are the same for every
/// receiver.</summary>
internal sealed record ImageSet(string Name, string Modality, Uid SopClass, int Rows, int Columns)
{
    private static readonly ImageSet[] All =
    [
        new("ct", "CT", Dicom.SopClass.CTImageStorage, 512, 512),
        new("mr", "MR", Dicom.SopClass.MRImageStorage, 128, 128),
        new("cr", "CR", Dicom.SopClass.ComputedRadiographyImageStorage, 2560, 2048),
    ];

    public static ImageSet Named(string name) =>
        Array.Find(All, set => set.Name == name) ?? throw new ArgumentException($"There is no set '{name}'.");

    /// <summary>A data set of 16-bit pixels: 512 KiB, 32 KiB and 10 MiB of them, and a header of a usual
    /// shape.</summary>
    public byte[] DataSetFor(Uid study, Uid series, Uid instance)
    {
        var dataSet = new DataSet();
        dataSet.SetUid(Tag.SOPClassUID, SopClass);
        dataSet.SetUid(Tag.SOPInstanceUID, instance);
        dataSet.SetString(Tag.StudyDate, "20260105");
        dataSet.SetString(Tag.StudyTime, "101500");
        dataSet.SetString(Tag.AccessionNumber, "A0001");
        dataSet.SetString(Tag.Modality, Modality);
        dataSet.SetString(Tag.ReferringPhysicianName, "");
        dataSet.SetString(Tag.PatientName, "PAT-TROIS^DOMINIQUE");
        dataSet.SetString(Tag.PatientID, "IPP103");
        dataSet.SetString(Tag.PatientBirthDate, "19790328");
        dataSet.SetString(Tag.PatientSex, "F");
        dataSet.SetUid(Tag.StudyInstanceUID, study);
        dataSet.SetUid(Tag.SeriesInstanceUID, series);
        dataSet.SetString(Tag.StudyID, "1");
        dataSet.SetString(Tag.SeriesNumber, "1");
        dataSet.SetString(Tag.InstanceNumber, "1");
        dataSet.SetInt(Tag.SamplesPerPixel, 1);
        dataSet.SetString(Tag.PhotometricInterpretation, "MONOCHROME2");
        dataSet.SetInt(Tag.Rows, Rows);
        dataSet.SetInt(Tag.Columns, Columns);
        dataSet.SetInt(Tag.BitsAllocated, 16);
        dataSet.SetInt(Tag.BitsStored, 12);
        dataSet.SetInt(Tag.HighBit, 11);
        dataSet.SetInt(Tag.PixelRepresentation, 0);
        var pixels = new byte[Rows * Columns * 2];
        new Random(1).NextBytes(pixels);
        for (var i = 1; i < pixels.Length; i += 2) pixels[i] &= 0x0F;
        dataSet.SetBytes(Tag.PixelData, Vr.OW, pixels);
        return DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian);
    }
}
