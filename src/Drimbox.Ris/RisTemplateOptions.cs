using System.ComponentModel.DataAnnotations;
using Drimbox.Core.Reports;

namespace Drimbox.Ris;

/// <summary>A kind of document that users of the RIS write.</summary>
public sealed record RisTemplateOptions
{
    /// <summary>What it is called by: lower-case letters, digits and hyphens. No default.</summary>
    [Required, RegularExpression("[a-z0-9][a-z0-9-]{0,63}")]
    public string Name { get; init; } = "";

    /// <summary>Title of its documents where the user gives none. Default: that of the version before.</summary>
    public string? Title { get; init; }

    /// <summary>What it asks for the publication of its documents: Withhold, HideFromPatient,
    /// HideFromLegalRepresentatives, MaskFromProfessionals. Default: nothing, sent and visible.</summary>
    [Restrictions]
    public IReadOnlyList<PublicationDecision> Publication { get; init; } = [];
}
