using System.Buffers;
using System.Buffers.Text;
using Drimbox.Core;

namespace Drimbox.Hl7.Er7;

/// <summary>A component to be written: text, or subcomponents.</summary>
public readonly struct Er7Part
{
    private Er7Part(string? text, string?[]? subcomponents)
    {
        Text = text;
        Subcomponents = subcomponents;
    }

    internal string? Text { get; }

    internal string?[]? Subcomponents { get; }

    internal bool IsEmpty => string.IsNullOrEmpty(Text) && (Subcomponents?.All(string.IsNullOrEmpty) ?? true);

    public static implicit operator Er7Part(string? text) => new(text, null);

    /// <summary>A component with subcomponents, such as the authority of a CX: <c>NAME&amp;OID&amp;ISO</c>.</summary>
    public static Er7Part Of(params string?[] subcomponents) => new(null, subcomponents);
}

/// <summary>
/// Writes a message with the standard delimiters. Every value passes through the one encoder, so that no value can
/// make a delimiter, a segment or the end of a frame. Fields are written in ascending order, straight into the message.
/// </summary>
public sealed class Er7Writer(Er7Charset charset)
{
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private int _field;
    private bool _any;

    /// <summary>Begins a segment.</summary>
    public Er7Writer Segment(string name)
    {
        Invariant.Holds(Er7Path.IsSegmentName(name));
        if (_any) _buffer.Write("\r"u8);
        _any = true;
        foreach (var c in name) _buffer.Write([(byte)c]);
        _field = 0;
        if (name != "MSH") return this;
        // MSH-1 is the first separator, MSH-2 the others as they are.
        _buffer.Write(@"|^~\&"u8);
        _field = 2;
        return this;
    }

    /// <summary>Writes field <paramref name="field"/> with these components; trailing empty ones are left away, and
    /// so is a field without content.</summary>
    public Er7Writer Set(int field, params Er7Part[] components)
    {
        if (components.All(c => c.IsEmpty)) return this;
        Advance(field);
        Write(components);
        return this;
    }

    /// <summary>Writes a further repetition of the field written last, or its first if there is none.</summary>
    public Er7Writer Repeat(int field, params Er7Part[] components)
    {
        if (components.All(c => c.IsEmpty)) return this;
        if (_field == field) _buffer.Write("~"u8);
        else Advance(field);
        Write(components);
        return this;
    }

    /// <summary>Writes ED: <c>^type^subtype^Base64^data</c>.</summary>
    public Er7Writer SetEncapsulated(int field, string type, string? subtype, ReadOnlySpan<byte> content)
    {
        Set(field, null, type, subtype, "Base64");
        _buffer.Write("^"u8);
        var length = Base64.GetMaxEncodedToUtf8Length(content.Length);
        Base64.EncodeToUtf8(content, _buffer.GetSpan(Math.Max(length, 1)), out _, out var written);
        _buffer.Advance(written);
        return this;
    }

    /// <summary>Writes the value of another message, decoded and encoded again part by part: the other message may
    /// have other delimiters and another character set.</summary>
    public Er7Writer Copy(int field, Er7Value value)
    {
        if (value.IsEmpty) return this;
        foreach (var repetition in value.Repetitions)
        {
            Repeat(field, [.. repetition.Parts().Select(
                component => Er7Part.Of([.. component.Parts().Select(leaf => leaf.Text)]))]);
        }

        return this;
    }

    /// <summary>The message, with a CR behind each segment.</summary>
    public byte[] ToArray()
    {
        var message = new byte[_buffer.WrittenCount + 1];
        _buffer.WrittenSpan.CopyTo(message);
        message[^1] = (byte)'\r';
        return message;
    }

    private void Advance(int field)
    {
        Invariant.Holds(field > _field);
        for (; _field < field; _field++) _buffer.Write("|"u8);
    }

    private void Write(ReadOnlySpan<Er7Part> components)
    {
        var last = components.Length - 1;
        while (last > 0 && components[last].IsEmpty) last--;
        for (var i = 0; i <= last; i++)
        {
            if (i > 0) _buffer.Write("^"u8);
            if (components[i].Text is { } text) Er7Escape.Encode(text, charset, _buffer);
            if (components[i].Subcomponents is { } subcomponents) Write(subcomponents);
        }
    }

    private void Write(string?[] subcomponents)
    {
        var last = Array.FindLastIndex(subcomponents, s => !string.IsNullOrEmpty(s));
        for (var i = 0; i <= last; i++)
        {
            if (i > 0) _buffer.Write("&"u8);
            Er7Escape.Encode(subcomponents[i] ?? "", charset, _buffer);
        }
    }
}
