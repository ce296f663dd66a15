using System.Security.Cryptography;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Sender;

/// <summary>A CT image that a seed decides: its length, and its pixels, which nothing compresses.</summary>
internal sealed class SeededInstance
{
    private SeededInstance(string uid, byte[] dataSet)
    {
        Uid = uid;
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(dataSet));
        Source = InstanceSource.FromMemory(
            dataSet, SopClass.CTImageStorage, Core.Identity.Uid.Parse(uid), TransferSyntax.ExplicitVRLittleEndian.Uid);
    }

    public string Uid { get; }

    /// <summary>Of the data set as it is sent, lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    public InstanceSource Source { get; }

    /// <summary>The study of an association: every association sends one.</summary>
    public static string StudyUid(int run, int lane) => $"1.2.826.0.{run + 1}.{lane + 1}";

    /// <param name="bytesMin">Smallest length of the pixels; lengths are spread evenly over their logarithm.</param>
    /// <param name="bytesMax">Largest length of the pixels.</param>
    public static SeededInstance Create(int run, int lane, int number, Random random, int bytesMin, int bytesMax)
    {
        var study = StudyUid(run, lane);
        var uid = $"{study}.1.{number + 1}";
        var length = (int)(bytesMin * Math.Pow((double)bytesMax / bytesMin, random.NextDouble())) & ~1;
        var pixels = new byte[length];
        random.NextBytes(pixels);
        var ct = new DataSet();
        ct.SetUid(Tag.SOPClassUID, SopClass.CTImageStorage);
        ct.SetString(Tag.SOPInstanceUID, uid);
        ct.SetString(Tag.StudyDate, "20260822");
        ct.SetString(Tag.Modality, "CT");
        ct.SetString(Tag.PatientName, "PAT-TROIS^DOMINIQUE");
        ct.SetString(Tag.PatientID, $"IPP{run + 1}-{lane + 1}");
        ct.SetString(Tag.StudyInstanceUID, study);
        ct.SetString(Tag.SeriesInstanceUID, $"{study}.1");
        ct.SetString(Tag.InstanceNumber, $"{number + 1}");
        ct.SetBytes(Tag.PixelData, Vr.OW, pixels);
        return new SeededInstance(uid, DataSetWriter.ToBytes(ct, TransferSyntax.ExplicitVRLittleEndian));
    }
}
