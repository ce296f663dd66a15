using Drimbox.Core.Identity;

namespace Drimbox.Hl7.Cda;

/// <summary>An act that an imaging report describes: one study.</summary>
/// <param name="Code">LOINC.</param>
/// <param name="Modality">DCM.</param>
/// <param name="Region">SNOMED CT.</param>
/// <param name="Topography">A modifier of the region (SNOMED CT), or null.</param>
/// <param name="PerformedAt">As written (TS).</param>
public sealed record DescribedAct(
    Code Code, Code Modality, Code Region, Code? Topography, string PerformedAt, Uid StudyInstanceUid)
{
    /// <summary>Where the images are shown, or null.</summary>
    public string? ViewerUrl { get; init; }

    /// <summary>How long the images are kept, in days, or null. Source: teleradiology volet, DuréeRétentionImages: the
    /// report says it.</summary>
    public int? RetentionDays { get; init; }
}

/// <summary>What the sections of a level 3 report say. Source: CI-SIS IMG-CR-IMG 2024.01, PS3.20. Texts may have line
/// breaks.</summary>
/// <param name="Justification">Why the examination was asked for.</param>
/// <param name="Purposes">What it is to show.</param>
/// <param name="History">The patient's, as the request tells it.</param>
/// <param name="Acts">At least one: each is a section of its own. What <paramref name="Technique"/> says is said of all.
/// </param>
public sealed record StructuredBody(
    string Justification,
    IReadOnlyList<string> Purposes,
    IReadOnlyList<string> History,
    IReadOnlyList<DescribedAct> Acts,
    string Technique,
    string Results,
    string Conclusion);
