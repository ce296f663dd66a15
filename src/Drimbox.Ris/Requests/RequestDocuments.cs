using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Profiles;
using Drimbox.Storage;

namespace Drimbox.Ris.Requests;

/// <summary>A document that is durable, and what it says of itself as an order.</summary>
internal sealed record KeptDocument(RequestDocument Document, ImagingRequestDocument Order);

/// <summary>Takes in the documents of requests: CDA as it is, a PDF inside a CDA of the RIS.</summary>
internal sealed class RequestDocuments(RisOptions options, ObjectStore objects, IIdSource ids, TimeProvider time)
{
    private readonly TimeZoneInfo _zone = TimeZoneInfo.FindSystemTimeZoneById(options.TimeZone);

    /// <summary>Checks a file against the requests that it is to belong to, and stores it.</summary>
    /// <param name="requests">At least one, all of one patient.</param>
    /// <returns>The document, or null with the reason.</returns>
    public async Task<(KeptDocument? Kept, Refusal? Refusal)> KeepAsync(
        DocumentFile file, IReadOnlyList<ImagingRequest> requests, CancellationToken cancellation)
    {
        Refusal? refusal = null;
        var cda = file.Content.Span.StartsWith("%PDF-"u8) ? Wrap(file, requests[0], out refusal) : file.Content;
        if (cda.IsEmpty)
            return (null, refusal ?? new Refusal(RefusalReason.RequiredFieldMissing, "The file is empty."));
        if (cda.Length > Limits.RequestDocumentBytesMax)
        {
            return (null, new Refusal(
                RefusalReason.OverLimit,
                $"A document of a request has at most {Limits.RequestDocumentBytesMax} bytes."));
        }

        if (CdaReader.TryRead(cda, out refusal) is not { } header) return (null, refusal);
        foreach (var request in requests)
        {
            if (Check(header, cda, request) is { } wrong) return (null, wrong);
        }

        var stored = await objects.PutAsync(cda, cancellation);
        return (
            new KeptDocument(
                new RequestDocument(header.DocumentId, file.Role, header.Type, header.Replaces, stored),
                ImagingRequestDocument.Read(cda)),
            null);
    }

    /// <summary>Checks a document that is here already against another request.</summary>
    public async Task<Refusal?> CheckAsync(
        RequestDocument document, ImagingRequest request, CancellationToken cancellation)
    {
        var cda = await objects.ReadAsync(document.File, Limits.CdaBytesMax, cancellation);
        var header = CdaReader.TryRead(cda, out var refusal);
        return header is null ? refusal : Check(header, cda, request);
    }

    // What a receiver of the volet would refuse is refused here, where somebody can mend it: a document without INS, of
    // another patient, of a type that has no code.
    private Refusal? Check(CdaHeader header, ReadOnlyMemory<byte> cda, ImagingRequest request)
    {
        var order = request.PlacerOrderNumber.IsEmpty
            ? InstanceIdentifier.Create(options.SourceId, "0")
            : request.PlacerOrderNumber;
        var envelope = new MessageEnvelope(
            options.Hl7.Application, options.Hl7.Facility, options.Hl7.Application, options.Hl7.Facility,
            time.GetUtcNow(), ids.NewControlId());
        var message = DocumentMessage.Write(header, cda, order, request.Patient, request.Visit, envelope);
        var reading = MessageValidator.Read(message, [CdaProfiles.Mdm21]);
        Invariant.Holds(reading is not null);
        if (reading.Refusal is { } invalid) return invalid;
        return ReportMessageReader.TryRead(reading.Message, out var refusal) is null ? refusal : null;
    }

    // Whoever answers for the request on site answers for what is scanned there.
    private byte[] Wrap(DocumentFile file, ImagingRequest request, out Refusal? refusal)
    {
        if (TypeOf(file, out refusal) is not { } type) return [];
        var local = TimeZoneInfo.ConvertTime(time.GetUtcNow(), _zone);
        var now = Timestamp.From(local);
        var scans = options.Scans;
        var signer = new ReportParticipant(
            request.OrderingProvider, request.Structure, CodeOf(scans.Specialty, "1.2.250.1.213.1.1.4.5"), now);
        return CdaWriter.Write(new Level1Report(
            NewId(),
            NewId(),
            VersionNumber: 1,
            Replaces: null,
            file.Title ?? type.Display,
            now,
            "fr-FR",
            PatientOf(request.Patient.Identity),
            Author: signer,
            LegalAuthenticator: signer,
            Custodian: request.Structure,
            Orders: request.PlacerOrderNumber.IsEmpty ? [] : [new ImagingOrder(request.PlacerOrderNumber, null)],
            [
                new ImagingServiceEvent(
                    null, type, [], [], [], now.ToString(), null, request.Structure,
                    CodeOf(scans.PracticeSetting, "1.2.250.1.213.1.1.4.9")),
            ],
            CodeOf(scans.HealthcareFacilityType, "1.2.250.1.71.4.2.4"),
            file.Content)
        {
            Type = type,
        });
    }

    private static Code? TypeOf(DocumentFile file, out Refusal? refusal)
    {
        refusal = null;
        if (file.Type is not { Length: > 0 } code)
        {
            if (file.Role == RequestDocumentRole.Request) return ReportCodes.ImagingRequest;
            refusal = new Refusal(RefusalReason.RequiredFieldMissing, "A PDF does not say what it is: give its type.");
            return null;
        }

        if (!code.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            refusal = new Refusal(RefusalReason.DataType, "The type of a document is a code of JDV_J07.");
            return null;
        }

        // LOINC: digits, a hyphen, a check digit.
        var isLoinc = code.Length > 2 && code[^2] == '-' && code[..^2].All(char.IsAsciiDigit)
            && char.IsAsciiDigit(code[^1]);
        return new Code(code, isLoinc ? ReportCodes.Loinc : ReportCodes.ComplementaryTypes, file.Title ?? code);
    }

    private static Code CodeOf(ScanCodeOptions code, string system) => new(code.Code, system, code.Display);

    // A local identifier whose authority has no OID has no place in a CDA.
    private static Patient PatientOf(Patient patient) =>
        Uid.TryParse(patient.LocalId?.IssuerOid, out _) ? patient : patient with { LocalId = null };

    private InstanceIdentifier NewId() => InstanceIdentifier.Create(ids.NewUid().ToString(), null);
}
