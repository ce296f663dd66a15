using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Drimbox.Core;

namespace Drimbox.Dicom.Json;

/// <summary>The DICOM JSON Model. Source: PS3.18 annex F; media type <c>application/dicom+json</c>.</summary>
public static class DicomJson
{
    // Letters of all scripts as they are; only what HTML gives a meaning is escaped.
    private static readonly JsonWriterOptions Compact =
        new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    private static readonly JsonWriterOptions Indented = Compact with { Indented = true };

    /// <summary>Writes one data set as an object. Text is UTF-8 whatever it was, and (0008,0005) says so; group
    /// lengths are left out (PS3.18 F.2.2).</summary>
    /// <param name="output">Its owner flushes it at the end. It is flushed on the way when much is pending, which for
    /// a writer over a stream writes to the stream without waiting: give it a buffer writer where that may not be.
    /// </param>
    /// <exception cref="EndOfStreamException">A value that lies in a file is no longer there.</exception>
    public static void Write(DataSet dataSet, Utf8JsonWriter output, DicomJsonOptions? options = null) =>
        new DicomJsonWriter(output, options ?? DicomJsonOptions.Default).Write(dataSet);

    /// <summary>Writes an array of objects, as DICOMweb answers have it.</summary>
    /// <inheritdoc cref="Write(DataSet, Utf8JsonWriter, DicomJsonOptions?)"/>
    public static void Write(IEnumerable<DataSet> dataSets, Utf8JsonWriter output, DicomJsonOptions? options = null)
    {
        output.WriteStartArray();
        foreach (var dataSet in dataSets) Write(dataSet, output, options);
        output.WriteEndArray();
    }

    /// <summary>One data set in UTF-8, for small ones.</summary>
    public static byte[] ToBytes(DataSet dataSet, DicomJsonOptions? options = null, bool indented = false)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var output = new Utf8JsonWriter(buffer, indented ? Indented : Compact)) Write(dataSet, output, options);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads one object. The data set has Specific Character Set ISO_IR 192 if it has text beyond ASCII or
    /// had that attribute.</summary>
    /// <param name="utf8">The whole text; how long it may be is for the caller to bound.</param>
    /// <param name="refusal">Why it is not readable, and at which attribute.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> utf8, out DataSet? dataSet, out Refusal? refusal, DicomJsonReadOptions? options = null)
    {
        var isRead = TryReadAll(utf8, out var all, out refusal, options);
        if (isRead && all.Count != 1)
        {
            refusal = new Refusal(RefusalReason.Cardinality, $"One data set is expected, {all.Count} are there.");
            isRead = false;
        }

        dataSet = isRead ? all[0] : null;
        return isRead;
    }

    /// <summary>Reads an array of objects, or a single object.</summary>
    /// <inheritdoc cref="TryRead"/>
    public static bool TryReadAll(
        ReadOnlySpan<byte> utf8,
        out IReadOnlyList<DataSet> dataSets,
        out Refusal? refusal,
        DicomJsonReadOptions? options = null)
    {
        var reader = new DicomJsonReader(options ?? DicomJsonReadOptions.Default);
        dataSets = reader.Read(utf8);
        refusal = reader.Refusal;
        return refusal is null;
    }

    /// <summary>For <see cref="DicomJsonOptions.BulkDataUri"/>: a value that lies in a file by the place in that file,
    /// <c>file:///a.dcm?offset=1520&amp;length=524288</c>; others inline.</summary>
    public static string? FileUri(BulkDataPlace place)
    {
        if (place.Element.Range is { } range) return FileUri(range.Path, range.Offset, range.Length);
        if (place.Element.Fragments is not { } fragments) return null;

        // The value field of encapsulated Pixel Data: each fragment behind an item tag, and a delimiter at the end.
        long length = 0;
        FileRange? first = null;
        long start = 0;
        foreach (var fragment in fragments)
        {
            length += 8;
            if (first is null && fragment.Range is { } found)
            {
                first = found;
                start = found.Offset - length;
            }

            length += fragment.Length;
        }

        return first is null ? null : FileUri(first.Path, start, length + 8);
    }

    private static string FileUri(string path, long offset, long length) =>
        $"{new Uri(Path.GetFullPath(path)).AbsoluteUri}?offset={offset}&length={length}";
}

/// <summary>A value that may be written elsewhere.</summary>
/// <param name="Element">The element; its length, or its fragments, say whether it is worth it.</param>
/// <param name="Path">Tags and item numbers from the data set on: <c>00081115/1/00091010</c>. Items count from 1.
/// </param>
public readonly record struct BulkDataPlace(DataElement Element, string Path);

/// <summary>Choices that PS3.18 annex F leaves to the writer.</summary>
public sealed record DicomJsonOptions
{
    public static DicomJsonOptions Default { get; } = new();

    /// <summary>Asked for each value of OB, OD, OF, OL, OV, OW, UN and for each one that lies in a file: its URI, or
    /// null to write it inline. Without it all are inline. Source: PS3.18 F.2.6.</summary>
    public Func<BulkDataPlace, string?>? BulkDataUri { get; init; }

    /// <summary>IS, DS, SV and UV as strings, which keeps their exact text; else they are numbers where they are
    /// numbers and safe from rounding. Default false. Source: PS3.18 F.2.3.</summary>
    public bool DecimalsAsStrings { get; init; }
}

/// <summary>How DICOM JSON is read.</summary>
public sealed record DicomJsonReadOptions
{
    public static DicomJsonReadOptions Default { get; } = new();

    /// <summary>The value behind a BulkDataURI, little endian, or null if there is none. Without it a BulkDataURI is
    /// refused: nothing is fetched by itself.</summary>
    public Func<string, byte[]?>? BulkData { get; init; }
}
