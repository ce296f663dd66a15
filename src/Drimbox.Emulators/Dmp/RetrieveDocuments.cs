using System.Globalization;
using System.Xml.Linq;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Emulators.Dmp;

/// <summary>ITI-43 on the server's side. Source: ITI TF-2 3.43.4.1.3.</summary>
internal sealed class RetrieveDocuments(DmpContext context)
{
    public (XElement Body, IReadOnlyList<MtomPart> Parts) Execute(SoapMessage message, DmpStore store)
    {
        var errors = new List<RegistryError>();
        var parts = new List<MtomPart>();
        var documents = new List<XElement>();
        foreach (var request in message.Body.Elements(Xds + "DocumentRequest"))
        {
            var repository = ((string?)request.Element(Xds + "RepositoryUniqueId") ?? "").Trim();
            var uniqueId = ((string?)request.Element(Xds + "DocumentUniqueId") ?? "").Trim();
            if (repository != context.Options.RepositoryUniqueId)
            {
                errors.Add(new RegistryError("XDSUnknownRepositoryId", "RepositoryUniqueId"));
                continue;
            }

            var entry = store.EntriesByUniqueId(uniqueId) is [.., var newest] ? newest : null;
            if (entry is null || entry.Status == AvailabilityStatus.Deleted || !MayRead(entry)
                || store.Document(uniqueId) is not { } bytes)
            {
                errors.Add(new RegistryError("XDSDocumentUniqueIdError", "DocumentUniqueId"));
                continue;
            }

            var part = new MtomPart(
                "document" + (parts.Count + 1).ToString(CultureInfo.InvariantCulture) + "@urn:ihe:iti:xds-b:2007",
                entry.MimeType, bytes.Length, () => new MemoryStream(bytes, writable: false));
            parts.Add(part);
            documents.Add(new XElement(Xds + "DocumentResponse",
                new XElement(Xds + "RepositoryUniqueId", repository),
                new XElement(Xds + "DocumentUniqueId", uniqueId),
                new XElement(Xds + "mimeType", entry.MimeType),
                new XElement(Xds + "Document",
                    new XElement(Xop + "Include",
                        new XAttribute(XNamespace.Xmlns + "xop", Xop),
                        new XAttribute("href", "cid:" + Uri.EscapeDataString(part.ContentId))))));
        }

        if (documents.Count == 0 && errors.Count == 0)
            errors.Add(new RegistryError("XDSRepositoryError", "No DocumentRequest"));
        var status = errors.Count == 0 ? RegistryStatus.Success
            : documents.Count == 0 ? RegistryStatus.Failure : RegistryStatus.PartialSuccess;
        var body = new XElement(Xds + "RetrieveDocumentSetResponse",
            new XAttribute(XNamespace.Xmlns + "xds", Xds),
            new RegistryResponse(status, errors).Write(),
            documents);
        return (body, parts);
    }

    private bool MayRead(StoredEntry entry) =>
        context.Caller is not { } caller
        || (caller.PatientId.ToString() == entry.Patient
            && (caller.Structure == entry.Owner
                || !entry.Read().Entry.Visibility.HasFlag(Visibility.MaskedFromProfessionals)));
}
