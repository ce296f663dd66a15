using System.Text;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Manifests;

/// <summary>What the text of a manifest says of one series.</summary>
/// <param name="Region">The anatomical region in words; may be empty.</param>
public sealed record SeriesCaption(Uid SeriesInstanceUid, string Modality, string Region, string Description);

/// <summary>The text under 113012 "Key Object Description", in the form of the national samples.</summary>
public static class ManifestText
{
    /// <summary><c>Examen : …</c>, <c>Acte = …</c>, then one line a series; each line ends with a line feed.
    /// </summary>
    /// <param name="exam">The description of the study.</param>
    /// <param name="acts">The acts in words, joined by <c> ; </c>.</param>
    public static string Compose(string exam, IReadOnlyList<string> acts, IReadOnlyList<SeriesCaption> series)
    {
        var text = new StringBuilder();
        text.Append("Examen : ").Append(exam).Append('\n');
        text.Append("Acte = ").AppendJoin(" ; ", acts).Append('\n');
        foreach (var one in series)
        {
            text.Append("Série-").Append(one.SeriesInstanceUid).Append(" : ").Append(one.Modality)
                .Append(" @").Append(one.Region).Append(" : ").Append(one.Description).Append('\n');
        }

        return text.ToString();
    }
}
