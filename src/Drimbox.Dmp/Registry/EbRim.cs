using System.Xml.Linq;
using Drimbox.Core.Identity;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp.Registry;

/// <summary>The few shapes of ebRIM 3.0 that XDS uses: slots, names, classifications, external identifiers and
/// associations. Source: ITI TF-3 4.2.5; OASIS ebRIM 3.0, rim.xsd.</summary>
internal static class EbRim
{
    public static XElement Slot(string name, params IEnumerable<string> values) =>
        new(Rim + "Slot", new XAttribute("name", name),
            new XElement(Rim + "ValueList", values.Select(value => new XElement(Rim + "Value", value))));

    public static XElement Name(string value) =>
        new(Rim + "Name",
            new XElement(Rim + "LocalizedString",
                new XAttribute(XNamespace.Xml + "lang", "FR"),
                new XAttribute("charset", "UTF8"),
                new XAttribute("value", value)));

    /// <summary>A code: nodeRepresentation, the slot codingScheme and the display name. ITI TF-3 4.2.3.1.2.</summary>
    public static XElement CodeClassification(string scheme, string owner, int number, Code code) =>
        new(Rim + "Classification",
            new XAttribute("classificationScheme", scheme),
            new XAttribute("classifiedObject", owner),
            new XAttribute("id", $"{owner}.cl{number}"),
            new XAttribute("objectType", ObjectType.Classification),
            new XAttribute("nodeRepresentation", code.Value),
            Slot("codingScheme", code.System),
            Name(code.Display));

    /// <summary>An external identifier; its Name repeats the attribute's name. ITI TF-3 4.2.5.2.</summary>
    public static XElement ExternalIdentifier(
        string scheme, string owner, int number, string value, string attributeName) =>
        new(Rim + "ExternalIdentifier",
            new XAttribute("id", $"{owner}.ei{number}"),
            new XAttribute("objectType", ObjectType.ExternalIdentifier),
            new XAttribute("identificationScheme", scheme),
            new XAttribute("registryObject", owner),
            new XAttribute("value", value),
            Name(attributeName));

    public static XElement Association(string id, string type, string source, string target, params XElement[] slots) =>
        new(Rim + "Association",
            new XAttribute("associationType", type),
            new XAttribute("id", id),
            new XAttribute("objectType", ObjectType.Association),
            new XAttribute("sourceObject", source),
            new XAttribute("targetObject", target),
            slots);

    /// <summary>The values of the slot <paramref name="name"/>; empty if there is none.</summary>
    public static IReadOnlyList<string> SlotValues(XElement owner, string name) =>
        owner.Elements(Rim + "Slot").Where(slot => (string?)slot.Attribute("name") == name)
            .Elements(Rim + "ValueList").Elements(Rim + "Value").Select(value => value.Value.Trim()).ToList();

    public static string? SlotValue(XElement owner, string name) =>
        SlotValues(owner, name) is [var first, ..] ? first : null;

    public static IEnumerable<XElement> Classifications(XElement owner, string scheme) =>
        owner.Elements(Rim + "Classification")
            .Where(c => (string?)c.Attribute("classificationScheme") == scheme);

    public static bool HasNode(XElement owner, string classificationNode) =>
        owner.Elements(Rim + "Classification")
            .Any(c => (string?)c.Attribute("classificationNode") == classificationNode);

    public static IReadOnlyList<string> ExternalIdentifiers(XElement owner, string scheme) =>
        owner.Elements(Rim + "ExternalIdentifier")
            .Where(e => (string?)e.Attribute("identificationScheme") == scheme)
            .Select(e => (string?)e.Attribute("value") ?? "").ToList();

    /// <summary>Name or Description: the first LocalizedString, whatever its language.</summary>
    public static string? LocalizedValue(XElement owner, string element) =>
        (string?)owner.Element(Rim + element)?.Element(Rim + "LocalizedString")?.Attribute("value");
}
