using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;

namespace Drimbox.Core.Mail;

/// <summary>
/// Who gets the newest version of a report (docs/adr/0023): whom its message names, the treating physician and the
/// referring professional without being named, and what users of the RIS added or removed, in this order. Each mailbox
/// once.
/// </summary>
public static class MailRecipients
{
    public static IReadOnlyList<MailRecipient> Of(ReportState state, MailPolicy policy)
    {
        if (state.HeadVersion is not { } head || state.HeadIsWithdrawn) return [];
        var found = new List<MailRecipient>();
        foreach (var recipient in Named(head, policy).Concat(Automatic(state, head, policy)))
        {
            if (!found.Exists(r => r.Address == recipient.Address)) found.Add(recipient);
        }

        foreach (var change in state.MailChanges)
        {
            found.RemoveAll(r => change.Removed.Contains(r.Address));
            found.AddRange(change.Added.Where(added => !found.Exists(r => r.Address == added.Address)));
        }

        found.RemoveAll(recipient => IsHidden(recipient, state.Visibility));
        return found.Count > Limits.MailRecipientsMax ? found[..Limits.MailRecipientsMax] : found;
    }

    /// <summary>Why nothing may be sent to a mailbox, or null.</summary>
    public static (BusinessError Error, string Detail)? Refuse(
        ReportVersion version, MailRecipient recipient, MailPolicy policy)
    {
        var error = SmtpErrors.Of(SmtpErrors.BadAddress);
        if (!policy.IsTrusted(recipient.Address)) return (error, "The address is outside of MSSanté.");
        if (recipient.Kind != MailRecipientKind.Patient) return null;
        // MSSanté, socle 2, ECO.2.2.6: the address of a patient is made of a qualified INS.
        if (!version.InsQualified)
            return (error, "The INS is not qualified, and the patient's address is made of it.");
        return recipient.Address.LocalPart == version.Patient.Ins!.Value.Extension
            ? null
            : (error, "The address is that of another patient.");
    }

    // DESTMSSANTEPS and DESTMSSANTEPAT each switch on their kind of recipient.
    private static IEnumerable<MailRecipient> Named(ReportVersion head, MailPolicy policy) =>
        (head.MailInstructions?.Named ?? [])
            .Select(n => new MailRecipient(n.Address, policy.KindOf(n.Address), MailReason.Named, n.PersonId))
            .Where(r => r.Kind == MailRecipientKind.Patient ? head.Choices.ToPatient : head.Choices.ToProfessionals);

    /// <summary>A document that its message keeps from the DMP and from MSSanté (a forensic report) goes to nobody by
    /// itself.</summary>
    private static IEnumerable<MailRecipient> Automatic(ReportState state, ReportVersion head, MailPolicy policy)
    {
        if (!head.Choices.ToDmp && !head.Choices.ToProfessionals) return [];
        var correspondents = Written(state, head).Header.Correspondents.ToList();
        if (head.TreatingPhysician is { } physician)
            correspondents.Add(new Correspondent(CorrespondentRole.TreatingPhysician, physician, null));
        if (head.Requester is { } requester)
            correspondents.Add(new Correspondent(CorrespondentRole.ReferringProfessional, requester, null));
        return correspondents.Select(c => RecipientOf(c, policy)).OfType<MailRecipient>();
    }

    // What this RIS writes names no correspondents: those of the document that it amends are meant.
    private static ReportVersion Written(ReportState state, ReportVersion version)
    {
        while (version is { Origin: ReportOrigin.Ris, Parent: { } parent } && state.Find(parent) is { } before)
            version = before;
        return version;
    }

    // The directory is kept up to date, a document is not.
    private static MailRecipient? RecipientOf(Correspondent correspondent, MailPolicy policy)
    {
        var number = correspondent.Person.Id.Root == NationalAuthorities.Persons
            ? correspondent.Person.Id.Extension
            : null;
        MailAddress? address = number is not null && policy.FindAddress(number) is { } known
            ? known
            : correspondent.Address is { } stated && policy.IsTrusted(stated) ? stated : null;
        return address is { } mailbox && policy.KindOf(mailbox) == MailRecipientKind.Professional
            ? new MailRecipient(
                mailbox, MailRecipientKind.Professional,
                correspondent.Role == CorrespondentRole.TreatingPhysician
                    ? MailReason.TreatingPhysician
                    : MailReason.ReferringProfessional,
                number)
            : null;
    }

    // CDA volet, page regles-gestion-mssante: no row sends a document to those whom it is hidden from.
    private static bool IsHidden(MailRecipient recipient, Visibility visibility) =>
        visibility.HasFlag(recipient.Kind == MailRecipientKind.Patient
            ? Visibility.InvisibleToPatient
            : Visibility.MaskedFromProfessionals);
}
