using System.Globalization;
using System.Xml.Linq;
using Drimbox.Dmp.Registry;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Emulators.Dmp;

/// <summary>What a registry changes in the metadata that it stores: ids, version, and the slots of the
/// repository.</summary>
internal static class RegistryXml
{
    private const string ReferenceIdListSlot = "urn:ihe:iti:xds:2013:referenceIdList";

    /// <summary>A copy of the ExtrinsicObject under its registry ids.</summary>
    public static XElement Register(
        XElement submitted, string entryUuid, string logicalId, int version, DmpContext context)
    {
        var xml = WithIds(submitted, entryUuid, context);
        xml.SetAttributeValue("lid", logicalId);
        xml.Elements(Rim + "VersionInfo").Remove();
        var info = new XElement(Rim + "VersionInfo",
            new XAttribute("versionName", version.ToString(CultureInfo.InvariantCulture)));

        // rim.xsd: VersionInfo stands between Description and the classifications.
        xml.Elements().Last(e => e.Name.LocalName is "Slot" or "Name" or "Description").AddAfterSelf(info);
        return xml;
    }

    public static XElement RegisterSet(XElement submitted, DmpContext context)
    {
        var xml = WithIds(submitted, context.NewEntryUuid(), context);
        xml.SetAttributeValue("status", XdsStatus.Approved);
        return xml;
    }

    /// <summary>A copy of the Association under a UUID, between the UUIDs of its ends.</summary>
    /// <param name="uuids">Of the objects of the same request, by the ids that they have there.</param>
    public static XElement RegisterAssociation(
        XElement submitted, IReadOnlyDictionary<string, string> uuids, DmpContext context)
    {
        var xml = new XElement(submitted);
        xml.SetAttributeValue("id", context.NewEntryUuid());
        xml.SetAttributeValue("status", XdsStatus.Approved);
        foreach (var end in (string[])["sourceObject", "targetObject"])
        {
            var id = (string)xml.Attribute(end)!;
            xml.SetAttributeValue(end, uuids.GetValueOrDefault(id, id));
        }

        return xml;
    }

    public static void SetSlot(XElement xml, string name, string value)
    {
        xml.Elements(Rim + "Slot").Where(slot => (string?)slot.Attribute("name") == name).Remove();
        xml.AddFirst(new XElement(Rim + "Slot", new XAttribute("name", name),
            new XElement(Rim + "ValueList", new XElement(Rim + "Value", value))));
    }

    public static IReadOnlyList<string> ReferencesOf(XElement xml) =>
        xml.Elements(Rim + "Slot").Where(slot => (string?)slot.Attribute("name") == ReferenceIdListSlot)
            .Elements(Rim + "ValueList").Elements(Rim + "Value").Select(value => value.Value.Trim()).ToList();

    private static XElement WithIds(XElement submitted, string id, DmpContext context)
    {
        var xml = new XElement(submitted);
        xml.SetAttributeValue("id", id);
        foreach (var child in xml.Elements(Rim + "Classification"))
        {
            child.SetAttributeValue("id", context.NewEntryUuid());
            child.SetAttributeValue("classifiedObject", id);
        }

        foreach (var child in xml.Elements(Rim + "ExternalIdentifier"))
        {
            child.SetAttributeValue("id", context.NewEntryUuid());
            child.SetAttributeValue("registryObject", id);
        }

        return xml;
    }
}
