using System.Text;

namespace Drimbox.Tests.Flow;

/// <summary>A message kept as a file, written by hand, with <c>{{marks}}</c> to fill in.</summary>
internal static class Template
{
    /// <summary>The text of a file with its marks filled in; every mark must be given and every value used.</summary>
    public static string Fill(string file, params IEnumerable<(string Mark, string Value)> values)
    {
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Flow", file));
        foreach (var (mark, value) in values)
        {
            Assert.Contains("{{" + mark + "}}", text, StringComparison.Ordinal);
            text = text.Replace("{{" + mark + "}}", value, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("{{", text, StringComparison.Ordinal);
        return text;
    }

    /// <summary>ER7 for the wire: a file has a line a segment, a message a carriage return after each.</summary>
    public static byte[] ToWire(string er7) =>
        Encoding.UTF8.GetBytes(er7.ReplaceLineEndings("\r"));
}
