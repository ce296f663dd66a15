using System.Security.Cryptography;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;

namespace Drimbox.Core.Mail;

/// <summary>The metadata of an XDM archive with one document: a description that travels with the document, never a
/// change of a registry. Source: ITI TF-2 3.32; ITI TF-3 4.2.3.</summary>
/// <param name="PatientId">The INS, or an identifier of the site where the INS is not qualified.</param>
public sealed record XdmSubmissionSet(
    Uid UniqueId,
    DateTimeOffset Time,
    Uid SourceId,
    Author Author,
    Code ContentType,
    InstanceIdentifier PatientId,
    DocumentEntry Entry,
    MailAddress Recipient)
{
    private const string SymbolicId = "Document01";

    /// <summary>The metadata of a mail. They follow from the version and the mailbox alone: a repetition has the same.
    /// </summary>
    /// <param name="sha1">Of the document that is sent, lower-case hexadecimal.</param>
    /// <param name="size">Its bytes.</param>
    /// <returns>Null with the reason: the document lacks what the metadata need.</returns>
    public static XdmSubmissionSet? TryCreate(
        ReportState state, MailSending mail, RisPolicy policy, string sha1, long size, out Refusal? refusal)
    {
        var version = state.Find(mail.DocumentId);
        Invariant.Holds(version is not null);
        var entry = ReportEntry.TryFrom(
            version.Header, SymbolicId, sha1, size, mail.Visibility, policy.Defaults, out refusal);
        if (entry is null) return null;
        if (!version.InsQualified)
        {
            Invariant.Holds(version.Mail is not null);
            entry = entry with
            {
                UniqueId = version.Mail.DocumentId,
                PatientId = SitePatientId(version, policy),
                SourcePatient = entry.SourcePatient with { Ins = null },
            };
        }

        var author = entry.Authors[0] with
        {
            Person = version.Sender ?? entry.LegalAuthenticator ?? entry.Authors[0].Person,
            Institution = version.Header.ResponsibleOrganization ?? entry.Authors[0].Institution,
        };
        return new XdmSubmissionSet(
            UidOf(mail.MessageId), mail.DecidedAt, policy.SourceId, author,
            Submissions.ContentTypeOf(version.PatientClass), entry.PatientId, entry, mail.Recipient.Address);
    }

    /// <summary>The identifier of the site; where it has none, one that is made for this document.</summary>
    private static InstanceIdentifier SitePatientId(ReportVersion version, RisPolicy policy) =>
        version.Patient.LocalId is { } local
        && InstanceIdentifier.TryCreate(local.IssuerOid, local.Value, out var id) && !NationalAuthorities.IsIns(id.Root)
            ? id
            : InstanceIdentifier.Create(policy.SourceId.ToString(), HashOf(version.DocumentId.ToString())[..16]);

    private static Uid UidOf(string messageId)
    {
        var bytes = Convert.FromHexString(HashOf(messageId)[..32]);
        // RFC 9562 5.8: version 8 is for values that are made in a way of one's own.
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return Uid.FromGuid(new Guid(bytes, bigEndian: true));
    }

    private static string HashOf(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
