namespace Drimbox.Core.Archive;

/// <summary>Why a study is taken to be complete.</summary>
public enum CompletenessReason
{
    /// <summary>Nothing arrived any more.</summary>
    Quiet,

    /// <summary>Its performed procedure step has ended, and what the step made is here.</summary>
    ProcedureStep,

    /// <summary>Its sender asked for storage commitment, and what it asked for is here.</summary>
    Commitment,
}

/// <summary>How long a study must be quiet.</summary>
/// <param name="QuietTime">After the last image, where its sender released the association.</param>
/// <param name="LongQuietTime">Where it did not: the association stands, or it broke off and the sender may come again.
/// At least <paramref name="QuietTime"/>.</param>
public sealed record CompletenessPolicy(TimeSpan QuietTime, TimeSpan LongQuietTime);

/// <summary>A study that is on its way.</summary>
/// <param name="LastArrival">Of an image.</param>
/// <param name="OpenSenders">Associations that sent images of it and stand.</param>
/// <param name="LastSenderReleased">The association that ended last was released, not broken off.</param>
/// <param name="Awaited">Of the instances that an ended procedure step made, those that are not here; null if no step
/// was reported.</param>
/// <param name="CommitmentAsked">Its sender asked for storage commitment of what is here.</param>
public sealed record StudyTransfer(
    DateTimeOffset LastArrival,
    int OpenSenders = 0,
    bool LastSenderReleased = false,
    int? Awaited = null,
    bool CommitmentAsked = false)
{
    /// <summary>Whether the study is complete.</summary>
    /// <param name="lookAgainAt">If it is not: when it will be unless something happens before.</param>
    /// <returns>Why it is complete, or null.</returns>
    public CompletenessReason? Decide(
        CompletenessPolicy policy, DateTimeOffset now, out DateTimeOffset lookAgainAt)
    {
        var isReleased = OpenSenders == 0 && LastSenderReleased;
        lookAgainAt = LastArrival + (isReleased ? policy.QuietTime : policy.LongQuietTime);
        if (Awaited == 0) return CompletenessReason.ProcedureStep;
        if (CommitmentAsked) return CompletenessReason.Commitment;
        return now >= lookAgainAt ? CompletenessReason.Quiet : null;
    }
}
