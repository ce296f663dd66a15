using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;

namespace Drimbox.Load.Synthetic;

/// <summary>What a synthetic study is to be.</summary>
/// <param name="StudyInstanceUid">Of the study; all other UIDs follow from it and the seed.</param>
/// <param name="Patient">The INS is the patient id if there is one, else the local identifier.</param>
/// <param name="PerformedAt">Start of the examination, local time with its offset.</param>
public sealed record SyntheticStudyOrder(Uid StudyInstanceUid, Patient Patient, DateTimeOffset PerformedAt)
{
    /// <summary>Chooses the noise of the pixels, and with it the UIDs.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>CT, MR, CR or US (multi-frame).</summary>
    public string Modality { get; init; } = "CT";

    /// <summary>Instances in all, at least one.</summary>
    public int Instances { get; init; } = 60;

    /// <summary>The instances are dealt out evenly to so many series.</summary>
    public int Series { get; init; } = 1;

    public ushort Rows { get; init; } = 512;

    public ushort Columns { get; init; } = 512;

    /// <summary>Frames of a US image, at least one.</summary>
    public int Frames { get; init; } = 1;

    /// <summary>(0008,0050) and its authority, or null.</summary>
    public InstanceIdentifier? AccessionNumber { get; init; }

    public string StudyDescription { get; init; } = "TDM THORAX";

    public string InstitutionName { get; init; } = "CABINET D'IMAGERIE DES TILLEULS";

    public string BodyPartExamined { get; init; } = "CHEST";
}

/// <summary>
/// Images of a phantom with the headers of a real modality: CR, CT, MR and Ultrasound Multi-frame Image IOD (PS3.3 A.2,
/// A.3, A.4, A.7), 16 bits a pixel (US: 8), uncompressed. The same order gives the same bytes.
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
            SyntheticModality.Set(dataSet, order, number);
            SyntheticPixels.Set(dataSet, order, i);
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
        dataSet.SetString(Tag.SeriesDescription, order.Modality switch
        {
            "MR" => $"T1 TSE AX {series}",
            "CT" => $"AX 1.25 {series}",
            _ => $"SERIE {series}",
        });
        dataSet.SetString(Tag.BodyPartExamined, order.BodyPartExamined);
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
        dataSet.SetUid(Tag.SOPInstanceUID, DerivedUid(order, $"series {series} instance {number}"));
        dataSet.SetString(Tag.InstanceCreationDate, Date(acquiredAt));
        dataSet.SetString(Tag.InstanceCreationTime, Time(acquiredAt));
        dataSet.SetString(Tag.ContentDate, Date(acquiredAt));
        dataSet.SetString(Tag.ContentTime, Time(acquiredAt));
        dataSet.SetString(Tag.AcquisitionDate, Date(acquiredAt));
        dataSet.SetString(Tag.AcquisitionTime, Time(acquiredAt));
        dataSet.SetInt(Tag.AcquisitionNumber, 1);
        dataSet.SetInt(Tag.InstanceNumber, number);
    }

    internal static Uid DerivedUid(SyntheticStudyOrder order, string what)
    {
        var hash = SHA256.HashData(Encoding.ASCII.GetBytes($"{order.StudyInstanceUid} {order.Seed} {what}"));
        return Uid.FromGuid(new Guid(hash.AsSpan(0, 16)));
    }

    private static string Date(DateTimeOffset instant) => instant.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    private static string Time(DateTimeOffset instant) => instant.ToString("HHmmss", CultureInfo.InvariantCulture);
}
