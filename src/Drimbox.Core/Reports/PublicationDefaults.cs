using System.ComponentModel.DataAnnotations;
using Drimbox.Core.Publications;

namespace Drimbox.Core.Reports;

/// <summary>What a kind of document asks for its publication from the beginning, as a forensic report that is not sent.
/// It only restricts: that a report goes to the DMP and is seen there is the default of every kind that says nothing,
/// and none can say it for others. It is an initial choice of the document; a professional may decide otherwise.
/// </summary>
public static class PublicationDefaults
{
    /// <summary>True for what a kind of document may ask for.</summary>
    public static bool IsRestriction(PublicationDecision decision) => decision is PublicationDecision.Withhold
        or PublicationDecision.HideFromPatient or PublicationDecision.HideFromLegalRepresentatives
        or PublicationDecision.MaskFromProfessionals;

    /// <summary>The choices of a document with the restrictions of its kind.</summary>
    public static PublicationChoices Restrict(
        PublicationChoices choices, IEnumerable<PublicationDecision> restrictions) =>
        restrictions.Aggregate(choices, static (chosen, restriction) => restriction switch
        {
            PublicationDecision.Withhold => chosen with { ToDmp = false },
            // CDA volet, INVISIBLE_PATIENT: what the patient does not see is not sent to the patient by MSSanté.
            PublicationDecision.HideFromPatient => chosen with
            {
                Visibility = chosen.Visibility | Visibility.InvisibleToPatient, ToPatient = false,
            },
            PublicationDecision.HideFromLegalRepresentatives => chosen with
            {
                Visibility = chosen.Visibility | Visibility.InvisibleToLegalRepresentatives,
            },
            PublicationDecision.MaskFromProfessionals => chosen with
            {
                Visibility = chosen.Visibility | Visibility.MaskedFromProfessionals,
            },
            _ => throw Invariant.Unreachable(restriction),
        });

    /// <summary>Both restrictions: what one of the two hides stays hidden.</summary>
    public static PublicationChoices Restrict(PublicationChoices choices, PublicationChoices further) => choices with
    {
        ToDmp = choices.ToDmp && further.ToDmp,
        Visibility = choices.Visibility | further.Visibility,
        ToPatient = choices.ToPatient && !further.Visibility.HasFlag(Visibility.InvisibleToPatient),
    };
}

/// <summary>A list of restrictions (<see cref="PublicationDefaults"/>).</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RestrictionsAttribute() : ValidationAttribute(
    "only restricts: Withhold, HideFromPatient, HideFromLegalRepresentatives, MaskFromProfessionals")
{
    public override bool IsValid(object? value) =>
        value is IEnumerable<PublicationDecision> decisions && decisions.All(PublicationDefaults.IsRestriction);
}
