using System.Collections.Frozen;
using System.Globalization;

namespace Drimbox.Hl7.Dictionary;

/// <summary>A field of a segment, or a component of a data type.</summary>
/// <param name="Name">Its element name in the standard.</param>
/// <param name="DataType">Its data type; <c>varies</c> where another field says it (OBX-5: OBX-2).</param>
/// <param name="Table">The HL7 table of its values, as <c>0001</c>; empty for none.</param>
public sealed record Hl7Element(string Name, string DataType, string Table);

/// <summary>What the fields and components of messages are called. Source: HL7 v2.5.1, chapters 2 to 9 (segments) and
/// 2.A (data types), with the fields that v2.6 adds; PRT from v2.7, which the CDA volet takes early. Segments of a site
/// or country (Z) are not in it.</summary>
public static class Hl7Dictionary
{
    private static readonly FrozenDictionary<string, string> Segments;
    private static readonly FrozenDictionary<(string Owner, int Number), Hl7Element> Elements;

    // PID Patient identification
    //  3 CX - Patient identifier list
    // =CX
    //  1 ST - ID number
    static Hl7Dictionary()
    {
        var segments = new Dictionary<string, string>(StringComparer.Ordinal);
        var elements = new Dictionary<(string, int), Hl7Element>();
        using var reader = new StreamReader(
            typeof(Hl7Dictionary).Assembly.GetManifestResourceStream("hl7-elements.txt")!);
        var owner = "";
        while (reader.ReadLine() is { } line)
        {
            if (line[0] == '=')
            {
                owner = line[1..];
            }
            else if (line[0] != ' ')
            {
                owner = line[..3];
                segments.Add(owner, line[4..]);
            }
            else
            {
                var parts = line[1..].Split(' ', 4);
                elements.Add(
                    (owner, int.Parse(parts[0], CultureInfo.InvariantCulture)),
                    new Hl7Element(parts[3], parts[1], parts[2] == "-" ? "" : parts[2][1..]));
            }
        }

        Segments = segments.ToFrozenDictionary(StringComparer.Ordinal);
        Elements = elements.ToFrozenDictionary();
    }

    /// <summary>The name of a segment, or null for one that the dictionary has not.</summary>
    public static string? SegmentName(string segment) => Segments.GetValueOrDefault(segment);

    /// <summary>A field of a segment, or null.</summary>
    public static Hl7Element? Field(string segment, int number) => Elements.GetValueOrDefault((segment, number));

    /// <summary>A component of a data type, or null: simple types have none.</summary>
    public static Hl7Element? Component(string dataType, int number) => Elements.GetValueOrDefault((dataType, number));

    /// <summary>True for a data type that has components.</summary>
    public static bool IsComposite(string dataType) =>
        Elements.ContainsKey((dataType, 1)) && !Segments.ContainsKey(dataType);
}
