using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Drimbox.Core;

namespace Drimbox.Hl7.Pdf;

/// <summary>The objects of a file that <see cref="PdfObjects"/> wrote: one behind the other, uncompressed, and named by
/// the hash of all of them.</summary>
internal sealed class ReportPdfObjects
{
    private static readonly byte[] Start = [.. "%PDF-1.4\n%"u8, 0xE2, 0xE3, 0xCF, 0xD3, (byte)'\n'];

    // A page and its content, a link for each study, and a dozen beside them.
    private const int ObjectsMax = (2 * Limits.PrintedPagesMax) + Limits.ExaminationsPerRequestMax + 32;

    // The widths of all glyphs of the font are 24 KB, title and author of the file at most 16.
    private const int DictionaryBytesMax = 128 * 1024;

    private readonly List<(string Dictionary, ReadOnlyMemory<byte> Stream)> _objects = [];

    private ReportPdfObjects()
    {
    }

    /// <summary>The content streams of the pages in their order, or null if they are not as we write them.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? Pages
    {
        get
        {
            var tree = _objects.Find(o => o.Dictionary.StartsWith("<< /Type /Pages ", StringComparison.Ordinal));
            var kids = tree.Dictionary is null ? null : Between(tree.Dictionary, "/Kids [", "]");
            if (kids is null) return null;
            var pages = new List<ReadOnlyMemory<byte>>();
            foreach (var kid in kids.Split(" 0 R", StringSplitOptions.RemoveEmptyEntries))
            {
                if (pages.Count == Limits.PrintedPagesMax) return null;
                var page = Find(kid.Trim());
                var content = page is null ? null : Find(Between(page.Value.Dictionary, "/Contents ", " 0 R"));
                if (content is null) return null;
                pages.Add(content.Value.Stream);
            }

            return pages;
        }
    }

    /// <summary>What the codes of the text mean; empty if there is none.</summary>
    public ReadOnlyMemory<byte> ToUnicode =>
        _objects.Select(o => Find(Between(o.Dictionary, "/ToUnicode ", " 0 R"))?.Stream)
            .FirstOrDefault(stream => stream is not null) ?? default;

    /// <summary>What the file says beside its pages: the link, and the metadata. Title and author, which stand there,
    /// are printed too.</summary>
    public string Rest => string.Join('\n', _objects
        .Select(o => o.Dictionary.Contains("/Type /Metadata", StringComparison.Ordinal)
            ? Encoding.UTF8.GetString(o.Stream.Span)
            : o.Dictionary.Contains("/Type /Annot", StringComparison.Ordinal) ? o.Dictionary : ""));

    /// <returns>Null for a file that we did not write, or that was altered.</returns>
    public static ReportPdfObjects? TryRead(ReadOnlyMemory<byte> pdf)
    {
        var bytes = pdf.Span;
        if (bytes.Length > Limits.CdaBytesMax || !bytes.StartsWith(Start)) return null;
        var end = bytes.LastIndexOf("xref\n0 "u8);
        if (end <= 0) return null;
        var id = Convert.ToHexString(SHA256.HashData(bytes[..end]).AsSpan(0, 16));
        if (!bytes[end..].EndsWith(Encoding.ASCII.GetBytes($"/ID [<{id}> <{id}>] >>\nstartxref\n{end}\n%%EOF\n")))
            return null;

        var read = new ReportPdfObjects();
        var at = Start.Length;
        while (at < end)
        {
            if (read._objects.Count >= ObjectsMax || !read.TryReadObject(pdf[..end], ref at)) return null;
        }

        return read;
    }

    // N 0 obj\n<< … >>\nendobj\n, or with stream\n … \nendstream before endobj.
    private bool TryReadObject(ReadOnlyMemory<byte> file, ref int at)
    {
        var rest = file.Span[at..];
        var head = Encoding.ASCII.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"{_objects.Count + 1} 0 obj\n"));
        if (!rest.StartsWith(head)) return false;
        var begin = at + head.Length;
        var body = file.Span[begin..];
        var line = body.IndexOf("\nendobj\n"u8);
        if (line < 0) return false;
        var stream = body[..line].IndexOf(" >>\nstream\n"u8);
        if ((stream < 0 ? line : stream) > DictionaryBytesMax) return false;
        if (stream < 0)
        {
            _objects.Add((Encoding.Latin1.GetString(body[..line]), default));
            at = begin + line + "\nendobj\n".Length;
            return true;
        }

        var dictionary = Encoding.Latin1.GetString(body[..stream]) + " >>";
        if (!int.TryParse(
                Between(dictionary, "/Length ", " "), NumberStyles.None, CultureInfo.InvariantCulture, out var length))
        {
            return false;
        }

        var content = stream + " >>\nstream\n".Length;
        if (length > body.Length - content || !body[(content + length)..].StartsWith("\nendstream\nendobj\n"u8))
            return false;
        _objects.Add((dictionary, file.Slice(begin + content, length)));
        at = begin + content + length + "\nendstream\nendobj\n".Length;
        return true;
    }

    private (string Dictionary, ReadOnlyMemory<byte> Stream)? Find(string? number) =>
        int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0 && n <= _objects.Count
            ? _objects[n - 1]
            : null;

    private static string? Between(string text, string from, string to)
    {
        var begin = text.IndexOf(from, StringComparison.Ordinal);
        if (begin < 0) return null;
        begin += from.Length;
        var end = text.IndexOf(to, begin, StringComparison.Ordinal);
        return end < 0 ? null : text[begin..end];
    }
}
