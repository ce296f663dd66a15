namespace Drimbox.Core.Studies;

/// <summary>What does not fit between a report and the images that it is about.</summary>
/// <param name="Expected">What the report says: an identifier, for the administrator alone.</param>
/// <param name="Found">What the PACS says.</param>
public sealed record Incoherence(WithheldReason Reason, string Expected, string Found);

/// <summary>What the administrator must mend (DB.SO.21). It opens with the first answer of the PACS that does not fit,
/// and closes once: when the manifest can be made, when another reason takes its place, or when no report counts any
/// more. Messages between do not repeat it, and neither does a restart.</summary>
/// <param name="Expected">What the report says.</param>
/// <param name="Found">What the PACS said when it was last asked.</param>
public sealed record OpenAlert(WithheldReason Reason, string Expected, string Found, DateTimeOffset Since)
{
    /// <summary>The alert after the manifest was withheld, or null.</summary>
    internal static OpenAlert? After(OpenAlert? before, ManifestWithheld e)
    {
        // A PACS that is away says nothing about what it held before, and of no study that it is this one's matter.
        if (e.Reason == WithheldReason.PacsUnreachable && (before is not null || e.IsOutage is true)) return before;
        var since = before?.Reason == e.Reason ? before.Since : e.RecordedAt;
        return new OpenAlert(e.Reason, e.Expected, e.Found, since);
    }
}
