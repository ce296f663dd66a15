using Drimbox.Core.Identity;

namespace Drimbox.Core.Reports;

/// <summary>Which report messages the RIS takes, checked before the acknowledgement.</summary>
internal static class ReportAdmission
{
    public static Refusal? Check(ReportState state, ReceiveReport command, RisPolicy policy, DateTimeOffset now)
    {
        var message = command.Message;
        return message.Action == ReportAction.Delete
            ? Author(state, message, policy)
            : Document(message, command, policy, now)
              ?? SamePatient(state, message)
              ?? LocalBase(state, message, command.Patient, policy)
              ?? Author(state, message, policy)
              ?? Position(state, message);
    }

    private static Refusal? Document(
        ReportMessage message, ReceiveReport command, RisPolicy policy, DateTimeOffset now)
    {
        if (message.Cda is not { } header)
            return new Refusal(RefusalReason.DataType, "The document is no readable CDA R2.", "OBX^1^5");
        if (message.Patient.Ins is null)
            return new Refusal(RefusalReason.InsAbsent, "The patient has no INS.", "PID^1^3");
        if (!message.Patient.InsIsComplete)
            return new Refusal(RefusalReason.InsIncomplete, "The INS comes without all its traits.", "PID^1");
        // The structure that answers for the document is the one its certificates publish for (DB.SO.19).
        if (header.ResponsibleOrganization is not { } structure)
        {
            return new Refusal(
                RefusalReason.RequiredFieldMissing, "No organisation answers for the document.", "OBX^1^5");
        }

        if (!policy.OwnStructures.Contains(structure.Id))
        {
            return new Refusal(
                RefusalReason.ForeignStructure,
                "The organisation of the legal authenticator is not one of this RIS.", "OBX^1^5");
        }

        var version = new ReportVersion(
            1, ReportOrigin.Platform, message.DocumentId, message.Parent, header, message.Patient, [],
            command.File, command.Sha1, message.Choices, message.Sender, message.SenderOrganization,
            message.PatientClass, now);
        ReportSubmission.EntryOf(version, message.Choices.Visibility, policy, out var refusal);
        return refusal;
    }

    /// <summary>904 within the report: all its versions are of one patient.</summary>
    private static Refusal? SamePatient(ReportState state, ReportMessage message) =>
        state.Versions.Exists(v => v.Patient.Ins != message.Patient.Ins)
            ? new Refusal(RefusalReason.PatientMismatch, "Another patient than that of the report.", "PID^1^3")
            : null;

    /// <summary>902 and 904: the patient as the site's own systems know him.</summary>
    private static Refusal? LocalBase(
        ReportState state, ReportMessage message, PatientStanding? patient, RisPolicy policy)
    {
        if (policy.KnownPatientsOnly && patient is not { IsKnown: true } && state.Versions.IsEmpty)
            return new Refusal(RefusalReason.UnknownPatient, "This RIS does not know the patient.", "PID^1^3");
        if (patient?.Identity is not { } local) return null;
        var trait = StrictTraits.FirstDifference(local, message.Patient)
            ?? StrictTraits.FirstDifference(local, message.Cda!.Patient);
        return trait is { } different
            ? new Refusal(
                RefusalReason.PatientMismatch, "A trait differs from that of the local base.",
                StrictTraits.LocationOf(different))
            : null;
    }

    /// <summary>901: only the author's organisation, or another structure of this RIS, may replace or delete a
    /// document. Every author is one of those structures, so that the rule needs not know the document: it is the same
    /// for a deletion that comes first.</summary>
    private static Refusal? Author(ReportState state, ReportMessage message, RisPolicy policy)
    {
        if (message.SenderOrganization is not { } sender) return null;
        var acted = message.Action == ReportAction.Delete ? message.DocumentId : message.Parent;
        if (acted is not { } id) return null;
        var isAuthor = state.Find(id)?.Header.ResponsibleOrganization is { } author
            && StructureIds.AreSame(author.Id, sender.Id);
        return isAuthor || policy.IsOwn(sender)
            ? null
            : new Refusal(
                RefusalReason.AuthorNotAllowed, "Another organisation than that of the document.", "PRT^1^8");
    }

    /// <summary>900: a message acts on the newest document, or on one that is not known yet.</summary>
    private static Refusal? Position(ReportState state, ReportMessage message)
    {
        if (message.Parent is not { } parent)
        {
            if (message.Action == ReportAction.Replace)
                return new Refusal(RefusalReason.RequiredFieldMissing, "A replacement names its parent.", "TXA^1^13");
            var startsTheLineage = state.IsNew || state.HeadIsWithdrawn || state.Head is null
                || !state.Versions.Exists(v => v.Parent is null);
            return startsTheLineage || state.IsAwaited(message.DocumentId) ? null : Stale;
        }

        if (Lineage.WouldCycle(state.Nodes, message.DocumentId, parent))
            return new Refusal(RefusalReason.DataType, "A document cannot replace itself.", "TXA^1^13");
        if (state.IsAwaited(message.DocumentId) || state.Find(parent) is null || parent == state.Head) return null;
        var parentIsLast = !state.Versions.Exists(v => v.Parent == parent);
        return parentIsLast && state.Withdrawn.Contains(parent) ? null : Stale;
    }

    private static Refusal Stale => new(
        RefusalReason.StaleDocumentVersion, "A newer version of the document is known.", "TXA^1^13");
}
