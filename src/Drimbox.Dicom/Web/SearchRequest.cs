using System.Globalization;
using System.Text;
using Drimbox.Core;

namespace Drimbox.Dicom.Web;

/// <summary>The query parameters of a Search Transaction. Source: PS3.18 8.3.4 and 10.6.1.2.</summary>
public sealed class SearchRequest
{
    // PS3.18 8.3.3: of all transactions.
    private static readonly string[] Others = ["accept", "charset"];

    private readonly List<Tag> _included = [];

    private SearchRequest() => Matches.SetCharacterSet(CharacterSet.Utf8);

    /// <summary>The attributes with the values to match, as the identifier of a C-FIND has them: a list is separated by
    /// backslashes, an attribute in a sequence is in its item.</summary>
    public DataSet Matches { get; } = new();

    /// <summary>The attributes to return beside those that every answer has.</summary>
    public IReadOnlyList<Tag> Included => _included;

    /// <summary>includefield=all.</summary>
    public bool IncludesAll { get; private set; }

    /// <summary>fuzzymatching=true.</summary>
    public bool IsFuzzy { get; private set; }

    /// <summary>Null: none is given.</summary>
    public int? Limit { get; private set; }

    public int Offset { get; private set; }

    /// <summary>Parameters and attributes that are not known here; they are ignored (PS3.18 8.3).</summary>
    public int UnknownCount { get; private set; }

    /// <param name="query">As it came, with or without its question mark: percent-encoded separators are no
    /// separators.</param>
    /// <param name="refusal">What is wrong with it: 400.</param>
    public static SearchRequest? TryParse(string? query, out Refusal? refusal)
    {
        var request = new SearchRequest();
        refusal = null;
        var count = 0;
        foreach (var parameter in (query ?? "").TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            if (++count > Limits.SearchAttributesMax)
                refusal = new Refusal(RefusalReason.OverLimit, "Too many query parameters.");
            else
                refusal = request.Take(parameter);
            if (refusal is not null) return null;
        }

        return request;
    }

    private Refusal? Take(string parameter)
    {
        var equals = parameter.IndexOf('=', StringComparison.Ordinal);
        if (!TryDecode(equals < 0 ? parameter : parameter[..equals], out var name))
            return Refused("A name that is not percent-encoded UTF-8.");
        var values = new List<string>();
        foreach (var part in equals < 0 ? [] : parameter[(equals + 1)..].Split(','))
        {
            if (!TryDecode(part, out var value)) return Refused("A value that is not percent-encoded UTF-8.");
            values.Add(value);
        }

        return name switch
        {
            "includefield" => Include(values),
            "fuzzymatching" => values is ["true" or "false"]
                ? Done(() => IsFuzzy = values[0] == "true")
                : Refused("fuzzymatching is true or false.", name),
            "limit" => TakeNumber(values, name, n => Limit = n),
            "offset" => TakeNumber(values, name, n => Offset = n),
            _ when Others.Contains(name) => null,
            _ => Match(name, values),
        };
    }

    private static Refusal? Done(Action action)
    {
        action();
        return null;
    }

    private static Refusal? TakeNumber(List<string> values, string name, Action<int> set) =>
        values.Count == 1 && int.TryParse(values[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? Done(() => set(number))
            : Refused("limit and offset are unsigned integers.", name);

    private Refusal? Include(List<string> values)
    {
        foreach (var value in values)
        {
            if (_included.Count == Limits.SearchAttributesMax)
                return new Refusal(RefusalReason.OverLimit, "Too many attributes in includefield.", "includefield");
            if (value == "all") IncludesAll = true;
            // Of an attribute in a sequence the whole sequence is returned.
            else if (TryPath(value, out var path)) _included.Add(path[0]);
            else UnknownCount++;
        }

        return null;
    }

    private Refusal? Match(string name, List<string> values)
    {
        if (!TryPath(name, out var path))
        {
            UnknownCount++;
            return null;
        }

        var tag = path[^1];
        if (!DataDictionary.TryFind(tag, out var entry) || entry.Vr == Vr.SQ
            || path.SkipLast(1).Any(t => !DataDictionary.TryFind(t, out var e) || e.Vr != Vr.SQ))
        {
            UnknownCount++;
            return null;
        }

        var owner = OwnerOf(path);
        if (owner.Contains(tag)) return Refused("An attribute is given twice.", name);
        // A backslash would be a separator of values, which only a list of UIDs or codes has, by commas.
        if (values.Any(v => v.Any(c => c is '\\' or < ' ')))
            return Refused("A value with a backslash or a control character.", name);
        if (entry.Vr is not (Vr.UI or Vr.CS)) values = values.Count == 0 ? [] : [string.Join(',', values)];
        return Set(owner, tag, entry.Vr, values, name);
    }

    private static Refusal? Set(DataSet owner, Tag tag, Vr vr, List<string> values, string name)
    {
        if (vr.IsText())
        {
            // Over 64 KiB a value has no text VR of its own; the limits on lists come long before.
            if (values.Sum(v => v.Length + 1L) > Limits.IdentifierBytesMax / 4)
                return new Refusal(RefusalReason.OverLimit, "A value is too long.", name);
            owner.SetStrings(tag, [.. values]);
            return null;
        }

        if (values.Count == 0 || values[0].Length == 0)
        {
            owner.SetEmpty(tag);
            return null;
        }

        if (vr is not (Vr.US or Vr.UL or Vr.SS or Vr.SL)
            || !ushort.TryParse(values[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return Refused("Not a value of the attribute.", name);
        owner.SetInt(tag, number);
        return null;
    }

    // The item that the last attribute of a path belongs to; made where it is not there.
    private DataSet OwnerOf(IReadOnlyList<Tag> path)
    {
        var owner = Matches;
        foreach (var tag in path.SkipLast(1))
        {
            if (owner.GetItems(tag) is [var known, ..])
            {
                owner = known;
                continue;
            }

            var item = new DataSet(owner);
            owner.SetSequence(tag, item);
            owner = item;
        }

        return owner;
    }

    // PS3.18 8.3.1: tags or keywords, with dots between the levels.
    private static bool TryPath(string text, out IReadOnlyList<Tag> path)
    {
        var tags = new List<Tag>();
        path = tags;
        var parts = text.Split('.');
        if (parts.Length > Limits.SequenceDepthMax) return false;
        foreach (var part in parts)
        {
            var isTag = part.Length == 8 && part.All(char.IsAsciiHexDigit);
            var isKeyword = part.Length > 0 && char.IsAsciiLetterUpper(part[0]) && part.All(char.IsAsciiLetterOrDigit);
            if ((!isTag && !isKeyword) || !Tag.TryParse(part, out var tag) || tag.Group < 8) return false;
            tags.Add(tag);
        }

        return tags.Count > 0;
    }

    private static bool TryDecode(string text, out string decoded)
    {
        decoded = text;
        if (!text.Contains('%', StringComparison.Ordinal)) return text.All(char.IsAscii);
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsAscii(text[i])) return false;
            if (text[i] != '%')
            {
                bytes.Add((byte)text[i]);
                continue;
            }

            if (i + 2 >= text.Length || !byte.TryParse(
                    text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
                return false;
            bytes.Add(value);
            i += 2;
        }

        try
        {
            decoded = StrictUtf8.GetString([.. bytes]);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private static Refusal Refused(string sentence, string? where = null) =>
        new(RefusalReason.Malformed, sentence, where);
}
