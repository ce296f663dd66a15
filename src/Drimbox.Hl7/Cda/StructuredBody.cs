using Drimbox.Core.Identity;

namespace Drimbox.Hl7.Cda;

/// <summary>The act that an imaging report describes.</summary>
/// <param name="Code">LOINC.</param>
/// <param name="Modality">DCM.</param>
/// <param name="Region">SNOMED CT.</param>
/// <param name="Topography">A modifier of the region (SNOMED CT), or null.</param>
/// <param name="PerformedAt">As written (TS).</param>
public sealed record DescribedAct(
    Code Code, Code Modality, Code Region, Code? Topography, string PerformedAt, Uid StudyInstanceUid);

/// <summary>What the sections of a level 3 report say. Source: CI-SIS IMG-CR-IMG 2024.01, PS3.20. Texts may have line
/// breaks.</summary>
/// <param name="Justification">Why the examination was asked for.</param>
/// <param name="Purposes">What it is to show.</param>
/// <param name="History">The patient's, as the request tells it.</param>
/// <param name="ViewerUrl">Where the images are shown, or null.</param>
public sealed record StructuredBody(
    string Justification,
    IReadOnlyList<string> Purposes,
    IReadOnlyList<string> History,
    DescribedAct Act,
    string Technique,
    string Results,
    string Conclusion,
    string? ViewerUrl);
