using System.Text.RegularExpressions;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Teleradiology.Reports;

namespace Drimbox.Teleradiology.Templates;

/// <summary>
/// The text that a report begins with. Words in braces are filled from the request and the examination
/// (<see cref="TemplateWords"/>); what is between double brackets, <c>[[Conclusion]]</c>, is a blank that the
/// radiologist fills: a report that still has one cannot be signed.
/// </summary>
/// <param name="Name">Lower case letters, digits and hyphens.</param>
/// <param name="Modalities">The modalities (DCM) that it is for; empty for all.</param>
/// <param name="Regions">The regions (SNOMED CT) that it is for; empty for all.</param>
public sealed partial record ReportTemplate(
    string Name, IReadOnlyList<string> Modalities, IReadOnlyList<string> Regions, ReportText Text)
{
    /// <summary>What it asks for the publication of its reports (<see cref="PublicationDefaults"/>). One that asks for
    /// something is never proposed by itself: somebody names it.</summary>
    public IReadOnlyList<PublicationDecision> Publication { get; init; } = [];

    /// <summary>What there is without any file. It says what was done, and leaves what was seen to the radiologist: no
    /// default of ours reads as a finding.</summary>
    public static ReportTemplate Default { get; } = new(
        "default", [], [],
        new ReportText(
            "{justification}", "{act}. {modality}, {region}. {products}", "[[Résultats]]", "[[Conclusion]]"));

    /// <summary>How well it fits, or null if it is for other examinations.</summary>
    internal int? FitFor(string modality, string region)
    {
        var forModality = Modalities.Count == 0 || Modalities.Contains(modality);
        var forRegion = Regions.Count == 0 || Regions.Contains(region);
        return forModality && forRegion ? (Modalities.Count > 0 ? 2 : 0) + (Regions.Count > 0 ? 1 : 0) : null;
    }

    /// <summary>The first blank that is left in a text, or null.</summary>
    internal static string? BlankIn(ReportText text)
    {
        foreach (var part in (string[])[text.Indication, text.Technique, text.Results, text.Conclusion])
        {
            if (Blank().Match(part) is { Success: true } blank) return blank.Value;
        }

        return null;
    }

    [GeneratedRegex(@"\[\[[^\[\]\n]*\]\]")]
    private static partial Regex Blank();
}

/// <summary>The words of a template, as the request and the examination say them.</summary>
internal static partial class TemplateWords
{
    private static readonly Dictionary<string, Func<PlatformRequestState, string>> Words =
        new(StringComparer.Ordinal)
        {
            ["justification"] = state => state.Request!.Justification,
            ["purposes"] = state => string.Join("\n", state.Request!.Purposes),
            ["modality"] = state => Listed(state.Modalities.Select(ReportNames.Of)),
            ["region"] = state => Listed(state.Regions.Select(region => ReportNames.Of(region.Region))),
            ["act"] = state => Listed(state.Examinations.Select(e => ReportNames.Of(e.Complement.Act))),
            ["products"] = state => string.Join(" ", state.Examinations
                .SelectMany(e => e.Complement.Products).Select(product => $"{ReportNames.Of(product)}.")),
            ["devices"] = state => string.Join(" ", state.Examinations
                .SelectMany(e => e.Complement.Devices).Select(device => $"{device.Model ?? device.Identifier}.")
                .Distinct()),
        };

    /// <summary>The word in braces that no template may have, or null.</summary>
    public static string? UnknownIn(string text) => Word().Matches(text)
        .Select(word => word.Groups[1].Value).FirstOrDefault(word => !Words.ContainsKey(word));

    /// <param name="state">Has a request.</param>
    public static ReportText Fill(ReportText text, PlatformRequestState state)
    {
        return text with
        {
            Indication = Of(text.Indication),
            Technique = Of(text.Technique),
            Results = Of(text.Results),
            Conclusion = Of(text.Conclusion),
        };

        // A value is not looked at again: what the RIS wrote in braces is no word of ours.
        string Of(string part) =>
            Word().Replace(part, word => Words[word.Groups[1].Value](state)).Trim();
    }

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names.Distinct());

    [GeneratedRegex(@"\{([a-z]+)\}")]
    private static partial Regex Word();
}
