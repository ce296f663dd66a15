using System.Security.Cryptography;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;

namespace Drimbox.Dmp.Registry;

/// <summary>The metadata of the XAdES signature document of a submission set. Source: facts document 2.2,
/// "Signature01 entry" (values of the DMP samples); IHE DSG.</summary>
public static class SignatureEntry
{
    public const string SymbolicId = "Signature01";

    /// <summary>classCode of a signature document: such an entry is no medical document.</summary>
    public const string ClassCodeValue = "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1";

    /// <summary>signature of source. Source: ASTM E1762, OID of the purpose.</summary>
    public const string Purpose = "1.2.840.10065.1.12.1.14";

    public static DocumentEntry For(Submission submission, ReadOnlySpan<byte> signature)
    {
        Invariant.Holds(submission.Document is not null);
        var time = SubmissionSetCodec.FormatTime(submission.SubmissionTime);
        var signed = submission.Document.Entry;
        return new DocumentEntry(
            SymbolicId,
            InstanceIdentifier.Create(UniqueIdOf(submission).ToString(), null),
            "text/xml",
            new Code(ClassCodeValue, "URN", "Digital Signature"),
            new Code("E1762", "ASTM", "Full Document"),
            new Code("http://www.w3.org/2000/09/xmldsig#", "URN", "Digital Signature"),
            signed.HealthcareFacilityType,
            signed.PracticeSetting,
            [new Code(Purpose, "1.2.840.10065.1.12", "Source")],
            [submission.Author],
            submission.Author.Person,
            submission.PatientId,
            signed.SourcePatient,
            time,
            time,
            time,
            "art",
            "Source",
            Convert.ToHexStringLower(SHA1.HashData(signature)),
            signature.Length,
            Visibility.MaskedFromProfessionals | Visibility.InvisibleToPatient,
            []);
    }

    /// <summary>The unique id of the signature document: an arc under the submission set's, so that it is frozen
    /// with it; where that would exceed 64 characters, a UUID derived from it (RFC 9562 5.5).</summary>
    public static Uid UniqueIdOf(Submission submission)
    {
        var parent = submission.SubmissionSetUniqueId.ToString();
        if (Uid.TryParse(parent + ".1", out var child)) return child;
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(Encoding.ASCII.GetBytes(parent + ".1"), hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return Uid.FromGuid(new Guid(hash[..16], bigEndian: true));
    }
}
