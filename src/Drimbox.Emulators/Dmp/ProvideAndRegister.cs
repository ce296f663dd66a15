using System.Globalization;
using System.Security.Cryptography;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using Drimbox.Dmp.Trust;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Emulators.Dmp;

/// <summary>ITI-41 on the server's side. Source: ITI TF-2 3.41.4.1.3; ITI TF-3 4.2.2.2.3 (replace).</summary>
internal sealed class ProvideAndRegister(DmpContext context)
{
    private readonly List<RegistryError> _errors = [];
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _documents = new(StringComparer.Ordinal);

    /// <summary>Checks the whole request and stores it, or stores nothing.</summary>
    public RegistryResponse Execute(SoapMessage message, DmpStore store, out CommittedSubmission? committed)
    {
        committed = null;
        ReadDocuments(message);
        var submission = RegistrySubmission.TryRead(message.Body.Element(Lcm + "SubmitObjectsRequest"), _errors);
        if (submission is null) return RegistryResponse.Failure(_errors);
        context.CheckSubmitter(submission, store, _errors);
        CheckDocuments(submission);
        if (_errors.Count == 0) CheckSignature(submission);
        if (_errors.Count == 0) CheckRegistry(submission, store);
        if (_errors.Count > 0) return RegistryResponse.Failure(_errors);
        committed = Commit(submission, store);
        return RegistryResponse.Success;
    }

    private void ReadDocuments(SoapMessage message)
    {
        foreach (var element in message.Body.Elements(Xds + "Document"))
        {
            var id = (string?)element.Attribute("id") ?? "";
            if (message.TryResolve(element, out _) is not { } bytes)
                _errors.Add(new RegistryError("XDSMissingDocument", $"{id}: no content"));
            else if (!_documents.TryAdd(id, bytes))
                _errors.Add(new RegistryError("XDSRepositoryError", $"{id}: two documents with this id"));
        }
    }

    private void CheckDocuments(RegistrySubmission submission)
    {
        foreach (var entry in submission.Entries.Where(entry => !_documents.ContainsKey(entry.Id)))
            _errors.Add(new RegistryError("XDSMissingDocument", entry.Id));
        foreach (var id in _documents.Keys.Where(id => submission.Entries.All(entry => entry.Id != id)))
            _errors.Add(new RegistryError("XDSMissingDocumentMetadata", id));
        foreach (var entry in submission.Entries)
        {
            if (!_documents.TryGetValue(entry.Id, out var bytes)) continue;

            // ITI TF-2 3.41.4.1.3: hash and size, where given, must be those of the document.
            var stated = entry.Entry.Entry;
            if (stated.Hash.Length > 0 && stated.Hash != HashOf(bytes))
                _errors.Add(new RegistryError("XDSRepositoryMetadataError", $"{entry.Id}: hash"));
            if (stated.Size >= 0 && stated.Size != bytes.Length)
                _errors.Add(new RegistryError("XDSRepositoryMetadataError", $"{entry.Id}: size"));
        }

        if (submission.Entries.Count == 0) _errors.Add(RegistrySubmission.Metadata("No DocumentEntry"));
    }

    private void CheckSignature(RegistrySubmission submission)
    {
        if (!context.Options.RequireSignature) return;
        var signatures = submission.Entries.Where(entry => entry.IsSignature).ToList();
        if (signatures.Count != 1)
        {
            _errors.Add(RegistrySubmission.Metadata("The submission set has no signature document, or several"));
            return;
        }

        var signs = submission.Associations.Any(a => a.Type == AssociationType.Signs
            && a.Source == signatures[0].Id && a.Target == submission.Set.EntryUuid);
        if (!signs) _errors.Add(RegistrySubmission.Metadata("No signs association from the signature"));
        var certificate = context.Structures[context.StructureOf(submission.Set)].SigningCertificate;
        var problem = SubmissionSignature.Verify(
            _documents[signatures[0].Id], certificate, submission.Set.UniqueId,
            submission.Entries.Where(entry => !entry.IsSignature)
                .Select(entry => new SignedDocument(entry.Entry.Entry.UniqueId, _documents[entry.Id])));
        if (problem is not null) _errors.Add(new RegistryError("XDSRepositoryMetadataError", problem));
    }

    private void CheckRegistry(RegistrySubmission submission, DmpStore store)
    {
        // A repeat is named as such before anything else: its other errors are consequences of the first attempt.
        if (store.HasSubmission(submission.Set.UniqueId.ToString()))
            _errors.Add(new RegistryError("XDSDuplicateUniqueIdInRegistry", "SubmissionSet.uniqueId"));
        foreach (var entry in submission.Entries)
        {
            var bytes = _documents[entry.Id];
            foreach (var known in store.EntriesByUniqueId(entry.Entry.Entry.UniqueId.ToString()).Take(1))
            {
                if (known.Hash != HashOf(bytes)) _errors.Add(new RegistryError("XDSNonIdenticalHash", entry.Id));
                else if (context.Options.RefuseRepeatedDocuments)
                    _errors.Add(new RegistryError("XDSDuplicateUniqueIdInRegistry", entry.Id));
            }

            if (entry.Id.StartsWith("urn:uuid:", StringComparison.Ordinal) && store.EntryByUuid(entry.Id) is not null)
                _errors.Add(RegistrySubmission.Metadata($"{entry.Id}: entryUUID is in use"));
            if (entry.Xml.Attribute("lid") is { } lid && lid.Value != entry.Id)
                _errors.Add(RegistrySubmission.Metadata($"{entry.Id}: an initial version has no lid of its own"));
        }

        foreach (var association in submission.Associations) CheckTarget(association, submission, store);
    }

    private void CheckTarget(RegistryAssociation association, RegistrySubmission submission, DmpStore store)
    {
        if (association.Type == AssociationType.UpdateAvailabilityStatus)
        {
            _errors.Add(RegistrySubmission.Metadata($"{association.Id}: belongs to ITI-57"));
            return;
        }

        var isLifeCycle = association.Type is AssociationType.Replace or AssociationType.Append
            or AssociationType.Transform or AssociationType.TransformAndReplace;
        if (!isLifeCycle) return;
        if (submission.Entries.All(entry => entry.Id != association.Source))
            _errors.Add(RegistrySubmission.Metadata($"{association.Id}: sourceObject is no entry of this request"));
        var target = store.EntryByUuid(association.Target);
        if (target is null || target.Status == AvailabilityStatus.Deleted)
            _errors.Add(new RegistryError("UnresolvedReferenceException", association.Id));
        else if (target.Patient != submission.Set.PatientId.ToString())
            _errors.Add(new RegistryError("XDSPatientIdDoesNotMatch", $"{association.Id}: target"));
        else if (target.Status != AvailabilityStatus.Approved)
            _errors.Add(new RegistryError("XDSRegistryDeprecatedDocumentError", association.Id));
    }

    private CommittedSubmission Commit(RegistrySubmission submission, DmpStore store)
    {
        var structure = context.StructureOf(submission.Set);
        var replaced = submission.Associations
            .Where(a => a.Type is AssociationType.Replace or AssociationType.TransformAndReplace).ToList();
        foreach (var entry in submission.Entries)
        {
            // ITI TF-3 4.2.3.1.1: a symbolic id becomes a UUID of the registry's choice.
            var uuid = entry.Id.StartsWith("urn:uuid:", StringComparison.Ordinal) ? entry.Id : context.NewEntryUuid();
            var bytes = _documents[entry.Id];
            var xml = RegistryXml.Register(entry.Xml, uuid, uuid, 1, context);
            RegistryXml.SetSlot(xml, "hash", HashOf(bytes));
            RegistryXml.SetSlot(xml, "size", bytes.Length.ToString(CultureInfo.InvariantCulture));
            RegistryXml.SetSlot(xml, "repositoryUniqueId", context.Options.RepositoryUniqueId);
            var document = entry.Entry.Entry;
            store.AddDocument(document.UniqueId.ToString(), bytes);
            store.AddEntry(
                new StoredEntry(
                    uuid, uuid, 1, AvailabilityStatus.Approved, document.UniqueId.ToString(),
                    document.PatientId.ToString(), structure, submission.Set.UniqueId.ToString(),
                    replaced.Find(a => a.Source == entry.Id)?.Target, HashOf(bytes), bytes.Length,
                    document.MimeType, document.TypeCode.Value, xml),
                RegistryXml.ReferencesOf(xml));
        }

        foreach (var association in replaced) store.SetStatus(association.Target, AvailabilityStatus.Deprecated);
        var committed = new CommittedSubmission(
            submission.Set.UniqueId.ToString(), XdsAction.ProvideAndRegisterDocumentSet, structure,
            submission.Set.PatientId, submission.Set.SubmissionTime, context.Time.GetUtcNow(),
            submission.Entries.Select(entry => entry.Entry.Entry.UniqueId).ToList());
        store.AddSubmission(committed, RegistryXml.RegisterSet(submission.SetXml, context));
        return committed;
    }

    private static string HashOf(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(SHA1.HashData(bytes.Span));
}
