using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Drimbox.Hl7.Pdf;

/// <summary>The objects of a PDF 1.4 file, in the order of their numbers. Source: PDF Reference 1.4, 3.4. Nothing is
/// compressed: the bytes of a file then depend on its content alone, not on the version of a compressor.</summary>
internal sealed class PdfObjects
{
    private readonly List<byte[]> _objects = [];

    /// <summary>A number for an object that others name before it is known.</summary>
    public int Reserve()
    {
        _objects.Add([]);
        return _objects.Count;
    }

    public int Add(string value)
    {
        var number = Reserve();
        Set(number, value);
        return number;
    }

    public void Set(int number, string value) => _objects[number - 1] = Encoding.Latin1.GetBytes(value);

    /// <param name="entries">The entries of the stream dictionary beside Length.</param>
    public int AddStream(string entries, ReadOnlySpan<byte> content)
    {
        var number = Reserve();
        _objects[number - 1] =
        [
            .. Encoding.Latin1.GetBytes($"<< {entries} /Length {content.Length} >>\nstream\n"),
            .. content,
            .. "\nendstream"u8,
        ];
        return number;
    }

    /// <summary>The file; its identifier is made from its content.</summary>
    public byte[] ToFile(int catalog, int information)
    {
        using var file = new MemoryStream();
        // ISO 19005-1 6.1.2: a comment of at least four bytes above 127 after the header.
        file.Write("%PDF-1.4\n%"u8);
        file.Write([0xE2, 0xE3, 0xCF, 0xD3, (byte)'\n']);
        var offsets = new List<long>();
        for (var i = 0; i < _objects.Count; i++)
        {
            offsets.Add(file.Length);
            Write(file, $"{i + 1} 0 obj\n");
            file.Write(_objects[i]);
            Write(file, "\nendobj\n");
        }

        var id = Convert.ToHexString(SHA256.HashData(file.GetBuffer().AsSpan(0, (int)file.Length)).AsSpan(0, 16));
        var table = file.Length;
        // 3.4.3: each entry is exactly 20 bytes.
        Write(file, $"xref\n0 {offsets.Count + 1}\n0000000000 65535 f \n");
        foreach (var offset in offsets) Write(file, $"{offset:D10} 00000 n \n");
        Write(
            file,
            $"trailer\n<< /Size {offsets.Count + 1} /Root {catalog} 0 R /Info {information} 0 R "
            + $"/ID [<{id}> <{id}>] >>\nstartxref\n{table}\n%%EOF\n");
        return file.ToArray();
    }

    /// <summary>A text string: UTF-16 with its byte order mark, in hexadecimal (3.8.1).</summary>
    public static string TextString(string text) =>
        $"<FEFF{Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(text))}>";

    /// <summary>A literal string of ASCII characters (3.2.3).</summary>
    public static string LiteralString(string ascii) =>
        "(" + ascii.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("(", "\\(", StringComparison.Ordinal)
            .Replace(")", "\\)", StringComparison.Ordinal) + ")";

    /// <summary>A number without exponent.</summary>
    public static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    private static void Write(MemoryStream file, string text) => file.Write(Encoding.Latin1.GetBytes(text));
}
