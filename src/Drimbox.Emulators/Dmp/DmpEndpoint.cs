using System.Collections.Concurrent;
using Drimbox.Core;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using Drimbox.Dmp.Trust;
using Microsoft.AspNetCore.Http;

namespace Drimbox.Emulators.Dmp;

/// <summary>The SOAP door of the emulator: read, verify the VIHF, run the transaction, answer — or misbehave as a
/// rule says.</summary>
internal sealed class DmpEndpoint(
    DmpEmulatorOptions options,
    DmpStore store,
    ConcurrentDictionary<string, AllowedStructure> structures,
    Faults faults,
    Signals<CommittedSubmission> committed,
    Signals<string> received,
    IIdSource ids,
    TimeProvider time)
{
    private readonly HashSet<string> _assertions = new(StringComparer.Ordinal);
    private readonly Queue<(string Id, DateTimeOffset SeenAt)> _assertionsByAge = new();

    private readonly VihfVerifier _verifier = new(
        structure => structures.TryGetValue(structure, out var known) ? known.SigningCertificate : null,
        options.AcceptSha1, time);

    /// <param name="service"><c>/registry</c>, <c>/repository</c> or <c>/patients</c>.</param>
    public async Task HandleAsync(HttpContext http, string service, CancellationToken stopping)
    {
        if (http.Request.Method != "POST")
        {
            http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        // RFC 9110 15.5.16: nothing is decompressed, so nothing grows (attack A19).
        if (http.Request.Headers.ContentEncoding.Any(coding => coding is not (null or "" or "identity")))
        {
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            http.Response.Headers.AcceptEncoding = "identity";
            return;
        }

        var (message, refused, status) = await ReadAsync(http);
        if (message is null)
        {
            await WriteAsync(http, Reply.OfFault(new SoapFault("Sender", null, refused!.Detail), null, ids), status);
            return;
        }

        var action = message.Action ?? "";
        var rule = faults.Next(action);
        received.Publish(action);
        if (rule is { Moment: FaultMoment.BeforeCommit } && await MisbehaveAsync(http, rule, message, null, stopping))
            return;
        var answer = await AnswerAsync(message, service);
        if (rule is { Moment: FaultMoment.AfterCommit } && await MisbehaveAsync(http, rule, message, answer, stopping))
            return;
        await WriteAsync(
            http, answer, answer.IsFault ? StatusCodes.Status500InternalServerError : StatusCodes.Status200OK);
    }

    // SOAP 1.2 part 2, table 20: a malformed request is answered with 400 and a Sender fault; RFC 9110 15.5.14: one that
    // is too long with 413.
    private static async Task<(SoapMessage? Message, Refusal? Refusal, int Status)> ReadAsync(HttpContext http)
    {
        try
        {
            var (message, refusal) = await SoapReader.ReadAsync(
                http.Request.ContentType, http.Request.ContentLength, http.Request.Body, Limits.SoapMessageBytesMax,
                http.RequestAborted);
            return (message, refusal, StatusCodes.Status400BadRequest);
        }
        catch (BadHttpRequestException e)
        {
            return (null, new Refusal(RefusalReason.OverLimit, "The request body is too long or was cut."), e.StatusCode);
        }
        catch (IOException)
        {
            return (
                null, new Refusal(RefusalReason.Malformed, "The MIME package ends before its last boundary."),
                StatusCodes.Status400BadRequest);
        }
    }

    private async Task<Reply> AnswerAsync(SoapMessage message, string service)
    {
        Vihf? caller = null;
        if (options.RequireVihf)
        {
            caller = _verifier.TryVerify(message, out var denied);
            if (caller is not null && !IsFirstUse(caller))
                denied = new SoapFault("Sender", "FailedAuthentication", "The assertion was used before.");
            if (denied is not null) return Reply.OfFault(denied, message, ids);
        }

        var context = new DmpContext(options, ids, time, structures, caller);
        switch (service, message.Action)
        {
            case ("/repository", XdsAction.ProvideAndRegisterDocumentSet):
                return await SubmitAsync(message, new ProvideAndRegister(context, message).Execute);
            case ("/registry", XdsAction.UpdateDocumentSet):
                return await SubmitAsync(message, new UpdateDocuments(context).Execute);
            case ("/registry", XdsAction.RegistryStoredQuery):
                var found = await store.ReadAsync(
                    s => new StoredQueries(context).Execute(message, s), CancellationToken.None);
                return Reply.Of(found, message, ids);
            case ("/repository", XdsAction.RetrieveDocumentSet):
                var (body, parts) = await store.ReadAsync(
                    s => new RetrieveDocuments(context).Execute(message, s), CancellationToken.None);
                return Reply.Of(body, message, ids, parts);
            case ("/patients", ExistenceTest.Action):
                return await TestExistenceAsync(message, context);
            default:
                // WS-Addressing SOAP binding 6.4.2.
                return Reply.OfFault(
                    new SoapFault("Sender", "ActionNotSupported", "No such action at this address."), message, ids);
        }
    }

    // TD0.2. Authorised is who may use the DMP at all: the emulator keeps no authorisations by patient (TD0.3).
    private async Task<Reply> TestExistenceAsync(SoapMessage message, DmpContext context)
    {
        if (ExistenceTest.TryReadRequest(message.Body) is not { } patientId)
            return Reply.OfFault(new SoapFault("Sender", null, "No PRPA_IN201307UV02 of TD0.2."), message, ids);
        if (context.Caller is { } caller && caller.PatientId != patientId)
        {
            return Reply.OfFault(
                new SoapFault("Sender", "FailedAuthentication", "The VIHF is about another patient."), message, ids);
        }

        var existence = await store.ReadAsync(s => context.ExistenceOf(patientId, s), CancellationToken.None);
        var response = ExistenceTest.WriteResponse(
            message.Body, ids.NewUuid().ToString(), time.GetUtcNow(), existence, context.Caller is not null);
        return Reply.Of(response, message, ids);
    }

    private delegate RegistryResponse Transaction(SoapMessage message, DmpStore store, out CommittedSubmission? done);

    // Once begun, a submission is finished whatever the peer does.
    private async Task<Reply> SubmitAsync(SoapMessage message, Transaction execute)
    {
        CommittedSubmission? done = null;
        var response = RegistryResponse.Success;
        await store.TransactAsync(
            s =>
            {
                response = execute(message, s, out done);
                return done is not null;
            },
            CancellationToken.None);
        if (done is not null) committed.Publish(done);
        return Reply.Of(response.Write(), message, ids);
    }

    /// <summary>Does what the rule says.</summary>
    /// <param name="answer">What would be answered, if the request was carried out.</param>
    /// <returns>False if the request goes on (a delay).</returns>
    private async Task<bool> MisbehaveAsync(
        HttpContext http, FaultRule rule, SoapMessage message, Reply? answer, CancellationToken stopping)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        var reply = answer ?? Reply.Of(RegistryResponse.Success.Write(), message, ids);
        switch (rule.Kind)
        {
            case FaultKind.Delay:
                await Task.Delay(TimeSpan.FromMilliseconds(rule.DelayMilliseconds), time, stopping);
                return false;
            case FaultKind.NoAnswer:
                await Task.Delay(Timeout.InfiniteTimeSpan, time, gone.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                http.Abort();
                return true;
            case FaultKind.Reset:
                http.Abort();
                return true;
            case FaultKind.ResetMidResponse:
                http.Response.ContentType = reply.ContentType;
                http.Response.ContentLength = reply.Bytes.Length;
                await http.Response.Body.WriteAsync(reply.Bytes.AsMemory(0, reply.Bytes.Length / 2), gone.Token);
                await http.Response.Body.FlushAsync(gone.Token);
                http.Abort();
                return true;
            case FaultKind.HttpStatus:
                http.Response.StatusCode = rule.Status;
                return true;
            case FaultKind.RegistryError:
                var error = RegistryResponse.Failure(
                    new RegistryError(rule.ErrorCode ?? "XDSRegistryBusy", "Scripted"));
                await WriteAsync(http, Reply.Of(error.Write(NameOf(message)), message, ids), StatusCodes.Status200OK);
                return true;
            case FaultKind.SoapFault:
                var fault = new SoapFault("Receiver", rule.ErrorCode, "Scripted");
                await WriteAsync(
                    http, Reply.OfFault(fault, message, ids), StatusCodes.Status500InternalServerError);
                return true;
            case FaultKind.ExpiredCertificate:
                var expired = new SoapFault("Sender", "DMPInvalidCertificate", "The certificate has expired.");
                await WriteAsync(
                    http, Reply.OfFault(expired, message, ids), StatusCodes.Status500InternalServerError);
                return true;
            case FaultKind.MalformedMtom:
                http.Response.ContentType =
                    "multipart/related; boundary=\"broken\"; type=\"application/xop+xml\"; start=\"<nowhere>\"";
                await http.Response.WriteAsync(
                    "--broken\r\nContent-ID: <elsewhere>\r\n\r\n<soap:Envelope\r\n--broken--\r\n", gone.Token);
                return true;
            default:
                throw Invariant.Unreachable(rule.Kind);
        }
    }

    // A failure wears the name of its transaction's response.
    private static System.Xml.Linq.XName? NameOf(SoapMessage message) =>
        message.Action == XdsAction.RegistryStoredQuery ? XdsNames.Query + "AdhocQueryResponse" : null;

    private static async Task WriteAsync(HttpContext http, Reply reply, int status)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = reply.ContentType;
        if (reply.Package is not null)
        {
            http.Response.ContentLength = reply.Package.Length;
            await reply.Package.WriteAsync(http.Response.Body, http.RequestAborted);
            return;
        }

        http.Response.ContentLength = reply.Bytes.Length;
        await http.Response.Body.WriteAsync(reply.Bytes, http.RequestAborted);
    }

    // An assertion is for one attempt; ids are forgotten once they would be refused for their age anyway.
    private bool IsFirstUse(Vihf vihf)
    {
        var now = time.GetUtcNow();
        var forgotten = now - Limits.VihfLifetime - (2 * Limits.ClockSkewMax);
        lock (_assertions)
        {
            while (_assertionsByAge.TryPeek(out var oldest) && oldest.SeenAt < forgotten)
                _assertions.Remove(_assertionsByAge.Dequeue().Id);
            if (!_assertions.Add(vihf.AssertionId)) return false;
            _assertionsByAge.Enqueue((vihf.AssertionId, now));
            return true;
        }
    }
}
