using Drimbox.Core;
using Drimbox.Hl7.Messages;

namespace Drimbox.Hl7.Profiles;

/// <summary>Every profile that is declared, for the tools: which of them a node takes, its doors say.</summary>
public static class MessageCatalog
{
    /// <summary>In the order of the documentation.</summary>
    public static IReadOnlyList<MessageProfile> All { get; } =
    [
        TeleradiologyProfiles.Flux1, TeleradiologyProfiles.Flux2, TeleradiologyProfiles.Flux3,
        TeleradiologyProfiles.Flux4,
        CdaProfiles.Oru21, CdaProfiles.Oru20, CdaProfiles.Mdm21, CdaProfiles.Mdm20,
        BusinessAckProfiles.DmpReception, BusinessAckProfiles.MailReception, BusinessAckProfiles.MailReading,
        PamProfiles.Admission, PamProfiles.Identity,
        StudyChangeProfile.Omi,
        PatientUpdateProfiles.Update, PatientUpdateProfiles.Identity, PatientUpdateProfiles.Merge,
        PatientUpdateProfiles.ChangeOfId,
        AckProfiles.Teleradiology, AckProfiles.Oru, AckProfiles.Mdm,
    ];

    /// <summary>The profile of that name, in any case, or null.</summary>
    public static MessageProfile? Find(string id) =>
        All.FirstOrDefault(p => p.Id.Equals(id, StringComparison.OrdinalIgnoreCase));

    /// <summary>What a receiver refuses although every line of the profile is kept: an identifier that cannot be read,
    /// a document that is none, or one that contradicts its message. Null if there is nothing of the kind, or if the
    /// message did not get so far.</summary>
    public static Refusal? CheckContent(MessageReading reading)
    {
        Refusal? refusal = null;
        if (reading.Refusal is not null) return null;
        switch (reading.Profile?.Id)
        {
            case "TLR-1": TeleradiologyReader.TryReadRequests(reading, out refusal); break;
            case "TLR-2": TeleradiologyReader.TryReadCancellations(reading, out refusal); break;
            case "TLR-3": TeleradiologyReader.TryReadResponses(reading, out refusal); break;
            case "TLR-4": TeleradiologyReader.TryReadPostExaminations(reading, out refusal); break;
            case "DRIM-OMI": TeleradiologyReader.TryReadStudyChanges(reading, out refusal); break;
            case "CDA-ORU-2.1" or "CDA-ORU-2.0" or "CDA-MDM-2.1" or "CDA-MDM-2.0":
                ReportMessageReader.TryRead(reading.Message, out refusal);
                break;
            case "ZAM-Z01" or "ZAM-Z02" or "ZAM-Z03":
                BusinessAckReader.TryRead(reading.Message, out refusal);
                break;
            case "PAM-FR-A01" or "PAM-FR-A05":
                // The zone of the reader does not decide whether the message can be read.
                PatientMessageReader.TryRead(reading.Message, TimeZoneInfo.Utc, out refusal);
                break;
        }

        return refusal;
    }
}
