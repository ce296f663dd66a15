using System.Xml.Linq;
using Drimbox.Dmp.Registry;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Emulators.Dmp;

/// <summary>An entry of a request with the XML that it was read from.</summary>
internal sealed record SubmittedEntry(RegistryEntry Entry, XElement Xml)
{
    public string Id => Entry.EntryUuid;

    public bool IsSignature => Entry.Entry.ClassCode.Value == SignatureEntry.ClassCodeValue;
}

/// <summary>
/// The metadata of one request, valid in themselves: one submission set, its entries and its associations. What
/// depends on the registry is checked later. Source: ITI TF-3 4.2.1 to 4.2.3; codes of table 4.2.4.1-2.
/// </summary>
internal sealed record RegistrySubmission(
    SubmissionSetEntry Set,
    XElement SetXml,
    IReadOnlyList<SubmittedEntry> Entries,
    IReadOnlyList<RegistryAssociation> Associations,
    IReadOnlyList<XElement> AssociationsXml)
{
    private const int SlotValueLengthMax = 256;

    private static readonly HashSet<string> KnownAssociations =
    [
        AssociationType.HasMember, AssociationType.Replace, AssociationType.Append, AssociationType.Transform,
        AssociationType.TransformAndReplace, AssociationType.Signs, AssociationType.UpdateAvailabilityStatus,
    ];

    /// <summary>Reads lcm:SubmitObjectsRequest; every problem becomes an error of <paramref name="errors"/>.</summary>
    public static RegistrySubmission? TryRead(XElement? request, List<RegistryError> errors)
    {
        if (request?.Element(Rim + "RegistryObjectList") is not { } list)
        {
            errors.Add(Metadata("RegistryObjectList is absent"));
            return null;
        }

        var packages = list.Elements(Rim + "RegistryPackage").ToList();
        var sets = packages.Where(package => IsSubmissionSet(list, package)).ToList();
        if (sets.Count != 1 || packages.Count != 1)
            errors.Add(Metadata("A request holds exactly one SubmissionSet and no Folder"));
        var ids = list.Elements().Select(element => (string?)element.Attribute("id")).OfType<string>().ToList();
        if (ids.Distinct(StringComparer.Ordinal).Count() != ids.Count)
            errors.Add(Metadata("Two objects have the same id"));
        if (errors.Count > 0) return null;

        // ITI TF-3 4.2.3.1.1: the lengths of ebRIM, LongName for a slot's value.
        var problems = list.Elements().SelectMany(element => element.Descendants(Rim + "Slot")
                .Where(slot => slot.Descendants(Rim + "Value").Any(value => value.Value.Length > SlotValueLengthMax))
                .Select(slot => $"{(string?)element.Attribute("id")}: {(string?)slot.Attribute("name")} is longer than "
                    + $"{SlotValueLengthMax} characters"))
            .ToList();
        var set = SubmissionSetCodec.TryRead(sets[0], problems);
        var associations = SubmitObjects.ReadAssociations(list, problems);
        var entries = list.Elements(Rim + "ExtrinsicObject").Select(xml => ReadEntry(xml, problems)).ToList();
        errors.AddRange(problems.Select(Metadata));
        if (errors.Count > 0) return null;
        var submission = new RegistrySubmission(
            set!, sets[0], entries.OfType<SubmittedEntry>().ToList(), associations,
            list.Elements(Rim + "Association").ToList());
        submission.CheckEntries(errors);
        submission.CheckAssociations(errors);
        return errors.Count > 0 ? null : submission;
    }

    public static RegistryError Metadata(string context) => new("XDSRegistryMetadataError", context);

    /// <summary>Targets of HasMember from the submission set.</summary>
    public IEnumerable<RegistryAssociation> Members =>
        Associations.Where(a => a.Type == AssociationType.HasMember && a.Source == Set.EntryUuid);

    // ITI TF-3 4.2.1.1: the classification may be inside of the package or beside it.
    private static bool IsSubmissionSet(XElement list, XElement package) =>
        package.Elements(Rim + "Classification").Concat(
                list.Elements(Rim + "Classification")
                    .Where(c => (string?)c.Attribute("classifiedObject") == (string?)package.Attribute("id")))
            .Any(c => (string?)c.Attribute("classificationNode") == ClassificationScheme.SubmissionSetNode);

    private static SubmittedEntry? ReadEntry(XElement xml, List<string> problems)
    {
        var own = new List<string>();
        var entry = DocumentEntryCodec.TryRead(xml, stored: false, own);
        if (entry is not null)
        {
            // What the DMP asks for beyond XDS (CI-SIS mapping, "Fiche": requis).
            var (document, signature) = (entry.Entry, entry.Entry.ClassCode.Value == SignatureEntry.ClassCodeValue);
            if (document.LegalAuthenticator is null) own.Add("legalAuthenticator is absent");
            if (document.ServiceStartTime is null) own.Add("serviceStartTime is absent");
            if (IsAfter(document.ServiceStartTime, document.ServiceStopTime))
                own.Add("serviceStartTime is after serviceStopTime");
            if (document.Title.Length == 0) own.Add("title is absent");
            if (!signature && document.SourcePatient.BirthName.Length == 0) own.Add("sourcePatientInfo has no PID-5");
            if (document.Authors.Any(author => author.Institution.Id.IsEmpty)) own.Add("authorInstitution is absent");
        }

        var id = (string?)xml.Attribute("id");
        problems.AddRange(own.Select(problem => $"{id}: {problem}"));
        return own.Count > 0 ? null : new SubmittedEntry(entry!, xml);
    }

    private void CheckEntries(List<RegistryError> errors)
    {
        foreach (var entry in Entries)
        {
            if (entry.Entry.Entry.PatientId != Set.PatientId)
                errors.Add(new RegistryError("XDSPatientIdDoesNotMatch", $"{entry.Id}: patientId"));
            if (!Members.Any(member => member.Target == entry.Id))
                errors.Add(Metadata($"{entry.Id}: no HasMember from the SubmissionSet"));
        }

        var uniqueIds = Entries.Select(entry => entry.Entry.Entry.UniqueId.ToString())
            .Append(Set.UniqueId.ToString()).ToList();
        foreach (var twice in uniqueIds.GroupBy(id => id, StringComparer.Ordinal).Where(group => group.Count() > 1))
            errors.Add(new RegistryError("XDSRegistryDuplicateUniqueIdInMessage", $"uniqueId {twice.Key}"));
    }

    private void CheckAssociations(List<RegistryError> errors)
    {
        foreach (var association in Associations)
        {
            if (!KnownAssociations.Contains(association.Type))
                errors.Add(Metadata($"{association.Id}: associationType is not known"));
            var sourceIsOurs = association.Source == Set.EntryUuid || Entries.Any(e => e.Id == association.Source);
            var targetIsOurs = association.Target == Set.EntryUuid || Entries.Any(e => e.Id == association.Target);
            if (!sourceIsOurs && !IsUuid(association.Source))
                errors.Add(Metadata($"{association.Id}: sourceObject is neither here nor a UUID"));
            if (!targetIsOurs && !IsUuid(association.Target))
                errors.Add(Metadata($"{association.Id}: targetObject is neither here nor a UUID"));

            // ITI TF-3 4.2.2.1: Original for a member of this submission, Reference for one of the registry.
            if (association.Type == AssociationType.HasMember && association.Source == Set.EntryUuid
                && association.SubmissionSetStatus != (targetIsOurs ? "Original" : "Reference"))
                errors.Add(Metadata($"{association.Id}: SubmissionSetStatus"));
        }
    }

    // ITI TF-2 3.42.4.1.3.3.6; of two precisions the coarser decides.
    private static bool IsAfter(string? start, string? stop) =>
        start is not null && stop is not null
        && Math.Min(start.Length, stop.Length) is var both
        && string.CompareOrdinal(start, 0, stop, 0, both) > 0;

    private static bool IsUuid(string id) =>
        id.StartsWith("urn:uuid:", StringComparison.Ordinal) && Guid.TryParseExact(id[9..], "D", out _);
}
