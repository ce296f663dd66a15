using Drimbox.Core.Identity;

namespace Drimbox.Dicom.Web;

/// <summary>A representation that can be given.</summary>
/// <param name="Type">The media type of the body or of each part: <c>application/dicom</c>.</param>
/// <param name="IsMultipart">In <c>multipart/related</c>.</param>
/// <param name="TransferSyntax">Its encoding; null where the media type has none to choose.</param>
/// <param name="IsDefault">It answers a range that names no transfer syntax (PS3.18 8.7.3.4).</param>
public sealed record OfferedMedia(string Type, bool IsMultipart, Uid? TransferSyntax = null, bool IsDefault = true)
{
    /// <summary>It answers the range <c>*/*</c> though it is no default: what is there, where no default can be
    /// made.</summary>
    public bool IsLastResort { get; init; }
}

/// <summary>What a user agent accepts. Source: PS3.18 8.7.5 to 8.7.8, RFC 9110 12.5.1.</summary>
public sealed class Acceptance
{
    private readonly IReadOnlyList<Range> _ranges;

    private Acceptance(IReadOnlyList<Range> ranges) => _ranges = ranges;

    /// <summary>No range is readable: nothing is acceptable.</summary>
    public bool IsEmpty => _ranges.Count == 0;

    /// <param name="accept">The Accept field, or the accept query parameter.</param>
    public static Acceptance Parse(string? accept)
    {
        var ranges = new List<Range>();
        foreach (var range in MediaType.ParseList(accept))
        {
            if (range.Type == "multipart") AddMultipart(ranges, range);
            else ranges.Add(new Range(range.Type, range.Subtype, range["transfer-syntax"], null, range.Quality));
        }

        // Of two for the same, the first counts; a range of all packings has no packing of its own.
        return new Acceptance(
            [.. ranges.Select(r => r is { Type: "*", IsMultipart: false } ? r with { IsMultipart = null } : r)]);
    }

    /// <summary>The best of what is offered.</summary>
    /// <param name="offers">In the order in which the server would rather give them.</param>
    /// <returns>Null if none is acceptable.</returns>
    public OfferedMedia? Choose(IEnumerable<OfferedMedia> offers)
    {
        OfferedMedia? best = null;
        double quality = 0;
        foreach (var offer in offers)
        {
            var weight = QualityOf(offer);
            if (weight > quality) (best, quality) = (offer, weight);
        }

        return best;
    }

    // RFC 9110 12.5.1: the most specific range that fits decides.
    private double QualityOf(OfferedMedia offer)
    {
        var specificity = -1;
        double quality = 0;
        foreach (var range in _ranges)
        {
            if (!range.Fits(offer) || range.Specificity <= specificity) continue;
            (specificity, quality) = (range.Specificity, range.Quality);
        }

        return quality;
    }

    private static void AddMultipart(List<Range> ranges, MediaType range)
    {
        // Without a type, or with an unreadable one, any: the parts name their own.
        if (!MediaType.TryParse(range["type"], out var part))
        {
            ranges.Add(new Range("*", "*", range["transfer-syntax"], true, range.Quality));
            return;
        }

        var syntax = range["transfer-syntax"] ?? part["transfer-syntax"];
        ranges.Add(new Range(part.Type, part.Subtype, syntax, true, range.Quality));
    }

    /// <param name="IsMultipart">Null: either.</param>
    private sealed record Range(string Type, string Subtype, string? Syntax, bool? IsMultipart, double Quality)
    {
        public int Specificity =>
            (Type == "*" ? 0 : Subtype == "*" ? 2 : 4) + (Syntax is null or "*" ? 0 : 1)
            + (IsMultipart is null ? 0 : 1);

        // A single part range is one unless it is */*.
        public bool Fits(OfferedMedia offer)
        {
            if (Type == "*" ? IsMultipart is not null && IsMultipart != offer.IsMultipart
                : (IsMultipart ?? false) != offer.IsMultipart) return false;
            var slash = offer.Type.IndexOf('/', StringComparison.Ordinal);
            if (Type != "*" && !offer.Type.AsSpan(0, slash).Equals(Type, StringComparison.OrdinalIgnoreCase))
                return false;
            if (Subtype != "*" && !offer.Type.AsSpan(slash + 1).Equals(Subtype, StringComparison.OrdinalIgnoreCase))
                return false;
            if (offer.TransferSyntax is null || Syntax == "*") return true;
            if (Syntax is null) return offer.IsDefault || (Type == "*" && offer.IsLastResort);
            return string.Equals(Syntax, offer.TransferSyntax.ToString(), StringComparison.Ordinal);
        }
    }
}
