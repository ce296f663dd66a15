using System.Text;

namespace Drimbox.Dicom;

/// <summary>
/// The repertoires that Specific Character Set (0008,0005) names, as decoder and encoder of text.
/// Source: PS3.3 C.12.1.1.2; PS3.5 6.1 and annexes H, I, J, K.
/// </summary>
public sealed class CharacterSet
{
    private readonly Repertoire[] _repertoires;
    private readonly bool _withEscapes;

    private CharacterSet(string[] terms, Repertoire[] repertoires, bool isKnown)
    {
        Terms = terms;
        _repertoires = repertoires;
        IsKnown = isKnown;
        _withEscapes = repertoires.Length > 1
            || (terms.Length == 1 && terms[0].Contains("2022", StringComparison.Ordinal));
    }

    /// <summary>Without (0008,0005): ISO 646. Bytes above 7F are read as ISO 8859-1, since sites that leave the
    /// attribute out mean that; they are never written.</summary>
    public static CharacterSet Default { get; } = new([], [Repertoire.Ascii], isKnown: true);

    public static CharacterSet Latin1 { get; } = New(["ISO_IR 100"]);

    public static CharacterSet Utf8 { get; } = New(["ISO_IR 192"]);

    /// <summary>The defined terms of PS3.3 C.12.1.1.2 that are read: those that stand alone, then those with code
    /// extensions.</summary>
    public static IReadOnlyList<string> DefinedTerms { get; } =
    [
        .. Repertoire.All.Where(r => r is { IsShifted: false, IsMultiByteAlone: false } && r != Repertoire.Ascii)
            .Select(r => $"ISO_IR {r.Name}"),
        .. Repertoire.All.Where(r => r.IsMultiByteAlone)
            .Select(r => char.IsAsciiDigit(r.Name[0]) ? $"ISO_IR {r.Name}" : r.Name),
        .. Repertoire.All.Where(r => !r.IsMultiByteAlone).Select(r => $"ISO 2022 IR {r.Name}"),
    ];

    /// <summary>The values of (0008,0005) as they were given.</summary>
    public IReadOnlyList<string> Terms { get; }

    /// <summary>False if a term is not one of PS3.3 C.12.1.1.2: then the default repertoire stands for it.</summary>
    public bool IsKnown { get; }

    /// <summary>A byte 5C is the delimiter wherever it stands, and 20 is a space: no set of several bytes is left but
    /// UTF-8.</summary>
    internal bool IsDelimitedByBytes =>
        ReferenceEquals(this, Default) || ReferenceEquals(this, Latin1) || ReferenceEquals(this, Utf8);

    /// <summary>The character set of the values of (0008,0005).</summary>
    public static CharacterSet Parse(IReadOnlyList<string> terms)
    {
        if (terms.Count == 0 || (terms.Count == 1 && terms[0].Length == 0)) return Default;
        // Nearly all data sets say one of these two.
        if (terms.Count == 1 && string.Equals(terms[0], "ISO_IR 100", StringComparison.Ordinal)) return Latin1;
        if (terms.Count == 1 && string.Equals(terms[0], "ISO_IR 192", StringComparison.Ordinal)) return Utf8;
        return New(terms);
    }

    private static CharacterSet New(IReadOnlyList<string> terms)
    {
        var isKnown = true;
        var repertoires = new List<Repertoire>();
        foreach (var term in terms)
        {
            var repertoire = Repertoire.Find(term);
            isKnown &= repertoire is not null;
            repertoire ??= Repertoire.Ascii;
            // PS3.3 C.12.1.1.2: these forbid code extensions; whatever follows them has no meaning.
            if (repertoire.IsMultiByteAlone)
            {
                if (repertoires.Count == 0) repertoires.Add(repertoire);
                break;
            }

            repertoires.Add(repertoire);
        }

        return new CharacterSet([.. terms], [.. repertoires], isKnown);
    }

    /// <summary>The smallest of ISO 646, ISO_IR 100 and ISO_IR 192 that holds all <paramref name="texts"/>.</summary>
    public static CharacterSet For(params IEnumerable<string?> texts)
    {
        var best = Default;
        foreach (var text in texts)
        {
            if (text is null || Ascii.IsValid(text)) continue;
            if (text.AsSpan().ContainsAnyExceptInRange('\0', '\u00FF')) return Utf8;
            best = Latin1;
        }

        return best;
    }

    /// <summary>The text of a value. Bytes that are no character become U+FFFD.</summary>
    public string Decode(ReadOnlySpan<byte> value, Vr vr)
    {
        if (!vr.UsesSpecificCharacterSet()) return Encoding.Latin1.GetString(value);
        if (_withEscapes && (value.Contains((byte)0x1B) || _repertoires[0].IsShifted))
            return Iso2022.Decode(value, vr, _repertoires[0]);
        return _repertoires[0].Decode(value, vr);
    }

    /// <summary>The bytes of a text, without padding. A character that the set lacks becomes a question mark:
    /// ask <see cref="CanEncode"/> first where that matters.</summary>
    public byte[] Encode(string text, Vr vr)
    {
        if (Ascii.IsValid(text) || !vr.UsesSpecificCharacterSet()) return Encoding.ASCII.GetBytes(text);
        var first = _repertoires[0];
        return !_withEscapes || (!first.IsShifted && first.CanEncode(text))
            ? first.Encode(text)
            : Iso2022.Encode(text, vr, _repertoires);
    }

    public bool CanEncode(string text) =>
        Ascii.IsValid(text) || string.Equals(Decode(Encode(text, Vr.LO), Vr.LO), text, StringComparison.Ordinal);
}
