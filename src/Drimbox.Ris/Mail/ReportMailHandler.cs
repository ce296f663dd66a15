using System.Security.Cryptography;
using Drimbox.Core;
using Drimbox.Core.Mail;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp.Mail;
using Drimbox.Dmp.Xdm;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Mail;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Streams;
using Drimbox.Hl7.Cda;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Ris.Mail;

/// <summary>Takes the mails of reports to the mail server, one attempt at a time, and tells the report how each ended.
/// A mail that may have been taken is sent again, byte for byte: nobody can be asked, and its Message-ID tells the
/// recipient that it is the same (docs/adr/0023).</summary>
internal sealed class ReportMailHandler(
    SmtpSender smtp, ReportRegister reports, ObjectStore objects, Func<RisPolicy> policy, string senderName, ILogger logger)
    : IOutboxHandler
{
    private MailPolicy Policy => policy().Mail!;

    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var row = attempt.Row;
        var payload = EventCodec.Read<ReportMailPayload>(row.Payload);
        var state = await reports.GetAsync(payload.Report, cancellationToken);
        if (state.Mails.Find(m => m.MessageId == payload.MessageId) is not { Outcome: null } mail)
            return DispatchVerdict.Stale("This mail has ended.");
        // What may have left cannot be taken back, and what has arrived need not leave again.
        if (row.LastOutcome is (null or DispatchOutcome.Retry) && !MailDecisions.IsWanted(state, mail, Policy))
            return await EndAsync(row, payload, DispatchOutcome.Stale, null, "Decided otherwise before it left.");
        if (mail.Has(MailNoticeKind.Delivered) || mail.Has(MailNoticeKind.Read))
            return await EndAsync(row, payload, DispatchOutcome.Done, null, "A notification says that it arrived.");

        var (message, refusal) = await ComposeAsync(state, mail, cancellationToken);
        if (message is null)
            return await EndAsync(row, payload, DispatchOutcome.Quarantine, SmtpErrors.Of(SmtpErrors.Failed), refusal);
        // Base64 makes four of three, and a line break each 76.
        if (message.Attachments.Sum(a => a.Content.Length) * 1.37 > Limits.MailBytesMax)
        {
            return await EndAsync(
                row, payload, DispatchOutcome.Quarantine, SmtpErrors.Of(SmtpErrors.TooLarge),
                $"The mail is larger than {Limits.MailBytesMax} bytes.");
        }

        var end = await smtp.SendAsync(message, attempt.Start, cancellationToken);
        if (end.Outcome is not (DispatchOutcome.Retry or DispatchOutcome.Ambiguous))
            return await EndAsync(row, payload, end.Outcome, end.Error, end.Detail);
        var unanswered = payload.Unanswered + (end.Outcome == DispatchOutcome.Ambiguous ? 1 : 0);
        if (unanswered >= Limits.MailsUnansweredMax)
        {
            return await EndAsync(
                row, payload, DispatchOutcome.Quarantine, SmtpErrors.Of(SmtpErrors.Interrupted),
                $"The mail server took it {unanswered} times without an answer: it may have arrived.",
                mayHaveArrived: true);
        }

        RisMailLog.AttemptFailed(logger, payload.Report, row.Attempts, end.Outcome, end.Detail);
        // What may have been taken once stays so.
        return new DispatchVerdict(
            row.LastOutcome == DispatchOutcome.Ambiguous ? DispatchOutcome.Ambiguous : end.Outcome, end.Detail,
            NewPayload: EventCodec.Write(payload with { Unanswered = unanswered }));
    }

    private async Task<DispatchVerdict> EndAsync(
        ClaimedRow row, ReportMailPayload payload, DispatchOutcome outcome, BusinessError? error, string? detail,
        bool mayHaveArrived = false)
    {
        mayHaveArrived |= outcome == DispatchOutcome.Done || row.LastOutcome == DispatchOutcome.Ambiguous;
        // The server has answered: the deadline of the attempt must not make this unknown again.
        await reports.ExecuteAsync(
            payload.Report, new EndMail(payload.MessageId, outcome, error, detail, mayHaveArrived),
            new OutboxResult(row.Id, row.Epoch, outcome, Detail: detail), CancellationToken.None);
        RisMailLog.MailEnded(logger, payload.Report, outcome, detail);
        return DispatchVerdict.Recorded;
    }

    /// <summary>The mail, or why there is none. It follows from the report alone, so that each attempt sends the same
    /// bytes.</summary>
    private async Task<(OutgoingMail? Mail, string? Refusal)> ComposeAsync(
        ReportState state, MailSending mail, CancellationToken cancellation)
    {
        var version = state.Find(mail.DocumentId)!;
        if (mail.IsWithdrawal) return (Withdrawal(state, version, mail), null);
        if ((version.InsQualified ? version.File : version.Mail?.File) is not { } file)
            return (null, "The INS is not qualified and there is no rendition without it.");
        var document = await objects.ReadAsync(file, Limits.CdaBytesMax, cancellation);
        var sha1 = Convert.ToHexStringLower(SHA1.HashData(document));
        if (XdmSubmissionSet.TryCreate(state, mail, policy(), sha1, document.Length, out var refusal) is not { } set)
            return (null, refusal!.Detail);
        if (CdaPrint.TryWrite(document, version.Header, mail.DecidedAt, out refusal) is not { } pdf)
            return (null, refusal!.Detail);
        var instructions = version.MailInstructions ?? MailInstructions.None;
        var isPatient = mail.Recipient.Kind == MailRecipientKind.Patient;
        return (
            new OutgoingMail(
                mail.MessageId, PreviousOf(state, version, mail), mail.DecidedAt, Policy.Sender, senderName,
                mail.Recipient.Address, instructions.ReplyTo, MailText.Subject(version.Header),
                MailText.Body(version, mail.Recipient.Kind), version.Choices.WantsReadReceipt,
                isPatient && instructions.PatientMayNotReply,
                [
                    new MailAttachment("zip", XdmArchive.FileName, XdmArchive.Write(set, document, pdf, Policy.Sender)),
                    new MailAttachment("pdf", MailText.PdfName(version.Header), pdf),
                ]),
            null);
    }

    private OutgoingMail Withdrawal(ReportState state, ReportVersion version, MailSending mail) => new(
        mail.MessageId,
        state.Mails.FindLast(m => m is { MayHaveArrived: true, IsWithdrawal: false }
            && m.Recipient.Address == mail.Recipient.Address)?.MessageId,
        mail.DecidedAt, Policy.Sender, senderName, mail.Recipient.Address, version.MailInstructions?.ReplyTo,
        MailText.WithdrawalSubject(version.Header), MailText.WithdrawalBody(version), AsksForReading: false,
        EndsTheExchange: false, []);

    /// <summary>The mail of the version that this one replaces, if it may have reached this mailbox.</summary>
    private static string? PreviousOf(ReportState state, ReportVersion version, MailSending mail) =>
        version.Parent is { } parent
            ? state.Mails.FindLast(m => m.DocumentId == parent && m.MayHaveArrived
                && m.Recipient.Address == mail.Recipient.Address)?.MessageId
            : null;
}
