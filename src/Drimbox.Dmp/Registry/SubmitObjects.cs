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

    /// <summary>ITI-41: submission set, documents, signature; HasMember for each, signs, and RPLC or APND to
    /// <paramref name="target"/> if the submission replaces or appends.</summary>
    public static XElement ForProvideAndRegister(SealedSubmission submission, TargetEntry? target)
    {
        var (set, document) = (submission.Submission, submission.Submission.Document);
        Invariant.Holds(document is not null && submission.Signature is not null);
        var relation = set.Kind switch
        {
            SubmissionKind.Publish => null,
            SubmissionKind.Replace => AssociationType.Replace,
            SubmissionKind.Append => AssociationType.Append,
            _ => throw Invariant.Unreachable(set.Kind),
        };
        Invariant.Holds(relation is null || target is not null);
        var signature = SignatureEntry.For(set, Encoding.UTF8.GetBytes(submission.Signature));
        var entries = set.Attachments.Prepend(document).Select(d => d.Entry).Append(signature).ToList();
        var number = 0;
        var members = entries.ConvertAll(entry => HasMember($"association{++number}", entry.SymbolicId));
        return Request(
        [
            SubmissionSetCodec.Write(set),
            .. entries.Select(DocumentEntryCodec.Write),
            .. members,
            EbRim.Association(
                $"association{++number}", AssociationType.Signs, SignatureEntry.SymbolicId,
                SubmissionSetCodec.SymbolicId, EbRim.Slot(SubmissionSetStatusSlot, "Original")),
            relation is null
                ? null
                : EbRim.Association(
                    $"association{++number}", relation, document.Entry.SymbolicId, target!.EntryUuid),
        ]);
    }

    /// <summary>ITI-57: a status change, or the whole entry of a visibility change.</summary>
    public static XElement ForUpdate(SealedSubmission submission, TargetEntry target)
    {
        var set = submission.Submission;
        AvailabilityStatus? status = set.Kind switch
        {
            SubmissionKind.Delete => AvailabilityStatus.Deleted,
            SubmissionKind.Archive => AvailabilityStatus.Archived,
            SubmissionKind.Unarchive => AvailabilityStatus.Approved,
            _ => null,
        };
        if (status is { } wanted)
        {
            return Request(
                SubmissionSetCodec.Write(set),
                EbRim.Association(
                    "association1", AssociationType.UpdateAvailabilityStatus,
                    SubmissionSetCodec.SymbolicId, target.EntryUuid,
                    EbRim.Slot(OriginalStatusSlot, XdsStatus.Format(target.Status)),
                    EbRim.Slot(NewStatusSlot, XdsStatus.Format(wanted))));
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
