using System.Globalization;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Storage;

namespace Drimbox.Queries;

/// <summary>Studies of invented patients, each computed from its number and a seed: nothing is remembered, and a number
/// that was not stored is a key that misses. UIDs and identifiers are scattered, as those of many devices are, so that
/// no index is filled in its order.</summary>
internal sealed class Population(int seed)
{
    // A prime beyond every number in use: multiplying modulo a prime gives each number another one.
    private const long Prime = 999_999_937;

    private const int InstancesPerStudy = 3;
    private const int StudiesPerPatient = 4;
    private const int Days = 3_650;

    private static readonly DateTime FirstDay = new(2016, 1, 1);
    private static readonly string[] Onsets =
        ["B", "C", "D", "F", "G", "L", "M", "N", "P", "R", "S", "T", "V", "BR", "CH"];

    private static readonly string[] Vowels = ["A", "E", "I", "O", "U", "AN", "ON", "OU"];
    private static readonly string[] Given =
        ["ALIX", "CAMILLE", "CHARLIE", "CLAUDE", "DOMINIQUE", "EDEN", "LOU", "ZOÉ"];

    private static readonly string[] Modalities = ["CT", "MR", "US", "DX", "CR", "MG", "CT", "DX"];

    private readonly string _root = $"1.2.826.0.1.3680043.10.543.{seed}";

    public string StudyUid(long study) => $"{_root}.{Scatter(study, 736_878_713)}";

    public string AccessionNumber(long study) => $"A{Scatter(study, 512_345_677):D9}";

    public string PatientId(long study) => $"P{Scatter(PatientOf(study), 303_030_301):D9}";

    public string Date(long study) =>
        FirstDay.AddDays(Draw(study, 1, Days)).ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    public string Modality(long study) => Modalities[Draw(study, 2, Modalities.Length)];

    /// <summary>Family and given name; families of three syllables, 1.7 million of them, and not all as frequent.
    /// </summary>
    public string PatientName(long study)
    {
        var patient = PatientOf(study);
        var family = "";
        for (var i = 0; i < 3; i++)
        {
            // The lesser of two draws: the first syllables are the common ones.
            family += Onsets[Math.Min(Draw(patient, 10 + i, Onsets.Length), Draw(patient, 20 + i, Onsets.Length))];
            family += Vowels[Draw(patient, 30 + i, Vowels.Length)];
        }

        return $"{family}^{Given[Draw(patient, 40, Given.Length)]}";
    }

    /// <summary>The instances of a study, as the index takes them in.</summary>
    public IEnumerable<InstanceRecord> Records(long study)
    {
        var uid = StudyUid(study);
        var (date, modality) = (Date(study), Modality(study));
        var patient = new PatientAttributes(PatientId(study), "SITE", PatientName(study), "19790328", "O");
        var attributes = new StudyAttributes(
            Uid.Parse(uid), date, Time(study), AccessionNumber(study), $"S{study}", Description(modality),
            "MÉDECIN^ANNE");
        var seriesCount = 1 + Draw(study, 3, 2);
        for (var i = 0; i < InstancesPerStudy; i++)
        {
            var series = i % seriesCount;
            var instance = $"{uid}.{series}.{i}";
            yield return new InstanceRecord(
                patient, attributes,
                new SeriesAttributes(
                    Uid.Parse($"{uid}.{series}"), modality, $"{series + 1}", "Serie", date, Time(study)),
                new InstanceAttributes(
                    Uid.Parse(instance), SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid, $"{i + 1}",
                    0, 512, 512),
                new InstanceFile(
                    $"{study:x8}/{i}.dcm", 527_000, Hash(study, i), Hash(study, i + 100),
                    new DateTimeOffset(FirstDay, TimeSpan.Zero), AeTitle.Parse("MODALITY")));
        }
    }

    /// <summary>A small instance of a study, to be sent.</summary>
    public DataSet DataSet(long study, int instance)
    {
        var (uid, modality) = (StudyUid(study), Modality(study));
        var image = new DataSet();
        image.SetCharacterSet(CharacterSet.Latin1);
        image.SetUid(Tag.SOPClassUID, SopClass.CTImageStorage);
        image.SetString(Tag.SOPInstanceUID, $"{uid}.0.{instance}");
        image.SetString(Tag.StudyDate, Date(study));
        image.SetString(Tag.StudyTime, Time(study));
        image.SetString(Tag.AccessionNumber, AccessionNumber(study));
        image.SetString(Tag.Modality, modality);
        image.SetString(Tag.ReferringPhysicianName, "MÉDECIN^ANNE");
        image.SetString(Tag.StudyDescription, Description(modality));
        image.SetString(Tag.PatientName, PatientName(study));
        image.SetString(Tag.PatientID, PatientId(study));
        image.SetString(Tag.PatientBirthDate, "19790328");
        image.SetString(Tag.PatientSex, "O");
        image.SetString(Tag.StudyInstanceUID, uid);
        image.SetString(Tag.SeriesInstanceUID, $"{uid}.0");
        image.SetString(Tag.StudyID, $"S{study}");
        image.SetString(Tag.SeriesNumber, "1");
        image.SetString(Tag.InstanceNumber, $"{instance + 1}");
        image.SetInt(Tag.SamplesPerPixel, 1);
        image.SetString(Tag.PhotometricInterpretation, "MONOCHROME2");
        image.SetInt(Tag.Rows, 8);
        image.SetInt(Tag.Columns, 8);
        image.SetInt(Tag.BitsAllocated, 8);
        image.SetInt(Tag.BitsStored, 8);
        image.SetInt(Tag.HighBit, 7);
        image.SetInt(Tag.PixelRepresentation, 0);
        image.SetBytes(Tag.PixelData, Vr.OB, new byte[64]);
        return image;
    }

    /// <summary>A number below <paramref name="range"/>, of a thing and a purpose.</summary>
    public int Draw(long number, int purpose, int range)
    {
        unchecked
        {
            // SplitMix64.
            var z = ((ulong)number * 1_000_003UL) + ((ulong)purpose * 0x9E37_79B9_7F4A_7C15UL) + (ulong)seed;
            z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EBUL;
            return (int)((z ^ (z >> 31)) % (ulong)range);
        }
    }

    private static string Description(string modality) => $"Examen {modality}";

    private static string Hash(long study, int part) => $"{study:x32}{part:x32}";

    private static long PatientOf(long study) => study / StudiesPerPatient;

    private static long Scatter(long number, long factor) => (number + 1) * factor % Prime;

    private string Time(long study) => $"{Draw(study, 4, 24):D2}{Draw(study, 5, 60):D2}{Draw(study, 6, 60):D2}";
}
