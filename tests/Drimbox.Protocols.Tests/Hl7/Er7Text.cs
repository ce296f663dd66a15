using System.Text;
using Drimbox.Hl7.Er7;

namespace Drimbox.Tests.Hl7;

/// <summary>Edits messages as text, to put one defect into a good one.</summary>
internal static class Er7Text
{
    public static byte[] Bytes(string message) => Encoding.UTF8.GetBytes(message);

    public static Er7Message Read(string message)
    {
        var read = Er7Message.TryRead(Bytes(message), out var refusal);
        Assert.Null(refusal);
        Assert.NotNull(read);
        return read;
    }

    /// <summary>Puts <paramref name="raw"/> at <paramref name="path"/>; standard delimiters, first
    /// repetition.</summary>
    public static string Set(string message, string path, string raw)
    {
        var at = Er7Path.Parse(path);
        var lines = message.Split('\r');
        var line = Enumerable.Range(0, lines.Length).Where(i => lines[i].StartsWith(at.Segment,
            StringComparison.Ordinal))
            .ElementAt(at.Occurrence - 1);
        // MSH-1 is the separator itself.
        var index = at.Segment == "MSH" ? at.Field - 1 : at.Field;
        lines[line] = Replace(lines[line], '|', index, field =>
            at.Component == 0 ? raw : Replace(field, '^', at.Component - 1, component =>
                at.Subcomponent == 0 ? raw : Replace(component, '&', at.Subcomponent - 1, _ => raw)));
        return string.Join('\r', lines);
    }

    /// <summary>Takes away the n-th segment of a name.</summary>
    public static string Remove(string message, string segment, int occurrence = 1)
    {
        var lines = message.Split('\r').ToList();
        var line = Enumerable.Range(0, lines.Count).Where(i => lines[i].StartsWith(segment, StringComparison.Ordinal))
            .ElementAt(occurrence - 1);
        lines.RemoveAt(line);
        return string.Join('\r', lines);
    }

    /// <summary>Puts a segment behind the n-th segment of a name.</summary>
    public static string Insert(string message, string after, string line, int occurrence = 1)
    {
        var lines = message.Split('\r').ToList();
        var at = Enumerable.Range(0, lines.Count).Where(i => lines[i].StartsWith(after, StringComparison.Ordinal))
            .ElementAt(occurrence - 1);
        lines.Insert(at + 1, line);
        return string.Join('\r', lines);
    }

    private static string Replace(string text, char separator, int index, Func<string, string> change)
    {
        var parts = text.Split(separator).ToList();
        while (parts.Count <= index) parts.Add("");
        parts[index] = change(parts[index]);
        return string.Join(separator, parts);
    }
}
