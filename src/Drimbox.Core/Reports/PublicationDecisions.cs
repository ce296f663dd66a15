using Drimbox.Core.Identity;
using Drimbox.Core.Publications;

namespace Drimbox.Core.Reports;

/// <summary>What a professional may decide about the publication of one report. Without a decision a report goes to the
/// DMP and everybody sees it, unless its message asked for something else; no setting of the program changes that.
/// </summary>
public enum PublicationDecision
{
    /// <summary>Do not send it to the DMP; one that is there is taken out. No reason is asked for.</summary>
    Withhold,

    /// <summary>Send it after all.</summary>
    Send,

    /// <summary>INVISIBLE_PATIENT, until the result was announced to the patient.</summary>
    HideFromPatient,

    /// <summary>The result was announced: the patient may see it.</summary>
    ShowToPatient,

    /// <summary>INVISIBLE_REPRESENTANTS_LEGAUX: the secret of a minor.</summary>
    HideFromLegalRepresentatives,

    ShowToLegalRepresentatives,

    /// <summary>MASQUE_PS.</summary>
    MaskFromProfessionals,

    UnmaskToProfessionals,
}

/// <summary>A professional decides about the publication of a report; no new version.</summary>
/// <param name="By">Who decides: a professional with a national identifier (PS_IdNat).</param>
/// <param name="Actor">The account that the decision came from.</param>
public sealed record DecidePublication(PublicationDecision Decision, Professional By, string Actor) : ReportCommand;

/// <summary>A professional decided about the publication of a report.</summary>
/// <param name="DocumentId">The version that was the head at that time. The decision holds for those after it too: a
/// correction must not show what was hidden.</param>
public sealed record PublicationDecided(
    InstanceIdentifier DocumentId,
    PublicationDecision Decision,
    Professional By,
    string Actor,
    DateTimeOffset RecordedAt) : ReportEvent;

/// <summary>The rules of the decisions about a publication.</summary>
internal static class PublicationDecisions
{
    /// <summary>Why a decision cannot be taken, or null.</summary>
    public static Refusal? Check(ReportState state, DecidePublication command)
    {
        if (command.By.Id.Root != NationalAuthorities.Persons || command.By.Id.Extension is null)
        {
            return new Refusal(
                RefusalReason.RequiredFieldMissing,
                "A decision about a publication names the professional by the national identifier (PS_IdNat).");
        }

        if (state.HeadVersion is not { } head)
            return new Refusal(RefusalReason.UnknownTarget, "The report has no version yet.");
        if (state.HeadIsWithdrawn) return new Refusal(RefusalReason.WrongState, "The report is withdrawn.");
        // ITI TF-3 4.2.3.2.26: a unique id is never published twice.
        return command.Decision == PublicationDecision.Send && WasTakenOut(state, head.DocumentId)
            ? new Refusal(
                RefusalReason.WrongState,
                "This version was taken out of the DMP and cannot go there again: write a new version and send that.")
            : null;
    }

    /// <summary>True if the state is already as the decision wants it.</summary>
    public static bool HoldsAlready(ReportState state, PublicationDecision decision) => decision switch
    {
        PublicationDecision.Withhold => state.ChosenToDmp == false,
        PublicationDecision.Send => state.ChosenToDmp ?? state.HeadVersion?.Choices.ToDmp ?? true,
        _ when MaskOf(decision) is var (flag, hidden) =>
            state.ChosenVisibility is not null && state.DecidedMasks.HasFlag(flag)
            && state.Visibility.HasFlag(flag) == hidden,
        _ => throw Invariant.Unreachable(decision),
    };

    public static ReportState Evolve(ReportState state, PublicationDecided e)
    {
        var decided = state with { Decisions = state.Decisions.Add(e) };
        switch (e.Decision)
        {
            case PublicationDecision.Withhold: return decided with { ChosenToDmp = false };
            case PublicationDecision.Send: return decided with { ChosenToDmp = true };
            default:
                var (flag, hidden) = MaskOf(e.Decision);
                var chosen = state.ChosenVisibility ?? Visibility.Normal;
                return decided with
                {
                    ChosenVisibility = hidden ? chosen | flag : chosen & ~flag,
                    DecidedMasks = state.ChosenVisibility is null ? flag : state.DecidedMasks | flag,
                };
        }
    }

    /// <summary>What was decided about two reports that turn out to be one. Which of them takes in the other depends on
    /// the order of the messages, and the outcome must not: what one decision hides stays hidden.</summary>
    public static Visibility? JoinedMasks(ReportState one, ReportState other) =>
        one.ChosenVisibility is null && other.ChosenVisibility is null ? null : Hidden(one) | Hidden(other);

    /// <inheritdoc cref="JoinedMasks"/>
    public static Visibility JoinedDecidedMasks(ReportState one, ReportState other)
    {
        if (one.ChosenVisibility is null) return other.DecidedMasks;
        return other.ChosenVisibility is null ? one.DecidedMasks : one.DecidedMasks | other.DecidedMasks;
    }

    /// <inheritdoc cref="JoinedMasks"/>
    public static bool? JoinedToDmp(ReportState one, ReportState other) => one.ChosenToDmp is { } first
        && other.ChosenToDmp is { } second ? first && second : one.ChosenToDmp ?? other.ChosenToDmp;

    private static Visibility Hidden(ReportState state) =>
        (state.ChosenVisibility ?? Visibility.Normal) & state.DecidedMasks;

    private static bool WasTakenOut(ReportState state, InstanceIdentifier document) =>
        (state.Publication.Documents.TryGetValue(document, out var published)
            && published.Status != AvailabilityStatus.Approved)
        || state.Publication.InFlight.Exists(f => f.Step.Kind == SubmissionKind.Delete && f.Step.Target == document);

    private static (Visibility Flag, bool Hidden) MaskOf(PublicationDecision decision) => decision switch
    {
        PublicationDecision.HideFromPatient => (Visibility.InvisibleToPatient, true),
        PublicationDecision.ShowToPatient => (Visibility.InvisibleToPatient, false),
        PublicationDecision.HideFromLegalRepresentatives => (Visibility.InvisibleToLegalRepresentatives, true),
        PublicationDecision.ShowToLegalRepresentatives => (Visibility.InvisibleToLegalRepresentatives, false),
        PublicationDecision.MaskFromProfessionals => (Visibility.MaskedFromProfessionals, true),
        PublicationDecision.UnmaskToProfessionals => (Visibility.MaskedFromProfessionals, false),
        _ => throw Invariant.Unreachable(decision),
    };
}
