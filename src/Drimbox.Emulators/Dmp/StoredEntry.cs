using System.Xml.Linq;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;

namespace Drimbox.Emulators.Dmp;

/// <summary>A row of the registry.</summary>
/// <param name="Owner">Struct_IdNat of the structure that published it.</param>
/// <param name="Xml">The ExtrinsicObject with its registry ids; its status attribute is not kept up to date.</param>
internal sealed record StoredEntry(
    string EntryUuid,
    string LogicalId,
    int Version,
    AvailabilityStatus Status,
    string UniqueId,
    string Patient,
    string Owner,
    string SubmissionSetUniqueId,
    string? Replaces,
    string Hash,
    long Size,
    string MimeType,
    string TypeCode,
    XElement Xml)
{
    /// <summary>The ExtrinsicObject as LeafClass returns it now.</summary>
    public XElement ToLeafClass()
    {
        var leaf = new XElement(Xml);
        leaf.SetAttributeValue("status", XdsStatus.Format(Status));
        return leaf;
    }

    /// <summary>The entry as read by the codec; it was valid when it was stored.</summary>
    public RegistryEntry Read()
    {
        var problems = new List<string>();
        var entry = DocumentEntryCodec.TryRead(ToLeafClass(), stored: true, problems);
        Core.Invariant.Holds(entry is not null);
        return entry;
    }

    public bool IsSignature => Read().Entry.ClassCode.Value == SignatureEntry.ClassCodeValue;
}
