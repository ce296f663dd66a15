using System.Globalization;
using Drimbox.Core.Manifests;

namespace Drimbox.Tests.Source;

/// <summary>Which PACS holds an examination.</summary>
internal enum HeldBy
{
    OwnArchive,
    Orthanc,
}

/// <param name="Frames">Of each image; 1 for all but US.</param>
internal sealed record SeriesPlan(string Modality, int Images, int Frames = 1);

/// <summary>A rejection note (RAD-66) that hides images of a study.</summary>
/// <param name="WholeSeries">All images of its last series with images, else the first image of its first series.
/// </param>
/// <param name="IsLate">It comes after the manifest was published.</param>
internal sealed record RejectionPlan(RejectionReason Reason, bool WholeSeries, bool IsLate);

/// <param name="KeyImageNotes">How many; each marks images of one or several series.</param>
/// <param name="DescriptionLength">Characters of the descriptions of the study and of its series.</param>
internal sealed record StudyPlan(IReadOnlyList<SeriesPlan> Series)
{
    public int KeyImageNotes { get; init; }

    public IReadOnlyList<RejectionPlan> Rejections { get; init; } = [];

    public int DescriptionLength { get; init; } = 20;
}

/// <summary>Who the images and the report are about.</summary>
/// <param name="BirthPlace">INSEE code; in Corsica it has a letter.</param>
internal sealed record PersonPlan(
    string BirthName, string GivenNames, string? UsedName, string BirthDate, string Sex, string BirthPlace)
{
    /// <summary>The matricule of such a person: a NIR with its key. Source: 97 minus the rest of the first thirteen
    /// digits by 97, where 2A and 2B count as 19 and 18.</summary>
    /// <param name="order">Distinguishes those who were born in one place and month, up to 999.</param>
    public string Ins(int order)
    {
        var nir = (Sex == "M" ? "1" : "2") + BirthDate[2..6] + BirthPlace
            + order.ToString("D3", CultureInfo.InvariantCulture);
        var digits = long.Parse(
            nir.Replace("2A", "19", StringComparison.Ordinal).Replace("2B", "18", StringComparison.Ordinal),
            CultureInfo.InvariantCulture);
        return nir + (97 - (digits % 97)).ToString("D2", CultureInfo.InvariantCulture);
    }
}

/// <summary>What a generated examination is to be. The first six are chosen so that each feature is among them; the
/// others are drawn.</summary>
/// <param name="Number">From 0; its patient, orders and documents are named by it.</param>
internal sealed record ExaminationPlan(
    int Number, HeldBy Pacs, PersonPlan Person, IReadOnlyList<StudyPlan> Studies)
{
    public const int Chosen = 6;

    private static readonly string[] Modalities = ["CT", "MR", "US", "CR"];

    // Within ISO 646, within Latin-1, and beyond.
    private static readonly string[] BirthNames =
        ["PAT-TROIS", "LE GOFF DE KER", "D'ÂMBRÉ", "GARCÍA-MUÑOZ", "LE GOÛFFÉ", "ŒUVRARD", "BŁASZCZYK", "PAT-QUATRE"];

    private static readonly string[] GivenNames =
        ["DOMINIQUE", "ÉLOÏSE MARIE", "FRANÇOIS NOËL JOSÉ", "MAËL", "ANNE-SOPHIE", "ZOÉ CHLOÉ", "JEAN"];

    private static readonly string[] BirthPlaces = ["63220", "75115", "2A004", "97411", "2B033"];

    /// <summary>Reports about the examination, at least one.</summary>
    public int Reports { get; init; } = 1;

    /// <summary>The images say who assigned their accession number.</summary>
    public bool HasAccessionIssuer { get; init; } = true;

    /// <summary>The PACS knows the patient by the INS, else by the number of the site.</summary>
    public bool IsIndexedByIns { get; init; }

    public static ExaminationPlan Of(int number, Random random)
    {
        var person = PersonOf(random);
        return number switch
        {
            0 => new ExaminationPlan(number, HeldBy.OwnArchive, person,
            [
                new StudyPlan([Series("CT", random), Series("CT", random)])
                {
                    Rejections = [new RejectionPlan(RejectionReason.Quality, WholeSeries: false, IsLate: true)],
                },
            ]),
            1 => new ExaminationPlan(
                number, HeldBy.Orthanc,
                person with { BirthName = "LE GOÛFFÉ", GivenNames = "FRANÇOIS NOËL JOSÉ", UsedName = "D'ÂMBRÉ" },
                [
                    new StudyPlan([Series("MR", random), Series("MR", random)])
                    {
                        KeyImageNotes = 1, DescriptionLength = 64,
                    },
                ]),
            2 => new ExaminationPlan(number, HeldBy.OwnArchive, person,
            [
                new StudyPlan([Series("US", random), Series("US", random)])
                {
                    KeyImageNotes = 2,
                    Rejections = [new RejectionPlan(RejectionReason.PatientSafety, WholeSeries: false, IsLate: false)],
                },
            ])
            {
                Reports = 2,
            },
            3 => new ExaminationPlan(
                number, HeldBy.Orthanc, person with { BirthName = "BŁASZCZYK", BirthPlace = "2A004" },
                [new StudyPlan([Series("CR", random)])])
            {
                HasAccessionIssuer = false, IsIndexedByIns = true,
            },
            4 => new ExaminationPlan(number, HeldBy.OwnArchive, person,
            [
                new StudyPlan([.. Modalities.Select(m => Series(m, random))])
                {
                    KeyImageNotes = 1,
                    Rejections =
                        [new RejectionPlan(RejectionReason.IncorrectWorklistEntry, WholeSeries: true, IsLate: false)],
                },
                new StudyPlan([Series("CR", random)]),
            ]),
            5 => new ExaminationPlan(number, HeldBy.OwnArchive, person,
            [
                new StudyPlan([Series("CT", random), Series("MR", random)])
                {
                    KeyImageNotes = 2,
                    DescriptionLength = 64,
                    Rejections =
                    [
                        new RejectionPlan(RejectionReason.DataRetentionPolicyExpired, WholeSeries: true, IsLate: true),
                    ],
                },
            ])
            {
                Reports = 3, HasAccessionIssuer = false,
            },
            _ => Drawn(number, person, random),
        };
    }

    private static ExaminationPlan Drawn(int number, PersonPlan person, Random random)
    {
        // Orthanc knows no rejection notes: it goes on showing what they reject.
        var pacs = random.Next(3) == 0 ? HeldBy.Orthanc : HeldBy.OwnArchive;
        var studies = Enumerable.Range(0, random.Next(4) == 0 ? 2 : 1).Select(_ => new StudyPlan(
            [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Series(Modalities[random.Next(4)], random))])
        {
            KeyImageNotes = random.Next(3),
            DescriptionLength = random.Next(2) == 0 ? 64 : random.Next(1, 64),
            Rejections = pacs == HeldBy.Orthanc ? [] : [.. Enum.GetValues<RejectionReason>()
                .Where(_ => random.Next(4) == 0)
                .Select(reason => new RejectionPlan(reason, random.Next(2) == 0, random.Next(3) == 0))],
        });
        return new ExaminationPlan(number, pacs, person, [.. studies])
        {
            Reports = random.Next(1, 4),
            HasAccessionIssuer = random.Next(3) > 0,
            IsIndexedByIns = random.Next(4) == 0,
        };
    }

    private static PersonPlan PersonOf(Random random) => new(
        BirthNames[random.Next(BirthNames.Length)],
        GivenNames[random.Next(GivenNames.Length)],
        random.Next(2) == 0 ? BirthNames[random.Next(BirthNames.Length)] : null,
        new DateOnly(1930, 1, 1).AddDays(random.Next(30_000)).ToString("yyyyMMdd", CultureInfo.InvariantCulture),
        random.Next(2) == 0 ? "M" : "F",
        BirthPlaces[random.Next(BirthPlaces.Length)]);

    private static SeriesPlan Series(string modality, Random random) => modality switch
    {
        "US" => new SeriesPlan("US", random.Next(2, 4), random.Next(2, 9)),
        "CR" => new SeriesPlan("CR", random.Next(2, 4)),
        _ => new SeriesPlan(modality, random.Next(3, 12)),
    };
}
