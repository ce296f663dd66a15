using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;

namespace Drimbox.Emulators.Modality;

/// <summary>What a synthetic study is to be.</summary>
/// <param name="StudyInstanceUid">Of the study; all other UIDs follow from it and the seed.</param>
/// <param name="Patient">The INS is the patient id if there is one, else the local identifier.</param>
/// <param name="PerformedAt">Start of the examination, local time with its offset.</param>
public sealed record SyntheticStudyOrder(Uid StudyInstanceUid, Patient Patient, DateTimeOffset PerformedAt)
{
    /// <summary>Chooses the noise of the pixels, and with it the UIDs.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>CT or MR.</summary>
    public string Modality { get; init; } = "CT";

    /// <summary>Instances in all, at least one.</summary>
    public int Instances { get; init; } = 60;

    /// <summary>The instances are dealt out evenly to so many series.</summary>
    public int Series { get; init; } = 1;

    public ushort Rows { get; init; } = 512;

    public ushort Columns { get; init; } = 512;

    /// <summary>(0008,0050) and its authority, or null.</summary>
    public InstanceIdentifier? AccessionNumber { get; init; }

    public string StudyDescription { get; init; } = "TDM THORAX";

    public string InstitutionName { get; init; } = "CABINET D'IMAGERIE DES TILLEULS";

    public string BodyPartExamined { get; init; } = "CHEST";
}

/// <summary>
/// Images of a phantom with the headers of a real modality: CT Image and MR Image IOD (PS3.3 A.3, A.4), 16 bits,
/// uncompressed. The same order gives the same bytes.
/// </summary>
public static class SyntheticStudy
{
    /// <summary>The instances as DICOM files, Explicit VR Little Endian, made one by one as they are asked for.
    /// </summary>
    public static IEnumerable<byte[]> Files(SyntheticStudyOrder order) =>
        DataSets(order).Select(d => Part10Writer.ToBytes(d, TransferSyntax.ExplicitVRLittleEndian));

    /// <summary>The instances as data sets, made one by one as they are asked for.</summary>
    public static IEnumerable<DataSet> DataSets(SyntheticStudyOrder order)
    {
        var characterSet = CharacterSet.For(
            order.Patient.BirthName, order.Patient.FirstGivenName, order.StudyDescription, order.InstitutionName);
        var perSeries = (order.Instances + order.Series - 1) / order.Series;
        for (var i = 0; i < order.Instances; i++)
        {
            var dataSet = new DataSet();
            dataSet.SetCharacterSet(ReferenceEquals(characterSet, CharacterSet.Default)
                ? CharacterSet.Latin1
                : characterSet);
            var series = (i / perSeries) + 1;
            var number = (i % perSeries) + 1;
            SetPatientAndStudy(dataSet, order);
            SetSeries(dataSet, order, series);
            SetInstance(dataSet, order, series, number);
            if (order.Modality == "MR") SetMr(dataSet);
            else SetCt(dataSet);
            SetPixels(dataSet, order, i);
            yield return dataSet;
        }
    }

    private static void SetPatientAndStudy(DataSet dataSet, SyntheticStudyOrder order)
    {
        var patient = order.Patient;
        dataSet.SetString(Tag.PatientName, $"{patient.BirthName}^{patient.FirstGivenName}");
        if (patient.Ins is { } ins)
        {
            dataSet.SetString(Tag.PatientID, ins.Extension);
            SetIssuer(dataSet, "ASIP-SANTE-INS-NIR", ins.Root);
        }
        else
        {
            dataSet.SetString(Tag.PatientID, patient.LocalId?.Value);
            if (patient.LocalId is { } local) SetIssuer(dataSet, local.IssuerName, local.IssuerOid);
        }

        dataSet.SetString(Tag.PatientBirthDate, patient.BirthDate);
        dataSet.SetString(Tag.PatientSex, patient.Sex is "M" or "F" or "O" ? patient.Sex : null);
        dataSet.SetUid(Tag.StudyInstanceUID, order.StudyInstanceUid);
        dataSet.SetString(Tag.StudyDate, Date(order.PerformedAt));
        dataSet.SetString(Tag.StudyTime, Time(order.PerformedAt));
        dataSet.SetEmpty(Tag.ReferringPhysicianName);
        dataSet.SetString(Tag.StudyID, "1");
        dataSet.SetString(Tag.StudyDescription, order.StudyDescription);
        dataSet.SetString(Tag.AccessionNumber, order.AccessionNumber?.Extension);
        if (order.AccessionNumber is not { } accession) return;
        var issuer = new DataSet(dataSet);
        issuer.SetString(Tag.UniversalEntityID, accession.Root);
        issuer.SetString(Tag.UniversalEntityIDType, "ISO");
        dataSet.SetSequence(Tag.IssuerOfAccessionNumberSequence, issuer);
    }

    private static void SetIssuer(DataSet dataSet, string name, string oid)
    {
        if (name.Length > 0) dataSet.SetString(Tag.IssuerOfPatientID, name);
        if (oid.Length == 0) return;
        var qualifiers = new DataSet(dataSet);
        qualifiers.SetString(Tag.UniversalEntityID, oid);
        qualifiers.SetString(Tag.UniversalEntityIDType, "ISO");
        dataSet.SetSequence(Tag.IssuerOfPatientIDQualifiersSequence, qualifiers);
    }

    private static void SetSeries(DataSet dataSet, SyntheticStudyOrder order, int series)
    {
        var startedAt = order.PerformedAt.AddMinutes(series - 1);
        dataSet.SetString(Tag.Modality, order.Modality);
        dataSet.SetUid(Tag.SeriesInstanceUID, DerivedUid(order, $"series {series}"));
        dataSet.SetInt(Tag.SeriesNumber, series);
        dataSet.SetString(Tag.SeriesDate, Date(startedAt));
        dataSet.SetString(Tag.SeriesTime, Time(startedAt));
        dataSet.SetString(Tag.SeriesDescription, order.Modality == "MR" ? $"T1 TSE AX {series}" : $"AX 1.25 {series}");
        dataSet.SetString(Tag.BodyPartExamined, order.BodyPartExamined);
        dataSet.SetString(Tag.PatientPosition, "HFS");
        dataSet.SetUid(Tag.FrameOfReferenceUID, DerivedUid(order, "frame of reference"));
        dataSet.SetEmpty(Tag.PositionReferenceIndicator);
        dataSet.SetString(Tag.Manufacturer, "DRIMBOX");
        dataSet.SetString(Tag.ManufacturerModelName, "SYNTHETIC");
        dataSet.SetString(Tag.DeviceSerialNumber, "1");
        dataSet.SetString(Tag.SoftwareVersions, "1");
        dataSet.SetString(Tag.InstitutionName, order.InstitutionName);
        dataSet.SetString(Tag.StationName, $"{order.Modality}1");
        dataSet.SetString(Tag.ProtocolName, order.StudyDescription);
    }

    private static void SetInstance(DataSet dataSet, SyntheticStudyOrder order, int series, int number)
    {
        var acquiredAt = order.PerformedAt.AddMinutes(series - 1).AddSeconds(number);
        dataSet.SetUid(
            Tag.SOPClassUID, order.Modality == "MR" ? SopClass.MRImageStorage : SopClass.CTImageStorage);
        dataSet.SetUid(Tag.SOPInstanceUID, DerivedUid(order, $"series {series} instance {number}"));
        dataSet.SetString(Tag.InstanceCreationDate, Date(acquiredAt));
        dataSet.SetString(Tag.InstanceCreationTime, Time(acquiredAt));
        dataSet.SetString(Tag.ContentDate, Date(acquiredAt));
        dataSet.SetString(Tag.ContentTime, Time(acquiredAt));
        dataSet.SetString(Tag.AcquisitionDate, Date(acquiredAt));
        dataSet.SetString(Tag.AcquisitionTime, Time(acquiredAt));
        dataSet.SetStrings(Tag.ImageType, "ORIGINAL", "PRIMARY", order.Modality == "MR" ? "OTHER" : "AXIAL");
        dataSet.SetInt(Tag.AcquisitionNumber, 1);
        dataSet.SetInt(Tag.InstanceNumber, number);
        // PS3.3 C.7.6.2: a transverse plane; slices run towards the head.
        dataSet.SetDouble(Tag.SliceThickness, 1.25);
        dataSet.SetDouble(Tag.SpacingBetweenSlices, 1.25);
        dataSet.SetDouble(Tag.ImagePositionPatient, -175, -175, -200 + (1.25 * number));
        dataSet.SetInt(Tag.ImageOrientationPatient, 1, 0, 0, 0, 1, 0);
        dataSet.SetDouble(Tag.SliceLocation, -200 + (1.25 * number));
        dataSet.SetDouble(Tag.PixelSpacing, 0.6836, 0.6836);
    }

    private static void SetCt(DataSet dataSet)
    {
        dataSet.SetInt(Tag.KVP, 120);
        dataSet.SetInt(Tag.XRayTubeCurrent, 240);
        dataSet.SetInt(Tag.ExposureTime, 500);
        dataSet.SetDouble(Tag.GantryDetectorTilt, 0);
        dataSet.SetString(Tag.ConvolutionKernel, "STANDARD");
        // PS3.3 C.8.2.1: stored value 1024 is water, 0 HU.
        dataSet.SetInt(Tag.RescaleIntercept, -1024);
        dataSet.SetInt(Tag.RescaleSlope, 1);
        dataSet.SetString(Tag.RescaleType, "HU");
        dataSet.SetInt(Tag.WindowCenter, 40);
        dataSet.SetInt(Tag.WindowWidth, 400);
    }

    private static void SetMr(DataSet dataSet)
    {
        dataSet.SetString(Tag.ScanningSequence, "SE");
        dataSet.SetString(Tag.SequenceVariant, "SK");
        dataSet.SetEmpty(Tag.ScanOptions);
        dataSet.SetString(Tag.MRAcquisitionType, "2D");
        dataSet.SetInt(Tag.RepetitionTime, 550);
        dataSet.SetInt(Tag.EchoTime, 12);
        dataSet.SetInt(Tag.EchoTrainLength, 3);
        dataSet.SetDouble(Tag.MagneticFieldStrength, 1.5);
        dataSet.SetInt(Tag.FlipAngle, 90);
        dataSet.SetInt(Tag.WindowCenter, 1100);
        dataSet.SetInt(Tag.WindowWidth, 1800);
    }

    private static void SetPixels(DataSet dataSet, SyntheticStudyOrder order, int index)
    {
        dataSet.SetInt(Tag.SamplesPerPixel, 1);
        dataSet.SetString(Tag.PhotometricInterpretation, "MONOCHROME2");
        dataSet.SetInt(Tag.Rows, order.Rows);
        dataSet.SetInt(Tag.Columns, order.Columns);
        dataSet.SetInt(Tag.BitsAllocated, 16);
        dataSet.SetInt(Tag.BitsStored, 12);
        dataSet.SetInt(Tag.HighBit, 11);
        dataSet.SetInt(Tag.PixelRepresentation, 0);
        dataSet.SetBytes(Tag.PixelData, Vr.OW, Pixels(order, index));
    }

    // A body of water with two lungs and a spine that change along the body, with noise: it looks like a slice, and
    // compresses like one.
    private static byte[] Pixels(SyntheticStudyOrder order, int index)
    {
        int rows = order.Rows, columns = order.Columns;
        var bytes = new byte[rows * columns * 2];
        var pixels = MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan());
        var state = unchecked((uint)(order.Seed * 7919) ^ ((uint)index * 2654435761u)) | 1;
        var lung = 0.20 + (0.08 * Math.Sin(index * Math.PI / Math.Max(order.Instances, 2)));
        for (var y = 0; y < rows; y++)
        {
            var v = ((y + 0.5) / rows) - 0.5;
            for (var x = 0; x < columns; x++)
            {
                var u = ((x + 0.5) / columns) - 0.5;
                var value = 24;
                if (Square(u / 0.46) + Square(v / 0.34) < 1) value = 1064;
                if (Square((Math.Abs(u) - 0.2) / 0.15) + Square(v / lung) < 1) value = 190;
                if (Square(u / 0.05) + Square((v - 0.24) / 0.06) < 1) value = 1500;
                // Marsaglia's xorshift: fast, and the same everywhere.
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                pixels[(y * columns) + x] = (ushort)(value + (state & 0x1F));
            }
        }

        return bytes;
    }

    private static double Square(double value) => value * value;

    private static Uid DerivedUid(SyntheticStudyOrder order, string what)
    {
        var hash = SHA256.HashData(Encoding.ASCII.GetBytes($"{order.StudyInstanceUid} {order.Seed} {what}"));
        return Uid.FromGuid(new Guid(hash.AsSpan(0, 16)));
    }

    private static string Date(DateTimeOffset instant) => instant.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    private static string Time(DateTimeOffset instant) => instant.ToString("HHmmss", CultureInfo.InvariantCulture);
}
