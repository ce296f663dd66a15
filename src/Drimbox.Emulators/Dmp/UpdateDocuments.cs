using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Emulators.Dmp;

/// <summary>ITI-57 on the server's side: status changes and new versions of an entry's metadata. Source: ITI TF-2
/// 3.57.4.1.3; facts document 3.3 (only the author's structure may delete).</summary>
internal sealed class UpdateDocuments(DmpContext context)
{
    private readonly List<RegistryError> _errors = [];
    private readonly List<Action<DmpStore>> _changes = [];
    private readonly List<InstanceIdentifier> _changed = [];

    public RegistryResponse Execute(SoapMessage message, DmpStore store, out CommittedSubmission? committed)
    {
        committed = null;
        if (message.Body.Name != Lcm + "SubmitObjectsRequest")
            return RegistryResponse.Failure(RegistrySubmission.Metadata("No SubmitObjectsRequest"));
        var submission = RegistrySubmission.TryRead(message.Body, _errors);
        if (submission is null) return RegistryResponse.Failure(_errors);
        context.CheckSubmitter(submission, store, _errors);
        context.CheckUniqueId(submission.Set, store, _errors);
        var statusChanges = submission.Associations
            .Where(a => a.Type == AssociationType.UpdateAvailabilityStatus).ToList();
        foreach (var association in statusChanges) ChangeStatus(association, submission, store);
        foreach (var entry in submission.Entries) ChangeMetadata(entry, submission, store);
        if (statusChanges.Count + submission.Entries.Count == 0)
            _errors.Add(new RegistryError("XDSMetadataUpdateOperationError", "Nothing to update"));
        if (_errors.Count > 0) return RegistryResponse.Failure(_errors);

        foreach (var change in _changes) change(store);
        committed = new CommittedSubmission(
            submission.Set.UniqueId.ToString(), XdsAction.UpdateDocumentSet, context.StructureOf(submission.Set),
            submission.Set.PatientId, submission.Set.SubmissionTime, context.Time.GetUtcNow(), _changed);
        store.AddSubmission(committed, RegistryXml.RegisterSet(submission.SetXml, context));
        return RegistryResponse.Success;
    }

    // ITI TF-2 3.57.4.1.3.3.2 and the transitions of TD3.3c and TD3.3d.
    private void ChangeStatus(RegistryAssociation association, RegistrySubmission submission, DmpStore store)
    {
        if (association.Source != submission.Set.EntryUuid)
            _errors.Add(RegistrySubmission.Metadata($"{association.Id}: sourceObject is not the SubmissionSet"));
        var original = XdsStatus.TryParse(association.OriginalStatus);
        var wanted = XdsStatus.TryParse(association.NewStatus);
        if (original is null || wanted is null)
        {
            _errors.Add(RegistrySubmission.Metadata($"{association.Id}: OriginalStatus or NewStatus"));
            return;
        }

        if (Target(association.Id, store.EntryByUuid(association.Target), submission) is not { } target) return;
        if (target.Status != original)
        {
            _errors.Add(new RegistryError("XDSMetadataUpdateError", $"{association.Id}: status is {target.Status}"));
            return;
        }

        var isAllowed = (original, wanted) is
            (AvailabilityStatus.Approved or AvailabilityStatus.Archived, AvailabilityStatus.Deleted)
            or (AvailabilityStatus.Approved, AvailabilityStatus.Archived)
            or (AvailabilityStatus.Archived, AvailabilityStatus.Approved);
        if (!isAllowed)
        {
            _errors.Add(new RegistryError("XDSMetadataUpdateOperationError", $"{association.Id}: no such transition"));
            return;
        }

        _changes.Add(changed => changed.SetStatus(target.EntryUuid, wanted.Value));
        _changed.Add(InstanceIdentifier.Parse(target.UniqueId));
    }

    // ITI TF-2 3.57.4.1.3.3.1: lid finds the entry, PreviousVersion its newest version; the object itself stays.
    private void ChangeMetadata(SubmittedEntry entry, RegistrySubmission submission, DmpStore store)
    {
        var logicalId = entry.Entry.LogicalId;
        if (logicalId == entry.Id)
        {
            _errors.Add(new RegistryError("XDSMetadataUpdateError", $"{entry.Id}: initial versions belong to ITI-41"));
            return;
        }

        var newest = store.EntriesByLogicalId(logicalId).MaxBy(version => version.Version);
        if (Target(entry.Id, newest, submission) is not { } target) return;
        var previous = submission.Members.First(member => member.Target == entry.Id).PreviousVersion;
        if (previous != target.Version.ToString(System.Globalization.CultureInfo.InvariantCulture))
            _errors.Add(new RegistryError("XDSMetadataVersionError", $"{entry.Id}: PreviousVersion"));
        if (target.Status != AvailabilityStatus.Approved)
            _errors.Add(new RegistryError("XDSMetadataUpdateError", $"{entry.Id}: status is {target.Status}"));
        var (document, stored) = (entry.Entry.Entry, target.Read().Entry);
        if (document.UniqueId != stored.UniqueId)
            _errors.Add(new RegistryError("XDSMetadataUpdateOperationError", $"{entry.Id}: uniqueId may not change"));
        if ((document.Hash.Length > 0 && document.Hash != stored.Hash)
            || (document.Size >= 0 && document.Size != stored.Size))
            _errors.Add(new RegistryError("XDSMetadataUpdateOperationError", $"{entry.Id}: hash, size may not change"));
        _changes.Add(changed => AddVersion(entry, target, submission, changed));
        _changed.Add(document.UniqueId);
    }

    private void AddVersion(SubmittedEntry entry, StoredEntry target, RegistrySubmission submission, DmpStore store)
    {
        var uuid = context.NewEntryUuid();
        var xml = RegistryXml.Register(entry.Xml, uuid, target.LogicalId, target.Version + 1, context);
        RegistryXml.SetSlot(xml, "hash", target.Hash);
        RegistryXml.SetSlot(xml, "size", target.Size.ToString(System.Globalization.CultureInfo.InvariantCulture));
        RegistryXml.SetSlot(xml, "repositoryUniqueId", context.Options.RepositoryUniqueId);
        store.SetStatus(target.EntryUuid, AvailabilityStatus.Deprecated);
        store.AddEntry(
            target with
            {
                EntryUuid = uuid,
                Version = target.Version + 1,
                SubmissionSetUniqueId = submission.Set.UniqueId.ToString(),
                MimeType = entry.Entry.Entry.MimeType,
                TypeCode = entry.Entry.Entry.TypeCode.Value,
                Xml = xml,
            },
            RegistryXml.ReferencesOf(xml));
    }

    private StoredEntry? Target(string id, StoredEntry? target, RegistrySubmission submission)
    {
        if (target is null)
            _errors.Add(new RegistryError("UnresolvedReferenceException", $"{id}: target"));
        else if (target.Patient != submission.Set.PatientId.ToString())
            _errors.Add(new RegistryError("XDSPatientIdDoesNotMatch", $"{id}: target"));
        else if (target.Owner != context.StructureOf(submission.Set))
            _errors.Add(new RegistryError(
                "XDSMetadataUpdateOperationError", $"{id}: only the structure that published may change or delete"));
        else
            return target;
        return null;
    }
}
