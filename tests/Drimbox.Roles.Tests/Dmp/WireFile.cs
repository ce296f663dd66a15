using System.Text;

namespace Drimbox.Tests.Dmp;

/// <summary>A message kept as a file, written by hand from the standards.</summary>
internal static class WireFile
{
    /// <summary>The bytes of the file; a MIME message gets the CRLF that version control takes away.</summary>
    public static byte[] Read(string name, params (string Mark, string Value)[] values)
    {
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Dmp", name));
        foreach (var (mark, value) in values)
        {
            Assert.Contains("{{" + mark + "}}", text, StringComparison.Ordinal);
            text = text.Replace("{{" + mark + "}}", value, StringComparison.Ordinal);
        }

        if (name.EndsWith(".mime", StringComparison.Ordinal))
            text = text.ReplaceLineEndings("\r\n");
        return Encoding.UTF8.GetBytes(text);
    }
}
