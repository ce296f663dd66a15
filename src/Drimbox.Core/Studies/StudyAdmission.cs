using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;

namespace Drimbox.Core.Studies;

/// <summary>Which report copies a DRIMbox source takes, checked before the acknowledgement.</summary>
public static class StudyAdmission
{
    public static Refusal? Check(ReportMessage message, SourcePolicy policy)
    {
        if (message.Action == ReportAction.Delete) return null;

        // DB.SO.12: the header says which studies the report is about; without one there is nothing to publish.
        if (message.Cda is not { StudyInstanceUids.Count: > 0 } header)
        {
            return new Refusal(
                RefusalReason.RequiredFieldMissing, "The document names no Study Instance UID.", "OBX^1^5");
        }

        if (header.StudyInstanceUids.Count > Limits.StudiesPerMessageMax)
            return new Refusal(RefusalReason.OverLimit, "The document names too many studies.", "OBX^1^5");

        // A report that never leads to a publication needs none of its metadata (DB.SO.11).
        if (!message.Choices.ToDmp) return null;

        // DB.SO.19: certificates are chosen by the organisation that answers for the document.
        if (header.ResponsibleOrganization is not { } structure || !policy.OwnStructures.Contains(structure.Id))
        {
            return new Refusal(
                RefusalReason.ForeignStructure,
                "The organisation of the legal authenticator is not one of this DRIMbox.", "OBX^1^5");
        }

        ReportEntry.TryFrom(header, "", "", 0, message.Choices.Visibility, policy.Defaults, out var refusal);
        return refusal;
    }
}
