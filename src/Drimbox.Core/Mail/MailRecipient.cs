using Drimbox.Core.Identity;

namespace Drimbox.Core.Mail;

/// <summary>Who reads a mailbox. Source: CDA volet, DESTMSSANTEPS and DESTMSSANTEPAT.</summary>
public enum MailRecipientKind
{
    /// <summary>A professional, an organisation or an application.</summary>
    Professional,

    /// <summary>The patient, in Mon espace santé: matricule@patient.mssante.fr.</summary>
    Patient,
}

/// <summary>Why somebody gets a report.</summary>
public enum MailReason
{
    /// <summary>The message of the report names the address (PRT-4 = RCT).</summary>
    Named,

    /// <summary>The treating physician of the document.</summary>
    TreatingPhysician,

    /// <summary>Who asked for the examination.</summary>
    ReferringProfessional,

    /// <summary>A user of the RIS added the address.</summary>
    Added,
}

/// <summary>A mailbox that gets a report.</summary>
/// <param name="PersonId">PRT-5.1, PS_IdNat or the identifier of an organisation or application; null where unknown.
/// </param>
public sealed record MailRecipient(
    MailAddress Address, MailRecipientKind Kind, MailReason Reason, string? PersonId = null);

/// <summary>What the message of a report says about its mail. Source: CDA volet, pages profils-messages (PRT) and
/// mapping-mss.</summary>
/// <param name="Named">PRT-15.4 of each PRT with PRT-4 = RCT.</param>
/// <param name="ReplyTo">PRT-15.4 of PRT-4 = REPLY, or null.</param>
/// <param name="ProfessionalText">CORPSMAIL_PS, or null.</param>
/// <param name="PatientText">CORPSMAIL_PATIENT, or null.</param>
/// <param name="PatientMayNotReply">NTE-4 = FIN below DESTMSSANTEPAT.</param>
public sealed record MailInstructions(
    IReadOnlyList<NamedMailbox> Named,
    MailAddress? ReplyTo,
    string? ProfessionalText,
    string? PatientText,
    bool PatientMayNotReply)
{
    public static MailInstructions None { get; } = new([], null, null, null, false);
}

/// <summary>A mailbox that a message names, with the identifier beside it.</summary>
public sealed record NamedMailbox(MailAddress Address, string? PersonId);

/// <summary>What a professional whom the header of a document names is to its patient or examination.</summary>
public enum CorrespondentRole
{
    /// <summary>participant INF with functionCode PCP.</summary>
    TreatingPhysician,

    /// <summary>participant REF.</summary>
    ReferringProfessional,
}

/// <summary>A professional beside the examination whom the header of a document names.</summary>
/// <param name="Address">An MSSanté address in telecom, or null.</param>
public sealed record Correspondent(CorrespondentRole Role, Professional Person, MailAddress? Address);

/// <summary>What a RIS that sends by MSSanté knows of it.</summary>
/// <param name="Sender">The mailbox that sends, an application's (BAL applicative).</param>
/// <param name="Domains">The domains of MSSanté: outside of them nothing is ever sent.</param>
/// <param name="AddressBook">PS_IdNat → the MSSanté address of that professional.</param>
/// <param name="Delay">How long a mail waits before it leaves, so that a user can change its recipients.</param>
public sealed record MailPolicy(
    MailAddress Sender,
    IReadOnlyList<string> Domains,
    IReadOnlyDictionary<string, MailAddress> AddressBook,
    TimeSpan Delay)
{
    /// <summary>The address of a professional, or null.</summary>
    /// <param name="number">PS_IdNat, or the RPPS alone (11 digits), which it has after a leading 8.</param>
    public MailAddress? FindAddress(string number) =>
        AddressBook.TryGetValue(number.Length == 11 ? "8" + number : number, out var address) ? address : null;

    /// <summary>An address inside of MSSanté.</summary>
    public bool IsTrusted(MailAddress address) => Domains.Any(address.IsWithin);

    /// <summary>Patients have a domain of their own: <c>patient.</c> and that of MSSanté.</summary>
    public MailRecipientKind KindOf(MailAddress address) =>
        Domains.Any(domain => string.Equals(address.Domain, "patient." + domain, StringComparison.OrdinalIgnoreCase))
            ? MailRecipientKind.Patient
            : MailRecipientKind.Professional;
}
