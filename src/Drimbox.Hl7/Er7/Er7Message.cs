using Drimbox.Core;

namespace Drimbox.Hl7.Er7;

/// <summary>
/// An HL7 v2 message in ER7 (vertical bar) encoding, read in place: segments and fields are found once, values are
/// slices that are decoded when asked for, so that a document of many megabytes in OBX-5 is never copied.
/// Hostile input never throws. Source: HL7 v2.5.1 2.6.
/// </summary>
public sealed class Er7Message
{
    private readonly List<Entry> _segments = [];

    private readonly Dictionary<string, int> _occurrences = new(StringComparer.Ordinal);

    // Positions of the field separators, all segments one after the other.
    private readonly List<int> _marks = [];

    private Er7Message(ReadOnlyMemory<byte> bytes, Er7Separators separators)
    {
        Bytes = bytes;
        Separators = separators;
        Charset = Er7Charset.Utf8;
    }

    /// <summary>The message as it was received, from its MSH on.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    public Er7Separators Separators { get; }

    /// <summary>The character set of MSH-18; UTF-8 where the message names none that we know.</summary>
    public Er7Charset Charset { get; private set; }

    public int SegmentCount => _segments.Count;

    /// <summary>The MSH segment.</summary>
    public Er7Segment Header => new(this, 0);

    public IEnumerable<Er7Segment> Segments
    {
        get
        {
            for (var i = 0; i < _segments.Count; i++) yield return new Er7Segment(this, i);
        }
    }

    /// <summary>Reads a message.</summary>
    /// <param name="bytes">Kept, not copied; they must not change while the message is in use.</param>
    /// <param name="refusal">Why the message cannot be used although its header can be read; else null.</param>
    /// <returns>Null if there is no readable MSH: such bytes get no acknowledgement (HL7 v2.5.1 2.9.2). Otherwise the
    /// message, whose header can be acknowledged even if <paramref name="refusal"/> is set.</returns>
    public static Er7Message? TryRead(ReadOnlyMemory<byte> bytes, out Refusal? refusal)
    {
        refusal = null;
        if (bytes.Span.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
        {
            refusal = new Refusal(RefusalReason.Malformed, "A byte order mark stands before the message.");
            bytes = bytes[3..];
        }

        while (bytes.Length > 0 && bytes.Span[0] is (byte)'\r' or (byte)'\n') bytes = bytes[1..];
        if (!Er7Separators.TryRead(bytes.Span, out var separators)) return null;
        var message = new Er7Message(bytes, separators);
        refusal = message.Index() ?? refusal;
        return message;
    }

    /// <summary>The text at <paramref name="path"/> (<c>PID-3[2].4.2</c>), or the empty text.</summary>
    public string Get(string path) => At(Er7Path.Parse(path)).Text;

    /// <summary>The value at <paramref name="path"/>, or an absent one.</summary>
    public Er7Value At(Er7Path path) =>
        Find(path.Segment, path.Occurrence) is { } segment ? ValueIn(segment, path) : default;

    /// <summary>The value that <paramref name="path"/> names inside <paramref name="segment"/>, whatever its
    /// occurrence.</summary>
    public static Er7Value ValueIn(Er7Segment segment, Er7Path path)
    {
        if (path.Field == 0) return default;
        var field = segment[path.Field];
        if (path.Component == 0) return path.Repetition == 1 ? field : field.Repetition(path.Repetition);
        var component = field.Repetition(path.Repetition).Component(path.Component);
        return path.Subcomponent == 0 ? component : component.Subcomponent(path.Subcomponent);
    }

    /// <summary>Occurrence <paramref name="n"/>, from 1, of the segment <paramref name="name"/>.</summary>
    public Er7Segment? Find(string name, int n = 1)
    {
        for (var i = 0; i < _segments.Count; i++)
        {
            if (_segments[i].Occurrence == n && _segments[i].Name == name) return new Er7Segment(this, i);
        }

        return null;
    }

    /// <summary>Every segment of that name, in order.</summary>
    public IEnumerable<Er7Segment> All(string name) => Segments.Where(s => s.Name == name);

    /// <summary>How many segments of that name there are.</summary>
    public int CountOf(string name) => _occurrences.GetValueOrDefault(name);

    internal string NameOf(int index) => _segments[index].Name;

    internal int OccurrenceOf(int index) => _segments[index].Occurrence;

    internal int FieldCountOf(int index) =>
        _segments[index].MarkCount + (IsHeader(index) ? 1 : 0);

    internal Er7Value FieldOf(int index, int n)
    {
        var segment = _segments[index];
        if (IsHeader(index))
        {
            // HL7 v2.5.1 2.15.9.1: MSH-1 is the separator itself, so that the field after it is MSH-2.
            if (n == 1) return new Er7Value(this, Bytes.Slice(segment.Start + 3, 1), Er7Value.Level.Literal);
            n--;
        }

        if (n < 1 || n > segment.MarkCount) return default;
        var start = _marks[segment.FirstMark + n - 1] + 1;
        var end = n < segment.MarkCount ? _marks[segment.FirstMark + n] : segment.End;
        var level = IsHeader(index) && n == 1 ? Er7Value.Level.Literal : Er7Value.Level.Field;
        return new Er7Value(this, Bytes[start..end], level);
    }

    private static bool IsHeader(int index) => index == 0;

    private Refusal? Index()
    {
        var span = Bytes.Span;
        // HL7 v2.5.1 2.5.4: CR ends a segment. Files, and the senders that send files, have LF alone.
        var terminator = span.Contains((byte)'\r') ? (byte)'\r' : (byte)'\n';
        Refusal? refusal = null;
        for (var start = 0; start < span.Length;)
        {
            var length = span[start..].IndexOf(terminator);
            var end = length < 0 ? span.Length : start + length;
            var next = end + 1;
            while (start < end && span[start] == (byte)'\n') start++;
            if (start < end)
            {
                if (_segments.Count == Limits.Er7SegmentsMax) return OverLimit("segments", Limits.Er7SegmentsMax);
                refusal ??= Add(span, start, end);
                if (_segments.Count == 1) refusal ??= ReadCharset();
            }

            start = next;
        }

        if (span.Count(Separators.Repetition) > Limits.Er7RepetitionsMax)
            refusal ??= OverLimit("repetitions", Limits.Er7RepetitionsMax);
        if (!Charset.IsValid(span))
        {
            refusal ??= new Refusal(
                RefusalReason.DataType, "The bytes are not of the character set of MSH-18.", "MSH^1^18");
        }

        return refusal;
    }

    private Refusal? Add(ReadOnlySpan<byte> span, int start, int end)
    {
        Span<char> name = stackalloc char[3];
        for (var i = 0; i < 3; i++) name[i] = start + i < end ? (char)span[start + i] : '\0';
        var wellFormed = Er7Path.IsSegmentName(name)
            && (end == start + 3 || span[start + 3] == Separators.Field)
            && (_segments.Count == 0 || !name.SequenceEqual("MSH"));
        if (!wellFormed)
        {
            return new Refusal(
                RefusalReason.Malformed, $"Segment {_segments.Count + 1} does not begin with a segment name.");
        }

        var text = name.ToString();
        var occurrence = CountOf(text) + 1;
        _occurrences[text] = occurrence;
        var firstMark = _marks.Count;
        Refusal? refusal = null;
        for (var at = start + 3; at < end;)
        {
            if (_marks.Count - firstMark == Limits.Er7FieldsMax)
            {
                // The segment is kept up to here: if it is the header, it must still be answered.
                refusal = OverLimit("fields", Limits.Er7FieldsMax);
                end = at;
                break;
            }

            _marks.Add(at);
            var next = span[(at + 1)..end].IndexOf(Separators.Field);
            if (next < 0) break;
            at += 1 + next;
        }

        _segments.Add(new Entry(text, occurrence, start, end, firstMark, _marks.Count - firstMark));
        return refusal;
    }

    private Refusal? ReadCharset()
    {
        if (Er7Charset.For(Header[18].Text) is { } charset)
        {
            Charset = charset;
            return null;
        }

        return new Refusal(
            RefusalReason.TableValue, "MSH-18 is neither UNICODE UTF-8 nor 8859/15.", "MSH^1^18");
    }

    private static Refusal OverLimit(string what, int max) =>
        new(RefusalReason.OverLimit, $"More than {max} {what}.");

    private readonly record struct Entry(
        string Name, int Occurrence, int Start, int End, int FirstMark, int MarkCount);
}
