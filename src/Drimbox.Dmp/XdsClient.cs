using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using Drimbox.Dmp.Trust;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp;

/// <summary>
/// XDS.b Document Source, Consumer and Administrator: ITI-41 (TD2.1), ITI-18 (TD3.1), ITI-43 (TD3.2), ITI-57
/// (TD3.3), and TD0.2. One call is one attempt with a fresh VIHF and MessageID; everything else of a submission is
/// frozen.
/// Failures of the wire are values; an exception means a fault on our side, or that the caller cancelled.
/// </summary>
/// <param name="http">From <see cref="CreateHandler"/>, with the client certificate of the structure where the
/// target demands TLS authentication; its own timeout must be infinite.</param>
public sealed class XdsClient(XdsTarget target, HttpClient http, VihfIssuer vihf, IIdSource ids, TimeProvider time)
{
    /// <summary>A handler that never follows a redirect, never decompresses, keeps no cookie.</summary>
    /// <param name="authentication">ORG AUTH_CLI, or null for a target without client authentication.</param>
    public static SocketsHttpHandler CreateHandler(X509Certificate2? authentication)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = System.Net.DecompressionMethods.None,
            UseCookies = false,
            ConnectTimeout = Limits.XdsCallTimeout / 4,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        };
        if (authentication is not null) handler.SslOptions.ClientCertificates = [authentication];
        return handler;
    }

    /// <summary>ITI-41: the documents and their signature; new ones, or one that replaces or is appended to
    /// <paramref name="existing"/>.</summary>
    /// <param name="open">Reads a document of the object store; it is streamed, never held.</param>
    /// <param name="existing">The entry that a <see cref="SubmissionKind.Replace"/> or
    /// <see cref="SubmissionKind.Append"/> acts on; else null.</param>
    public async Task<XdsAnswer> ProvideAndRegisterDocumentSetAsync(
        SealedSubmission submission, Func<StoredObject, Stream> open, TargetEntry? existing,
        CancellationToken cancellationToken)
    {
        var metadata = SubmitObjects.ForProvideAndRegister(submission, existing);
        var signature = Encoding.UTF8.GetBytes(submission.Signature!);
        var parts = submission.Submission.Attachments.Prepend(submission.Submission.Document!)
            .Select(document => (Id: document.Entry.SymbolicId, Part: new MtomPart(
                document.Entry.SymbolicId + "@drimbox", document.Entry.MimeType, document.Object.Length,
                () => open(document.Object))))
            .Append((Id: SignatureEntry.SymbolicId, Part: new MtomPart(
                SignatureEntry.SymbolicId + "@drimbox", "text/xml", signature.Length,
                () => new MemoryStream(signature, writable: false))))
            .ToList();
        var body = new XElement(Xds + "ProvideAndRegisterDocumentSetRequest",
            new XAttribute(XNamespace.Xmlns + "xds", Xds),
            metadata,
            parts.Select(part => Document(part.Id, part.Part)));
        return await ExchangeRegistryAsync(
            target.Repository, XdsAction.ProvideAndRegisterDocumentSet, RequesterOf(submission), body,
            parts.ConvertAll(part => part.Part), cancellationToken);
    }

    /// <summary>ITI-57: deletion, archiving or its end, or a visibility change, of
    /// <paramref name="changed"/>.</summary>
    public Task<XdsAnswer> UpdateDocumentSetAsync(
        SealedSubmission submission, TargetEntry changed, CancellationToken cancellationToken) =>
        ExchangeRegistryAsync(
            target.Registry, XdsAction.UpdateDocumentSet, RequesterOf(submission),
            SubmitObjects.ForUpdate(submission, changed), [], cancellationToken);

    /// <summary>ITI-18.</summary>
    public async Task<QueryAnswer> RegistryStoredQueryAsync(
        StoredQuery query, Requester requester, CancellationToken cancellationToken)
    {
        var (message, failure) = await ExchangeAsync(
            target.Registry, XdsAction.RegistryStoredQuery, requester, query.Write(), [], cancellationToken);
        if (message is null) return QueryAnswer.Failed(failure!);
        if (message.Body.Name != Query + "AdhocQueryResponse"
            || RegistryResponse.TryRead(message.Body) is not { } response)
            return QueryAnswer.Failed(new XdsAnswer.SentUnknown("The answer is no AdhocQueryResponse."));
        var objects = message.Body.Elements(Rim + "RegistryObjectList").Elements().ToList();
        var entries = objects.Where(o => o.Name == Rim + "ExtrinsicObject")
            .Select(o => DocumentEntryCodec.TryRead(o, stored: true, [])).OfType<RegistryEntry>().ToList();
        var sets = objects.Where(o => o.Name == Rim + "RegistryPackage")
            .Select(o => SubmissionSetCodec.TryRead(o, [])).OfType<SubmissionSetEntry>().ToList();
        var refs = objects.Select(o => (string?)o.Attribute("id")).OfType<string>().ToList();
        var associations = message.Body.Elements(Rim + "RegistryObjectList")
            .SelectMany(list => SubmitObjects.ReadAssociations(list, [])).ToList();
        return new QueryAnswer(new XdsAnswer.Answered(response), refs, entries, sets, associations);
    }

    /// <summary>ITI-43: the documents that the repository has; each must be asked for.</summary>
    public async Task<RetrieveAnswer> RetrieveDocumentSetAsync(
        string repositoryUniqueId, IReadOnlyList<InstanceIdentifier> uniqueIds, Requester requester,
        CancellationToken cancellationToken)
    {
        var body = new XElement(Xds + "RetrieveDocumentSetRequest",
            new XAttribute(XNamespace.Xmlns + "xds", Xds),
            uniqueIds.Select(id => new XElement(Xds + "DocumentRequest",
                new XElement(Xds + "RepositoryUniqueId", repositoryUniqueId),
                new XElement(Xds + "DocumentUniqueId", id.ToString()))));
        var (message, failure) = await ExchangeAsync(
            target.Repository, XdsAction.RetrieveDocumentSet, requester, body, [], cancellationToken);
        if (message is null) return new RetrieveAnswer(failure!, []);
        if (message.Body.Element(Rs + "RegistryResponse") is not { } element
            || RegistryResponse.TryRead(element) is not { } response)
            return new RetrieveAnswer(new XdsAnswer.SentUnknown("The answer is no RetrieveDocumentSetResponse."), []);
        var documents = new List<RetrievedDocument>();
        foreach (var item in message.Body.Elements(Xds + "DocumentResponse"))
        {
            if (!InstanceIdentifier.TryParse((string?)item.Element(Xds + "DocumentUniqueId"), null, out var id)
                || !uniqueIds.Contains(id)
                || item.Element(Xds + "Document") is not { } document
                || message.TryResolve(document, out _) is not { } bytes)
                return new RetrieveAnswer(new XdsAnswer.SentUnknown("A DocumentResponse cannot be read."), []);
            documents.Add(new RetrievedDocument(
                (string?)item.Element(Xds + "RepositoryUniqueId") ?? "", id,
                (string?)item.Element(Xds + "mimeType") ?? "", bytes));
        }

        return new RetrieveAnswer(new XdsAnswer.Answered(response), documents);
    }

    /// <summary>TD0.2: whether the patient of <paramref name="requester"/> has a DMP. It changes nothing and may be
    /// repeated.</summary>
    /// <param name="sender">OID of this node.</param>
    public async Task<ExistenceAnswer> TestExistenceAsync(
        Uid sender, string softwareName, Requester requester, CancellationToken cancellationToken)
    {
        var body = ExistenceTest.WriteRequest(
            sender, softwareName, ids.NewUuid().ToString(), time.GetUtcNow(), requester.PatientId);
        var (message, failure) = await ExchangeAsync(
            target.Patients, ExistenceTest.Action, requester, body, [], cancellationToken);
        if (message is null) return new ExistenceAnswer(failure, null, null);
        return ExistenceTest.TryReadResponse(message.Body, requester.PatientId)
            ?? new ExistenceAnswer(
                new XdsAnswer.SentUnknown("The answer is no PRPA_IN201308UV02 about this patient."), null, null);
    }

    private static Requester RequesterOf(SealedSubmission submission) =>
        new(submission.Submission.Author, submission.Submission.PatientId);

    private static XElement Document(string id, MtomPart part) =>
        new(Xds + "Document", new XAttribute("id", id),
            new XElement(Xop + "Include",
                new XAttribute(XNamespace.Xmlns + "xop", Xop),
                new XAttribute("href", "cid:" + Uri.EscapeDataString(part.ContentId))));

    private async Task<XdsAnswer> ExchangeRegistryAsync(
        Uri to, string action, Requester requester, XElement body, IReadOnlyList<MtomPart> parts,
        CancellationToken cancellationToken)
    {
        var (message, failure) = await ExchangeAsync(to, action, requester, body, parts, cancellationToken);
        if (message is null) return failure!;
        return message.Body.Name == Rs + "RegistryResponse" && RegistryResponse.TryRead(message.Body) is { } response
            ? new XdsAnswer.Answered(response)
            : new XdsAnswer.SentUnknown("The answer is no RegistryResponse.");
    }

    /// <summary>One request and its answer: a message that is no fault, or how it failed.</summary>
    private async Task<(SoapMessage? Message, XdsAnswer? Failure)> ExchangeAsync(
        Uri to, string action, Requester requester, XElement body, IReadOnlyList<MtomPart> parts,
        CancellationToken cancellationToken)
    {
        var messageId = "urn:uuid:" + ids.NewUuid();
        var envelope = SoapEnvelope.WriteRequest(action, messageId, to, vihf.Issue(requester), body);

        // ITI TF-2 table V.3.6: ITI-41 and 43 are MTOM messages, ITI-18 and 57 are plain SOAP.
        var isMtom = action is XdsAction.ProvideAndRegisterDocumentSet or XdsAction.RetrieveDocumentSet;
        using var content = isMtom
            ? new SoapContent(new MtomPackage("uuid:" + ids.NewUuid(), action, envelope, parts))
            : new SoapContent(action, envelope);
        using var timeout = new CancellationTokenSource(Limits.XdsCallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, to) { Content = content };
            using var response = await http.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return await ReadAsync(response, messageId, either.Token);
        }
        catch (Exception e) when (e.InnerException is DocumentUnreadableException unreadable)
        {
            throw new DocumentUnreadableException(unreadable.Message, e);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, Lost(content, $"No answer within {Limits.XdsCallTimeout.TotalSeconds:0} s."));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return (null, Lost(content, e is HttpRequestException http ? http.HttpRequestError.ToString() : "Reset"));
        }
    }

    private static async Task<(SoapMessage? Message, XdsAnswer? Failure)> ReadAsync(
        HttpResponseMessage response, string messageId, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var (message, refusal) = await SoapReader.ReadAsync(
            response.Content.Headers.ContentType?.ToString(), response.Content.Headers.ContentLength, stream,
            Limits.SoapMessageBytesMax, cancellationToken);
        if (message is { Body: var body } && body.Name == Soap12 + "Fault")
        {
            return (null, new XdsAnswer.Faulted(message.Fault ?? new SoapFault("Receiver", null, ""), status));
        }

        if (status is < 200 or > 299) return (null, new XdsAnswer.HttpRefused(status));
        if (message is null) return (null, new XdsAnswer.SentUnknown("The answer cannot be read: " + refusal!.Detail));

        // WS-Addressing 1.0 3.3: an answer that names another request is not ours.
        return message.RelatesTo is { } relatesTo && relatesTo != messageId
            ? (null, new XdsAnswer.SentUnknown("The answer relates to another request."))
            : (message, null);
    }

    private static XdsAnswer Lost(SoapContent content, string reason) =>
        content.IsStarted ? new XdsAnswer.SentUnknown(reason) : new XdsAnswer.NotSent(reason);
}
