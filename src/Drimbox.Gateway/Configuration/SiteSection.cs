using System.ComponentModel.DataAnnotations;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;

namespace Drimbox.Gateway.Configuration;

/// <summary>A site of an archive, as the configuration file writes it.</summary>
internal sealed record SiteSection : IValidatableObject
{
    /// <summary>For logs and for the administrator. No default.</summary>
    [Required, RegularExpression("[^/\\\\]{1,64}", ErrorMessage = "must have 1 to 64 characters without slashes")]
    public string Name { get; init; } = "";

    /// <summary>Calling AE titles of its modalities.</summary>
    public IReadOnlyList<string> Modalities { get; init; } = [];

    /// <summary>Calling AE title of its PACS. Default: none.</summary>
    [RegularExpression(OptionPatterns.AeTitle, ErrorMessage = OptionPatterns.AeTitleError)]
    public string? Pacs { get; init; }

    /// <summary>An AE can be of one site only, and once.</summary>
    public static IEnumerable<ValidationResult> Overlaps(IReadOnlyList<SiteSection> sites)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var title in sites.SelectMany(site => site.Modalities.Append(site.Pacs)).OfType<string>())
        {
            if (!seen.Add(title.Trim(' ')))
                yield return new ValidationResult($"{title.Trim(' ')}: is named twice", [nameof(ArchiveSection.Sites)]);
        }

        foreach (var name in sites.GroupBy(site => site.Name).Where(group => group.Count() > 1))
            yield return new ValidationResult($"{name.Key}: is named twice", [nameof(ArchiveSection.Sites)]);
    }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var title in Modalities)
        {
            if (!AeTitle.TryParse(title, out _))
                yield return new ValidationResult($"{title}: {OptionPatterns.AeTitleError}", [nameof(Modalities)]);
        }
    }

    public ArchiveSite ToSite() => new(
        Name, [.. Modalities.Select(title => AeTitle.Parse(title))], Pacs is null ? null : AeTitle.Parse(Pacs));
}
