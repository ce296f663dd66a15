using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Grains.Requests;
using Drimbox.Storage;
using Drimbox.Teleradiology.Templates;
using Microsoft.Extensions.Logging;

namespace Drimbox.Teleradiology.Reports;

/// <summary>Where the radiologist signs, corrects and withdraws. The document is stored first; the decision that it
/// leaves for the RIS and the message that carries it are one commit.</summary>
internal sealed class ReportDesk(
    ReportComposer composer,
    PlatformRequestGrain grain,
    ObjectStore objects,
    string documentRoot,
    IIdSource ids,
    TimeProvider time,
    ILogger<ReportDesk> logger)
{
    public async Task<ReportReply> WriteAsync(
        InstanceIdentifier order, ReportText text, string actor, CancellationToken cancellationToken)
    {
        var identity = new DocumentIdentity(NewId(), NewId(), VersionNumber: 1, Replaces: null);
        var state = await grain.GetAsync(order, cancellationToken);
        return state.LastDocument is null
            ? await SendAsync(order, state, identity, text, actor, cancellationToken)
            : No(RefusalReason.WrongState, "The request has a report: it can be corrected.");
    }

    public async Task<ReportReply> CorrectAsync(
        InstanceIdentifier order, ReportText text, string actor, CancellationToken cancellationToken)
    {
        var state = await grain.GetAsync(order, cancellationToken);
        if (state.LastDocument is not { } last)
            return No(RefusalReason.UnknownTarget, "The request has no report to correct.");
        var identity = new DocumentIdentity(NewId(), last.SetId, last.VersionNumber + 1, last.DocumentId);
        return await SendAsync(order, state, identity, text, actor, cancellationToken);
    }

    /// <summary>Keeps a text that somebody signs later; nothing leaves.</summary>
    public async Task<Refusal?> DraftAsync(
        InstanceIdentifier order, ReportText text, string actor, CancellationToken cancellationToken)
    {
        if (text.Length > Limits.ReportCharactersMax)
        {
            return new Refusal(
                RefusalReason.OverLimit, $"A report of more than {Limits.ReportCharactersMax} characters.");
        }

        // Nothing is stored for what cannot be decided; the grain decides again.
        if ((await grain.GetAsync(order, cancellationToken)).Status != RequestStatus.Examined)
            return new Refusal(RefusalReason.WrongState, "The examination has not been made yet.");
        var stored = await objects.PutAsync(JsonSerializer.SerializeToUtf8Bytes(text), cancellationToken);
        var reply = await grain.ExecuteAsync([(order, new SaveDraft(stored, actor))], null, null, cancellationToken);
        return reply.Refusal;
    }

    /// <summary>The text that waits for a signature, or null.</summary>
    public async Task<ReportText?> ReadDraftAsync(InstanceIdentifier order, CancellationToken cancellationToken) =>
        (await grain.GetAsync(order, cancellationToken)).Draft is { } draft
            ? JsonSerializer.Deserialize<ReportText>(
                await objects.ReadAsync(draft.Text, Limits.ReportTemplateBytesMax, cancellationToken))
            : null;

    /// <summary>Signs the draft: the first report of the examination, or a correction of the newest one.</summary>
    public async Task<ReportReply> SignAsync(
        InstanceIdentifier order, string actor, CancellationToken cancellationToken)
    {
        var state = await grain.GetAsync(order, cancellationToken);
        if (await ReadDraftAsync(order, cancellationToken) is not { } text)
            return No(RefusalReason.WrongState, "There is no draft to sign.");
        return state.LastDocument is null
            ? await WriteAsync(order, text, actor, cancellationToken)
            : await CorrectAsync(order, text, actor, cancellationToken);
    }

    public async Task<ReportReply> WithdrawAsync(
        InstanceIdentifier order, string actor, CancellationToken cancellationToken)
    {
        var state = await grain.GetAsync(order, cancellationToken);
        if (state.LastDocument is not { } last)
            return No(RefusalReason.UnknownTarget, "The request has no report to withdraw.");
        var reply = await grain.ExecuteAsync(
            [(order, new DeleteReport(last.DocumentId, actor))], null, null, cancellationToken);
        return reply.Refusal is null
            ? new ReportReply(null, last with { Withdrawn = true })
            : new ReportReply(reply.Refusal, null);
    }

    private async Task<ReportReply> SendAsync(
        InstanceIdentifier order,
        PlatformRequestState state,
        DocumentIdentity identity,
        ReportText text,
        string actor,
        CancellationToken cancellationToken)
    {
        if (state is not { Status: RequestStatus.Examined, Request: { } request, LastComplement: { } last })
            return No(RefusalReason.WrongState, "The examination has not been made yet.");
        if (string.IsNullOrWhiteSpace(text.Results) && string.IsNullOrWhiteSpace(text.Conclusion))
            return No(RefusalReason.RequiredFieldMissing, "A report has results or a conclusion.");
        if (ReportTemplate.BlankIn(text) is not null)
            return No(RefusalReason.RequiredFieldMissing, "A blank of the template is left: [[…]].");
        // The RIS would refuse it (903, 905): the radiologist is told before signing.
        if (last.Patient.Identity.Ins is null)
            return No(RefusalReason.InsAbsent, "The patient of the examination has no INS.");
        if (!last.Patient.Identity.InsIsComplete)
            return No(RefusalReason.InsIncomplete, "The INS of the patient comes without all its traits.");

        var examinations = state.Examinations.Select(e => new ReportedStudy(
            e.Complement,
            e.Complement.PartialViewerUrl is { } partial
                ? ViewerAddress.Complete(partial, identity.DocumentId)
                : null)).ToList();
        // A report without an address can still be read; one that cannot be signed can not.
        if (examinations.Exists(e => e.ViewerUrl is null))
            TeleradiologyLog.NoViewerAddress(logger, identity.DocumentId.ToString());
        var cda = composer.TryWrite(
            identity, request, examinations, last.Patient, text, time.GetUtcNow(), out var refusal);
        if (cda is null) return new ReportReply(refusal, null);
        var document = new PlatformDocument(
            identity.DocumentId, identity.SetId, identity.Replaces, identity.VersionNumber,
            await objects.PutAsync(cda, cancellationToken),
            last.Patient, last.Visit, request.Structure)
        {
            Studies = [.. state.Examinations.Select(e => e.StudyInstanceUid)],
            // A correction must not show what was hidden: only the RIS lifts it.
            Choices = PublicationDefaults.Restrict(
                text.Publication, state.LastDocument?.Choices ?? PublicationChoices.Default),
        };
        var reply = await grain.ExecuteAsync(
            [(order, new SendReport(document, actor))], null, null, cancellationToken);
        return reply.Refusal is null ? new ReportReply(null, document) : new ReportReply(reply.Refusal, null);
    }

    // ITI TF-3 4.2.3.2.26: the extension of a document id has at most 16 characters where it becomes an XDS uniqueId.
    private InstanceIdentifier NewId() => InstanceIdentifier.Create(
        documentRoot, ids.NewUuid().Replace("-", "", StringComparison.Ordinal)[..16]);

    private static ReportReply No(RefusalReason reason, string detail) => new(new Refusal(reason, detail), null);
}
