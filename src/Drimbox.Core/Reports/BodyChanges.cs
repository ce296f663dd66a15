namespace Drimbox.Core.Reports;

/// <summary>A section of a document, as a person reads it.</summary>
/// <param name="Title">As the document has it.</param>
public sealed record BodySection(string Title, string Text);

/// <summary>A file within a document: the PDF that is a level 1 body, or one attached to a level 3 body.</summary>
/// <param name="Sha256">Lower-case hexadecimal.</param>
public sealed record BodyFile(string MediaType, long Length, string Sha256);

/// <summary>What the body of a document says, as far as this program can read it.</summary>
/// <param name="Sections">Null where it cannot: a PDF of another maker, an image, a text over
/// <see cref="Limits.ReportCharactersMax"/>.</param>
/// <param name="Files">The files within it, in their order.</param>
public sealed record DocumentBody(IReadOnlyList<BodySection>? Sections, IReadOnlyList<BodyFile> Files);

/// <summary>What changed from one version of a report to another.</summary>
public sealed record ReportChanges(IReadOnlyList<VersionChange> Header, BodyChanges Body);

/// <summary>What changed in the body from one version of a report to another. It says what the reports say.</summary>
/// <param name="Text">The differences of the text; null where one of the two cannot be read as text: then the files
/// tell whether anything differs.</param>
/// <param name="Before">The files of the version before.</param>
/// <param name="After">The files of this version.</param>
public sealed record BodyChanges(
    IReadOnlyList<TextChange>? Text, IReadOnlyList<BodyFile> Before, IReadOnlyList<BodyFile> After)
{
    public static BodyChanges Between(DocumentBody before, DocumentBody after) => new(
        before.Sections is { } was && after.Sections is { } now ? TextOf(was, now) : null, before.Files, after.Files);

    // Sections are matched by their titles, those with one title by their order; what is left over was added or
    // removed.
    private static List<TextChange> TextOf(IReadOnlyList<BodySection> before, IReadOnlyList<BodySection> after)
    {
        var was = Numbered(before);
        var now = Numbered(after);
        var changes = new List<TextChange>();
        foreach (var (key, text) in was)
        {
            if (now.TryGetValue(key, out var then)) changes.AddRange(TextDiff.Between(key.Title, text, then));
            else if (!string.IsNullOrWhiteSpace(text)) changes.Add(TextDiff.Whole(key.Title, text, null));
        }

        changes.AddRange(now
            .Where(section => !was.ContainsKey(section.Key) && !string.IsNullOrWhiteSpace(section.Value))
            .Select(section => TextDiff.Whole(section.Key.Title, null, section.Value)));
        return changes;
    }

    private static OrderedDictionary<(string Title, int Number), string> Numbered(IReadOnlyList<BodySection> sections)
    {
        var result = new OrderedDictionary<(string Title, int Number), string>();
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var section in sections)
        {
            var number = counts[section.Title] = counts.GetValueOrDefault(section.Title) + 1;
            result.Add((section.Title, number), section.Text);
        }

        return result;
    }
}
