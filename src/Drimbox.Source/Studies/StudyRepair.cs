using Drimbox.Core.Identity;
using Drimbox.Core.Studies;

namespace Drimbox.Source.Studies;

/// <summary>What keeps the manifest of a study from the DMP, with what is expected and what is found, and how it can be
/// mended (DB.SO.21). It names identifiers of patients and orders: for the administrator alone.</summary>
/// <param name="Rule">The requirement: <c>DB.SO.17</c>.</param>
/// <param name="Expected">What the report says; empty where there is nothing to compare.</param>
/// <param name="Found">What the PACS says.</param>
/// <param name="Pacs">The PACS that it says so of, of several.</param>
/// <param name="Fix">What to do, as a sentence.</param>
public sealed record StudyRepair(
    Uid StudyInstanceUid,
    string Rule,
    WithheldReason? Reason,
    DateTimeOffset Since,
    string Expected,
    string Found,
    string? Pacs,
    string Fix)
{
    internal static IEnumerable<StudyRepair> Of(StudyOverview study)
    {
        if (study.Alert is { } alert)
        {
            yield return new StudyRepair(
                study.StudyInstanceUid, WithheldRules.Of(alert.Reason), alert.Reason, alert.Since, alert.Expected,
                alert.Found, study.Pacs, FixOf(study.StudyInstanceUid, alert));
        }

        if (study.Refused is { } refused)
        {
            yield return new StudyRepair(
                study.StudyInstanceUid, "DB.SO.21", null, refused.Since, "", refused.Detail ?? "", study.Pacs,
                $"See what the DMP refused with 'drimbox publications list source'; then 'drimbox studies retry "
                + $"{study.StudyInstanceUid}'.");
        }
    }

    private static string FixOf(Uid study, OpenAlert alert)
    {
        var then = $"then 'drimbox studies reevaluate {study}'.";
        return alert.Reason switch
        {
            WithheldReason.StudyAbsentFromPacs =>
                "Send the images to the PACS, or have the report sent again with the Study Instance UID that the PACS "
                + $"has, or withdrawn; {then}",
            WithheldReason.PatientMismatch =>
                $"Correct the patient id in the PACS from {Shown(alert.Found)} to {Shown(alert.Expected)}, or have the "
                + $"report sent again for the patient of the images; {then}",
            WithheldReason.AccessionMismatch =>
                $"Correct the accession number in the PACS from {Shown(alert.Found)} to {Shown(alert.Expected)}, or "
                + $"have the report sent again with {Shown(alert.Found)}; {then}",
            WithheldReason.PacsUnreachable =>
                "Set the PACS, or the way to it, right; it is asked again by itself.",
            WithheldReason.IncompleteForProfile =>
                $"Have the report sent again with {alert.Expected}, or complete the study in the PACS, whichever of them "
                + $"tells it; {then}",
            _ => throw Core.Invariant.Unreachable(alert.Reason),
        };
    }

    private static string Shown(string value) => value.Length == 0 ? "(none)" : value;
}
