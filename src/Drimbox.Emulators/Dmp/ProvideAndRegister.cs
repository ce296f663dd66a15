using System.Globalization;
using System.Security.Cryptography;
using System.Xml.Linq;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using Drimbox.Dmp.Trust;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Emulators.Dmp;

/// <summary>ITI-41 on the server's side: repository and registry in one. Source: ITI TF-2 3.41.4.1.3 and 3.42.4.1.3; ITI
/// TF-3 4.2.2.2 (relations of documents).</summary>
internal sealed class ProvideAndRegister
{
    private readonly DmpContext _context;
    private readonly List<RegistryError> _errors = [];
    private readonly List<RegistryError> _contentErrors = [];
    private readonly List<RegistryError> _signatureErrors = [];
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _documents = new(StringComparer.Ordinal);
    private readonly RegistrySubmission? _submission;

    /// <summary>Reads the request, and checks of it what needs no registry: documents and signature cost most, and requests
    /// wait for the registry one after the other.</summary>
    public ProvideAndRegister(DmpContext context, SoapMessage message)
    {
        _context = context;
        ReadDocuments(message);
        _submission = RegistrySubmission.TryRead(message.Body.Element(Lcm + "SubmitObjectsRequest"), _errors);
        if (_submission is null) return;
        CheckDocuments(_submission);
        if (_errors.Count + _contentErrors.Count == 0) CheckSignature(_submission);
    }

    /// <summary>Checks the whole request and stores it, or stores nothing.</summary>
    public RegistryResponse Execute(SoapMessage message, DmpStore store, out CommittedSubmission? committed)
    {
        committed = null;
        if (_submission is not { } submission) return RegistryResponse.Failure(_errors);
        _context.CheckSubmitter(submission, store, _errors);
        _errors.AddRange(_contentErrors);
        if (_errors.Count == 0) _errors.AddRange(_signatureErrors);
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
            _contentErrors.Add(new RegistryError("XDSMissingDocument", entry.Id));
        foreach (var id in _documents.Keys.Where(id => submission.Entries.All(entry => entry.Id != id)))
            _contentErrors.Add(new RegistryError("XDSMissingDocumentMetadata", id));
        foreach (var entry in submission.Entries)
        {
            if (!_documents.TryGetValue(entry.Id, out var bytes)) continue;

            // ITI TF-2 3.41.4.1.3: hash and size, where given, must be those of the document.
            var stated = entry.Entry.Entry;
            if (stated.Hash.Length > 0 && stated.Hash != HashOf(bytes))
                _contentErrors.Add(new RegistryError("XDSRepositoryMetadataError", $"{entry.Id}: hash"));
            if (stated.Size >= 0 && stated.Size != bytes.Length)
                _contentErrors.Add(new RegistryError("XDSRepositoryMetadataError", $"{entry.Id}: size"));

            // ITI TF-3 table 4.2.4.1-2: the context holds the uniqueId.
            if (!DocumentContent.Matches(stated.MimeType, bytes))
                _contentErrors.Add(new RegistryError("InvalidDocumentContent", stated.UniqueId.ToString()));
        }

        if (submission.Entries.Count == 0) _contentErrors.Add(RegistrySubmission.Metadata("No DocumentEntry"));
    }

    private void CheckSignature(RegistrySubmission submission)
    {
        if (!_context.Options.RequireSignature) return;
        var signatures = submission.Entries.Where(entry => entry.IsSignature).ToList();
        if (signatures.Count != 1)
        {
            _signatureErrors.Add(RegistrySubmission.Metadata("The submission set has no signature document, or several"));
            return;
        }

        var signs = submission.Associations.Any(a => a.Type == AssociationType.Signs
            && a.Source == signatures[0].Id && a.Target == submission.Set.EntryUuid);
        if (!signs) _signatureErrors.Add(RegistrySubmission.Metadata("No signs association from the signature"));
        // Another structure is refused by the registry, whatever it signed.
        if (!_context.Structures.TryGetValue(_context.StructureOf(submission.Set), out var structure)) return;
        var problem = SubmissionSignature.Verify(
            _documents[signatures[0].Id], structure.SigningCertificate, submission.Set.UniqueId,
            submission.Entries.Where(entry => !entry.IsSignature)
                .Select(entry => new SignedDocument(entry.Entry.Entry.UniqueId, _documents[entry.Id])));
        if (problem is not null) _signatureErrors.Add(new RegistryError("XDSRepositoryMetadataError", problem));
    }

    private void CheckRegistry(RegistrySubmission submission, DmpStore store)
    {
        // A repeat is named as such before anything else: its other errors are consequences of the first attempt.
        _context.CheckUniqueId(submission.Set, store, _errors);
        foreach (var entry in submission.Entries)
        {
            var bytes = _documents[entry.Id];
            var uniqueId = entry.Entry.Entry.UniqueId.ToString();
            foreach (var known in store.EntriesByUniqueId(uniqueId).Take(1))
            {
                // ITI TF-2 3.42.4.1.3.3.1.
                if (known.Hash != HashOf(bytes)) _errors.Add(new RegistryError("XDSNonIdenticalHash", uniqueId));
                else if (_context.Options.RefuseRepeatedDocuments)
                    _errors.Add(new RegistryError("XDSDuplicateUniqueIdInRegistry", $"{entry.Id}: uniqueId {uniqueId}"));
                if (known.Size != bytes.Length) _errors.Add(new RegistryError("XDSNonIdenticalSize", uniqueId));
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

        // ITI TF-2 3.42.4.1.3.5: the new document is here; the other one in the registry or, unless it is replaced, here.
        if (submission.Entries.All(entry => entry.Id != association.Source))
            _errors.Add(new RegistryError("UnresolvedReferenceException", $"{association.Id}: sourceObject"));
        var mayBeHere = association.Type is AssociationType.Append or AssociationType.Transform;
        if (mayBeHere && submission.Entries.Any(entry => entry.Id == association.Target)) return;
        var target = store.EntryByUuid(association.Target);
        if (target is null || target.Status == AvailabilityStatus.Deleted)
            _errors.Add(new RegistryError("UnresolvedReferenceException", $"{association.Id}: targetObject"));
        else if (target.Patient != submission.Set.PatientId.ToString())
            _errors.Add(new RegistryError("XDSPatientIdDoesNotMatch", $"{association.Id}: targetObject"));
        else if (target.Status != AvailabilityStatus.Approved)
            _errors.Add(new RegistryError("XDSRegistryDeprecatedDocumentError", $"{association.Id}: targetObject"));
        else if (association.Type == AssociationType.Append
            && store.RelationOf(target.EntryUuid, AssociationType.Transform) is not null)
            _errors.Add(RegistrySubmission.Metadata($"{association.Id}: a transformation is not appended to"));
    }

    private CommittedSubmission Commit(RegistrySubmission submission, DmpStore store)
    {
        var structure = _context.StructureOf(submission.Set);
        var replaced = submission.Associations
            .Where(a => a.Type is AssociationType.Replace or AssociationType.TransformAndReplace).ToList();
        var setXml = RegistryXml.RegisterSet(submission.SetXml, _context);
        var uuids = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [submission.Set.EntryUuid] = (string)setXml.Attribute("id")!,
        };
        foreach (var entry in submission.Entries)
        {
            // ITI TF-2 3.42.4.1.3.7: a symbolic id becomes a UUID of the registry's choice.
            var uuid = entry.Id.StartsWith("urn:uuid:", StringComparison.Ordinal) ? entry.Id : _context.NewEntryUuid();
            uuids[entry.Id] = uuid;
            var bytes = _documents[entry.Id];
            var xml = RegistryXml.Register(entry.Xml, uuid, uuid, 1, _context);
            RegistryXml.SetSlot(xml, "hash", HashOf(bytes));
            RegistryXml.SetSlot(xml, "size", bytes.Length.ToString(CultureInfo.InvariantCulture));
            RegistryXml.SetSlot(xml, "repositoryUniqueId", _context.Options.RepositoryUniqueId);
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

        // ITI TF-2 3.42.4.1.3.5: with a document its addenda and transformations are deprecated.
        foreach (var target in replaced.Select(association => store.EntryByUuid(association.Target)!))
        {
            store.SetStatus(target.EntryUuid, AvailabilityStatus.Deprecated);
            store.DeprecateChildren(target.LogicalId);
        }

        foreach (var xml in submission.AssociationsXml)
        {
            var registered = RegistryXml.RegisterAssociation(xml, uuids, _context);
            store.AddAssociation(SubmitObjects.ReadAssociations(new XElement("list", registered), [])[0], registered);
        }

        var committed = new CommittedSubmission(
            submission.Set.UniqueId.ToString(), XdsAction.ProvideAndRegisterDocumentSet, structure,
            submission.Set.PatientId, submission.Set.SubmissionTime, _context.Time.GetUtcNow(),
            submission.Entries.Select(entry => entry.Entry.Entry.UniqueId).ToList());
        store.AddSubmission(committed, setXml);
        return committed;
    }

    private static string HashOf(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(SHA1.HashData(bytes.Span));
}
