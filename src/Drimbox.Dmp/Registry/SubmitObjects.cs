using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Publications;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp.Registry;

/// <summary>lcm:SubmitObjectsRequest of a submission, and its reading. Source: ITI TF-2 3.41.4.1.2, 3.57.4.1.2;
/// ITI TF-3 4.2.1 and 4.2.2; facts document 2.2 and 3.3.</summary>
public static class SubmitObjects
{
    private const string SubmissionSetStatusSlot = "SubmissionSetStatus";
    private const string PreviousVersionSlot = "PreviousVersion";
    private const string OriginalStatusSlot = "OriginalStatus";
    private const string NewStatusSlot = "NewStatus";

    /// <summary>ITI-41: submission set, document, signature; HasMember for both, signs, and RPLC to
    /// <paramref name="target"/> if the submission replaces.</summary>
    public static XElement ForProvideAndRegister(SealedSubmission submission, TargetEntry? target)
    {
        var (set, document) = (submission.Submission, submission.Submission.Document);
        Invariant.Holds(document is not null && submission.Signature is not null);
        Invariant.Holds(set.Kind is SubmissionKind.Publish or SubmissionKind.Replace);
        Invariant.Holds(set.Kind == SubmissionKind.Publish || target is not null);
        var id = document.Entry.SymbolicId;
        var signature = SignatureEntry.For(set, Encoding.UTF8.GetBytes(submission.Signature));
        return Request(
            SubmissionSetCodec.Write(set),
            DocumentEntryCodec.Write(document.Entry),
            DocumentEntryCodec.Write(signature),
            HasMember("association1", id),
            HasMember("association2", SignatureEntry.SymbolicId),
            EbRim.Association(
                "association3", AssociationType.Signs, SignatureEntry.SymbolicId, SubmissionSetCodec.SymbolicId,
                EbRim.Slot(SubmissionSetStatusSlot, "Original")),
            set.Kind == SubmissionKind.Replace
                ? EbRim.Association("association4", AssociationType.Replace, id, target!.EntryUuid)
                : null);
    }

    /// <summary>ITI-57: the status change of a deletion, or the whole entry of a visibility change.</summary>
    public static XElement ForUpdate(SealedSubmission submission, TargetEntry target)
    {
        var set = submission.Submission;
        if (set.Kind == SubmissionKind.Delete)
        {
            return Request(
                SubmissionSetCodec.Write(set),
                EbRim.Association(
                    "association1", AssociationType.UpdateAvailabilityStatus,
                    SubmissionSetCodec.SymbolicId, target.EntryUuid,
                    EbRim.Slot(OriginalStatusSlot, XdsStatus.Format(target.Status)),
                    EbRim.Slot(NewStatusSlot, XdsStatus.Deleted)));
        }

        Invariant.Holds(set.Kind == SubmissionKind.ChangeVisibility && set.Document is not null);

        // ITI TF-2 3.57.4.1.3.3.1: lid names the entry, PreviousVersion the version that this one follows.
        var entry = DocumentEntryCodec.Write(set.Document.Entry);
        entry.SetAttributeValue("lid", target.LogicalId);
        var version = new XElement(Rim + "VersionInfo", new XAttribute("versionName", Text(target.Version + 1)));
        entry.Element(Rim + "Name")!.AddAfterSelf(version);
        var member = HasMember("association1", set.Document.Entry.SymbolicId);
        member.Add(EbRim.Slot(PreviousVersionSlot, Text(target.Version)));
        return Request(SubmissionSetCodec.Write(set), entry, member);
    }

    /// <summary>The associations of a request, in order; problems are noted without values.</summary>
    public static IReadOnlyList<RegistryAssociation> ReadAssociations(
        XElement registryObjectList, ICollection<string> problems)
    {
        var associations = new List<RegistryAssociation>();
        foreach (var element in registryObjectList.Elements(Rim + "Association"))
        {
            var read = new MetadataReader(element, problems);
            associations.Add(new RegistryAssociation(
                (string?)element.Attribute("id") ?? "",
                read.Attribute("associationType") ?? "",
                read.Attribute("sourceObject") ?? "",
                read.Attribute("targetObject") ?? "",
                read.Slot(SubmissionSetStatusSlot, required: false),
                read.Slot(PreviousVersionSlot, required: false),
                read.Slot(OriginalStatusSlot, required: false),
                read.Slot(NewStatusSlot, required: false)));
        }

        return associations;
    }

    private static XElement Request(params IEnumerable<XElement?> objects) =>
        new(Lcm + "SubmitObjectsRequest",
            new XAttribute(XNamespace.Xmlns + "lcm", Lcm),
            new XAttribute(XNamespace.Xmlns + "rim", Rim),
            new XElement(Rim + "RegistryObjectList", objects));

    private static XElement HasMember(string id, string member) =>
        EbRim.Association(
            id, AssociationType.HasMember, SubmissionSetCodec.SymbolicId, member,
            EbRim.Slot(SubmissionSetStatusSlot, "Original"));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
