namespace Drimbox.Hl7.Er7;

/// <summary>A field, repetition, component or subcomponent: a slice of the message, read when it is asked for.
/// The default value is an absent one.</summary>
public readonly struct Er7Value
{
    private readonly Er7Message? _message;
    private readonly Level _level;

    internal Er7Value(Er7Message message, ReadOnlyMemory<byte> raw, Level level)
    {
        _message = message;
        Raw = raw;
        _level = level;
    }

    internal enum Level
    {
        /// <summary>Not divided and without escapes: MSH-1 and MSH-2.</summary>
        Literal,
        Subcomponent,
        Component,
        Repetition,
        Field,
    }

    /// <summary>The bytes as they stand in the message, escapes and inner delimiters included; not copied.</summary>
    public ReadOnlyMemory<byte> Raw { get; }

    /// <summary>True if nothing stands here. The HL7 null (<c>""</c>) is not empty.</summary>
    public bool IsEmpty => Raw.IsEmpty;

    /// <summary>True for the HL7 null: "delete what you have" (HL7 v2.5.1 2.5.3.2).</summary>
    public bool IsNull => Raw.Span.SequenceEqual("\"\""u8);

    /// <summary>True if something stands here: not the HL7 null, and more than delimiters and spaces.</summary>
    public bool HasContent
    {
        get
        {
            if (_message is null || IsEmpty || IsNull) return false;
            var separators = _message.Separators;
            return Raw.Span.ContainsAnyExcept(
                [separators.Component, separators.Subcomponent, separators.Repetition, (byte)' ']);
        }
    }

    /// <summary>The decoded text of the first leaf: <c>PID-5</c> is read as <c>PID-5[1].1.1</c>. An absent value and
    /// the HL7 null give the empty text.</summary>
    public string Text
    {
        get
        {
            if (_message is null || Raw.IsEmpty) return "";
            if (_level == Level.Literal) return _message.Charset.GetString(Raw.Span);
            var leaf = Subcomponent(1).Raw.Span;
            return leaf.SequenceEqual("\"\""u8) ? "" : Er7Escape.Decode(leaf, _message.Separators, _message.Charset);
        }
    }

    /// <summary><see cref="Text"/> without surrounding spaces: for codes and identifiers, where they mean
    /// nothing.</summary>
    public string Code => Text.Trim();

    /// <summary>The whole value as text, for FT, TX and ST: an unescaped component delimiter in it is a character that
    /// somebody typed, and cutting there would lose text. Repetitions are lines.</summary>
    public string FreeText
    {
        get
        {
            if (_message is not { } message || IsNull) return "";
            return string.Join('\n', Repetitions.Select(
                r => Er7Escape.Decode(r.Raw.Span, message.Separators, message.Charset)));
        }
    }

    /// <summary>The repetitions of a field, at least one.</summary>
    public IReadOnlyList<Er7Value> Repetitions
    {
        get
        {
            if (_message is null || _level != Level.Field) return [this];
            var list = new List<Er7Value>(1);
            var rest = Raw;
            while (true)
            {
                var at = rest.Span.IndexOf(_message.Separators.Repetition);
                list.Add(new Er7Value(_message, at < 0 ? rest : rest[..at], Level.Repetition));
                if (at < 0) return list;
                rest = rest[(at + 1)..];
            }
        }
    }

    /// <summary>Repetition <paramref name="n"/> of a field, from 1.</summary>
    public Er7Value Repetition(int n) =>
        _message is null ? default
        : _level == Level.Field ? Part(_message.Separators.Repetition, n, Level.Repetition)
        : n == 1 ? this : default;

    /// <summary>Component <paramref name="n"/>, from 1, of the first repetition.</summary>
    public Er7Value Component(int n) => _level switch
    {
        _ when _message is null => default,
        Level.Field => Repetition(1).Component(n),
        Level.Repetition => Part(_message.Separators.Component, n, Level.Component),
        _ => n == 1 ? this : default,
    };

    /// <summary>Subcomponent <paramref name="n"/>, from 1, of the first component.</summary>
    public Er7Value Subcomponent(int n) => _level switch
    {
        _ when _message is null => default,
        Level.Field or Level.Repetition => Component(1).Subcomponent(n),
        Level.Component => Part(_message.Separators.Subcomponent, n, Level.Subcomponent),
        _ => n == 1 ? this : default,
    };

    /// <summary>How many parts the next division has: repetitions of a field, components of a repetition.</summary>
    internal IEnumerable<Er7Value> Parts()
    {
        if (_message is null) yield break;
        var separators = _message.Separators;
        var (separator, below) = _level switch
        {
            Level.Field => (separators.Repetition, Level.Repetition),
            Level.Repetition => (separators.Component, Level.Component),
            _ => (separators.Subcomponent, Level.Subcomponent),
        };
        var rest = Raw;
        while (true)
        {
            var at = rest.Span.IndexOf(separator);
            yield return new Er7Value(_message, at < 0 ? rest : rest[..at], below);
            if (at < 0) yield break;
            rest = rest[(at + 1)..];
        }
    }

    private Er7Value Part(byte separator, int n, Level level)
    {
        var rest = Raw;
        for (var i = 1; i < n; i++)
        {
            var next = rest.Span.IndexOf(separator);
            if (next < 0) return default;
            rest = rest[(next + 1)..];
        }

        var end = rest.Span.IndexOf(separator);
        return new Er7Value(_message!, end < 0 ? rest : rest[..end], level);
    }
}
