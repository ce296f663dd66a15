using System.Globalization;
using System.Xml.Linq;
using Drimbox.Core.Identity;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp.Registry;

/// <summary>Reads the attributes of one registry object and notes each problem by the attribute's name, never by
/// its value. Source: ITI TF-3 4.2.3.1 (cardinalities and data types).</summary>
internal sealed class MetadataReader(XElement element, ICollection<string> problems)
{
    public string? Attribute(string name)
    {
        var value = (string?)element.Attribute(name);
        if (!string.IsNullOrWhiteSpace(value)) return value;
        problems.Add($"{name} is absent");
        return null;
    }

    /// <summary>A slot with exactly one value, or none if it is not <paramref name="required"/>.</summary>
    public string? Slot(string name, bool required)
    {
        var values = EbRim.SlotValues(element, name);
        if (values.Count > 1) problems.Add($"{name} has more than one value");
        if (values.Count == 0 && required) problems.Add($"{name} is absent");
        if (values.Count == 0) return null;
        if (values[0].Length == 0) problems.Add($"{name} is empty");
        return values[0];
    }

    /// <summary>DTM: 4, 6, 8, 10, 12 or 14 digits, UTC. ITI TF-3 table 4.2.3.1.7-2.</summary>
    public string? Time(string name, bool required)
    {
        var text = Slot(name, required);
        if (text is not null && !IsTime(text)) problems.Add($"{name} is not a DTM");
        return text;
    }

    public InstanceIdentifier? Identifier(string scheme, string name, Func<string, InstanceIdentifier?> parse)
    {
        var values = EbRim.ExternalIdentifiers(element, scheme);
        if (values.Count != 1)
        {
            problems.Add($"{name} is there {values.Count} times");
            return null;
        }

        var id = parse(values[0]);
        if (id is null) problems.Add($"{name} is not of its data type");
        return id;
    }

    public Code Code(string scheme, string name)
    {
        var codes = Codes(scheme, name, 1);
        if (codes.Count > 1) problems.Add($"{name} is there {codes.Count} times");
        return codes.Count > 0 ? codes[0] : new Code("", "", "");
    }

    public IReadOnlyList<Code> Codes(string scheme, string name, int atLeast)
    {
        var codes = new List<Code>();
        foreach (var classification in EbRim.Classifications(element, scheme))
        {
            var owner = (string?)classification.Attribute("classifiedObject");
            if (owner is not null && owner != (string?)element.Attribute("id"))
                problems.Add($"{name} classifies another object");
            var code = new Code(
                (string?)classification.Attribute("nodeRepresentation") ?? "",
                EbRim.SlotValue(classification, "codingScheme") ?? "",
                EbRim.LocalizedValue(classification, "Name") ?? "");
            if (code.Value.Length == 0) problems.Add($"{name} has no nodeRepresentation");
            if (code.System.Length == 0) problems.Add($"{name} has no codingScheme");
            if (code.Display.Length == 0) problems.Add($"{name} has no display name");
            codes.Add(code);
        }

        if (codes.Count < atLeast) problems.Add($"{name} is absent");
        return codes;
    }

    public int Version()
    {
        var text = (string?)element.Element(Rim + "VersionInfo")?.Attribute("versionName");
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0
            ? version
            : 1;
    }

    /// <summary>Lower-case hexadecimal SHA-1; empty if absent. ITI TF-3 4.2.3.2.10.</summary>
    public string Hash(bool required)
    {
        var text = Slot("hash", required);
        if (text is null) return "";
        if (text.Length != 40 || !text.All(char.IsAsciiHexDigit)) problems.Add("hash is not a SHA-1 in hexadecimal");
        return text.ToLowerInvariant();
    }

    /// <summary>Bytes; -1 if absent.</summary>
    public long Size(bool required)
    {
        var text = Slot("size", required);
        if (text is null) return -1;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size)) return size;
        problems.Add("size is not a number");
        return -1;
    }

    public static bool IsTime(string text)
    {
        if (text.Length is < 4 or > 14 || text.Length % 2 != 0 || !text.All(char.IsAsciiDigit)) return false;
        return DateTime.TryParseExact(
            text, "yyyyMMddHHmmss"[..text.Length], CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
    }
}
