using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Messages;

/// <summary>What a report message and its document must have in common. Source: page profils-messages (PID-3, TXA-12);
/// page error-codes (903 to 905); facts document 1.5 (PRT-8) and 5.</summary>
internal static class ReportChecks
{
    public static Refusal? Check(ReportMessage report, DocumentNumber? number, Er7Segment? sender) =>
        Identity(report) ?? Document(report, number) ?? Authenticator(report, sender);

    private static Refusal? Identity(ReportMessage report)
    {
        var stated = report.Cda?.Patient ?? report.Patient;
        if (stated.Ins is null)
            return new Refusal(RefusalReason.InsAbsent, "The document carries no INS.", "PID^1^3");
        if (!stated.InsIsComplete)
            return new Refusal(RefusalReason.InsIncomplete, "The INS comes without all its traits.", "PID^1^5");
        if (report.Cda is not { } cda) return null;
        if (report.Patient.Ins != stated.Ins)
            return new Refusal(RefusalReason.PatientMismatch, "PID-3 and the document name other INS.", "PID^1^3");
        if (!SameLocalId(report.Patient.LocalId, cda.PatientIds))
        {
            return new Refusal(
                RefusalReason.PatientMismatch, "PID-3 and the document name other local identifiers.", "PID^1^3");
        }

        return StrictTraits.FirstDifference(report.Patient, stated) is { } trait
            ? new Refusal(
                RefusalReason.PatientMismatch, "A trait differs between PID and the document.",
                StrictTraits.LocationOf(trait))
            : null;
    }

    // Only an identifier of the same authority can contradict.
    private static bool SameLocalId(LocalPatientId? local, IReadOnlyList<InstanceIdentifier> ids)
    {
        if (local is null || local.IssuerOid.Length == 0) return true;
        var ofIssuer = ids.Where(id => id.Root == local.IssuerOid).ToList();
        return ofIssuer.Count == 0 || ofIssuer.Any(id => id.Extension == local.Value);
    }

    private static Refusal? Document(ReportMessage report, DocumentNumber? number)
    {
        if (report.Cda is { } cda && number is not null && !number.Matches(cda.DocumentId))
        {
            return new Refusal(
                RefusalReason.TableValue, "TXA-12 is not the identifier of the document.", "TXA^1^12");
        }

        // A first version whose visibility changes (MODIF_CONF_CODE) comes as a replacement, and has no parent.
        return report is { Action: ReportAction.Replace, Parent: null, Choices.ChangesVisibilityOnly: false }
            ? new Refusal(RefusalReason.RequiredFieldMissing, "A replacement names the document that it replaces.")
            : null;
    }

    private static Refusal? Authenticator(ReportMessage report, Er7Segment? sender)
    {
        if (report.Cda?.LegalAuthenticatorOrganization is not { } authenticator
            || report.SenderOrganization is not { } organization
            || sender is not { } prt
            || SameStructure(authenticator.Id.Extension, organization.Id.Extension))
        {
            return null;
        }

        return new Refusal(
            RefusalReason.AuthorNotAllowed,
            "PRT-8 is not the organization of the document's legal authenticator.",
            prt.PathOf(8).ToErl());
    }

    // Struct_IdNat puts a 1 before a FINESS; the examples of the volet leave it away.
    private static bool SameStructure(string? a, string? b) =>
        a == b || (a is { Length: 9 } && b == "1" + a) || (b is { Length: 9 } && a == "1" + b);
}
