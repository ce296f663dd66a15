namespace Drimbox.Core.Manifests;

/// <summary>A code as DICOM writes it: PS3.3 table 8.8-1.</summary>
/// <param name="Value">(0008,0100).</param>
/// <param name="Scheme">(0008,0102): the Coding Scheme Designator, <c>DCM</c>.</param>
/// <param name="Meaning">(0008,0104).</param>
public sealed record CodedEntry(string Value, string Scheme, string Meaning);

/// <summary>What makes one kind of manifest differ from another; both are Key Object Selection documents (PS3.3
/// A.35.4). The kind of a file is seen from its title.</summary>
public sealed record ManifestProfile
{
    /// <summary>The manifest of the French flow: CI-SIS volet IMG-KOS, by its published samples.</summary>
    public static ManifestProfile DrimM { get; } = new()
    {
        Name = "drim-m",
        Title = new CodedEntry("113030", "DCM", "MANIFEST"),
        Source = "CI-SIS IMG-KOS",
    };

    /// <summary>The European one: IHE RAD Supplement MADO, Rev. 1.1 Trial Implementation (2026-03-16), 6.X.2, pages 41
    /// to 56. Its title is a code of IHE until DICOM CP-2595 has one (page 49).</summary>
    public static ManifestProfile Mado { get; } = new()
    {
        Name = "mado",
        Title = new CodedEntry("MADOTEMP001", "99IHE", "Manifest with Description"),
        Source = "IHE RAD MADO 6.X.2",
        Template = "2010",
        DescribesImages = true,
        LeadsToBaseUri = true,
        NamesAccessionOfStudy = true,
    };

    public static IReadOnlyList<ManifestProfile> All { get; } = [DrimM, Mado];

    /// <summary>As the configuration writes it.</summary>
    public required string Name { get; init; }

    /// <summary>(0040,A043): CID 7010, or a code in its place.</summary>
    public required CodedEntry Title { get; init; }

    /// <summary>Where its rules are written.</summary>
    public required string Source { get; init; }

    /// <summary>(0040,DB00) of the template that (0040,A504) names; null: it names none.</summary>
    public string? Template { get; init; }

    /// <summary>It has an Image Library (PS3.16 TID 1600), and with it attributes that nothing else asks for.</summary>
    public bool DescribesImages { get; init; }

    /// <summary>(0008,1190) is the base URI of the WADO-RS service, and (0040,E011) says whose; otherwise it is the
    /// address of the series.</summary>
    public bool LeadsToBaseUri { get; init; }

    /// <summary>(0008,0050) of the document has the accession number where there is only one; otherwise it is empty.
    /// </summary>
    public bool NamesAccessionOfStudy { get; init; }

    /// <summary>The profile of that name, or null.</summary>
    public static ManifestProfile? Find(string name) => All.FirstOrDefault(p => p.Name == name);

    /// <summary>The profile whose documents have that title, or null.</summary>
    public static ManifestProfile? Titled(string value, string scheme) =>
        All.FirstOrDefault(p => p.Title.Value == value && p.Title.Scheme == scheme);
}
