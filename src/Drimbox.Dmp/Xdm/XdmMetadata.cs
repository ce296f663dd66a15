using System.Xml.Linq;
using Drimbox.Core.Mail;
using Drimbox.Dmp.Registry;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp.Xdm;

/// <summary>METADATA.XML: an lcm:SubmitObjectsRequest as for ITI-41, where each document names its file (URI). Source:
/// ITI TF-2 3.32.4.1.2; ITI TF-3 4.2.3.2.33 (URI), 4.2.3.3.7 (intendedRecipient).</summary>
public static class XdmMetadata
{
    /// <param name="uri">The file of the document, relative to METADATA.XML.</param>
    public static XElement Write(XdmSubmissionSet set, string uri)
    {
        var entry = DocumentEntryCodec.Write(set.Entry);
        entry.Elements(Rim + "Slot").Last().AddAfterSelf(EbRim.Slot("URI", uri));
        return new XElement(Lcm + "SubmitObjectsRequest",
            new XAttribute(XNamespace.Xmlns + "lcm", Lcm),
            new XAttribute(XNamespace.Xmlns + "rim", Rim),
            new XElement(Rim + "RegistryObjectList",
                SubmissionSet(set),
                entry,
                EbRim.Association(
                    "association1", AssociationType.HasMember, SubmissionSetCodec.SymbolicId, set.Entry.SymbolicId,
                    EbRim.Slot("SubmissionSetStatus", "Original"))));
    }

    private static XElement SubmissionSet(XdmSubmissionSet set) => SubmissionSetCodec.Write(
        set.Time,
        // XON|XCN|XTN: nobody but the mailbox is known for sure.
        EbRim.Slot("intendedRecipient", $"||^^Internet^{set.Recipient}"),
        set.Entry.Title, set.Author, set.ContentType, HealthText.FormatPatientId(set.PatientId), set.SourceId,
        set.UniqueId);
}
