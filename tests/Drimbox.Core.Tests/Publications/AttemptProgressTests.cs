using Drimbox.Core;
using Drimbox.Core.Publications;

namespace Drimbox.Tests.Publications;

/// <summary>What an attempt does, in every order of answers.</summary>
public sealed class AttemptProgressTests
{
    [Fact]
    public void A_first_attempt_sends_or_looks_for_its_target_first()
    {
        Assert.Equal(AttemptMove.Send, Begin(mayStand: false, needsTarget: false).Move);
        var target = Begin(mayStand: false, needsTarget: true);
        Assert.Equal(AttemptMove.AskTarget, target.Move);
        Assert.Equal(AttemptMove.Send, target.TargetFound(true, false).Move);
        Assert.Equal(DispatchOutcome.Stale, target.TargetFound(false, false).Outcome);
        Assert.Equal(DispatchOutcome.Retry, target.QueryFailed("down").Outcome);
    }

    [Theory]
    [InlineData(DispatchOutcome.Done)]
    [InlineData(DispatchOutcome.Retry)]
    [InlineData(DispatchOutcome.Ambiguous)]
    [InlineData(DispatchOutcome.Stale)]
    [InlineData(DispatchOutcome.Quarantine)]
    public void What_was_never_sent_before_ends_as_it_was_answered(DispatchOutcome outcome) =>
        Assert.Equal(outcome, Begin(false, false).Answered(outcome, "").Outcome);

    [Fact]
    public void What_may_stand_is_asked_for_and_sent_only_if_it_does_not()
    {
        var begun = Begin(mayStand: true, needsTarget: true);
        Assert.Equal(AttemptMove.AskEffect, begun.Move);
        Assert.Equal(DispatchOutcome.Done, begun.EffectFound(true).Outcome);
        Assert.Equal(DispatchOutcome.Ambiguous, begun.QueryFailed("down").Outcome);
        Assert.Equal(AttemptMove.AskTarget, begun.EffectFound(false).Move);
        Assert.Equal(AttemptMove.Send, Begin(true, false).EffectFound(false).Move);
    }

    [Fact]
    public void What_was_ambiguous_once_stays_so_until_it_ends()
    {
        var sends = Begin(true, false).EffectFound(false);
        Assert.Equal(DispatchOutcome.Ambiguous, sends.Answered(DispatchOutcome.Retry, "busy").Outcome);
        Assert.Equal(DispatchOutcome.Done, sends.Answered(DispatchOutcome.Done, "").Outcome);
        Assert.Equal(DispatchOutcome.Quarantine, sends.Answered(DispatchOutcome.Quarantine, "").Outcome);
        var looks = Begin(true, true).EffectFound(false);
        Assert.Equal(DispatchOutcome.Ambiguous, looks.QueryFailed("down").Outcome);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_target_that_is_gone_may_be_gone_by_our_own_hand(bool beforeSending)
    {
        var begun = Begin(true, beforeSending).EffectFound(false);
        var suspected = beforeSending ? begun.TargetFound(false, false) : begun.Answered(DispatchOutcome.Stale, "gone");
        Assert.Equal(AttemptMove.AskEffect, suspected.Move);
        Assert.Equal(DispatchOutcome.Done, suspected.EffectFound(true).Outcome);
        // Somebody else may have deleted what we put there.
        Assert.Equal(DispatchOutcome.Quarantine, suspected.EffectFound(false).Outcome);
        Assert.Equal(DispatchOutcome.Stale, (suspected with { IsLookedAt = true }).EffectFound(false).Outcome);
        Assert.Equal(DispatchOutcome.Ambiguous, suspected.QueryFailed("down").Outcome);
    }

    [Fact]
    public void What_came_late_is_no_target_of_the_same_submission()
    {
        var looks = Begin(mayStand: true, needsTarget: true).EffectFound(false);
        Assert.Equal(DispatchOutcome.Done, looks.TargetFound(true, stands: true).Outcome);
        Assert.Equal(DispatchOutcome.Done, looks.TargetFound(false, stands: true).Outcome);
        // Nothing of it has left: that it looks so already is somebody else's doing.
        Assert.Equal(AttemptMove.Send, Begin(mayStand: false, needsTarget: true).TargetFound(true, stands: true).Move);
    }

    [Fact]
    public void What_a_person_sends_again_is_asked_for_and_may_be_stale()
    {
        var begun = AttemptProgress.Begin(mayStand: true, isLookedAt: true, needsTarget: true);
        Assert.Equal(AttemptMove.AskEffect, begun.Move);
        Assert.Equal(
            DispatchOutcome.Stale, begun.EffectFound(false).TargetFound(false, false).EffectFound(false).Outcome);
    }

    [Fact]
    public void The_effect_of_each_kind_is_seen_by_what_it_leaves()
    {
        RegisteredEntry approved = new(AvailabilityStatus.Approved, Visibility.Normal);
        RegisteredEntry old = new(AvailabilityStatus.Deprecated, Visibility.Normal);
        Assert.True(Stands(SubmissionKind.Publish, old));
        Assert.False(Stands(SubmissionKind.Replace));
        Assert.True(Stands(SubmissionKind.Delete));
        Assert.True(Stands(SubmissionKind.Delete, old));
        Assert.False(Stands(SubmissionKind.Delete, old, approved));
        Assert.True(Stands(SubmissionKind.ChangeVisibility, old, approved));
        Assert.False(Stands(SubmissionKind.ChangeVisibility, old));
        Assert.False(AttemptProgress.Stands(
            SubmissionKind.ChangeVisibility, Visibility.InvisibleToPatient, [approved]));

        static bool Stands(SubmissionKind kind, params RegisteredEntry[] entries) =>
            AttemptProgress.Stands(kind, Visibility.Normal, entries);
    }

    [Fact]
    public void Delays_double_to_the_cap_and_their_upper_half_is_drawn()
    {
        var (min, max) = (TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        Assert.Equal(min, DispatchRules.RetryDelay(1, min, max, 1));
        Assert.Equal(min / 2, DispatchRules.RetryDelay(1, min, max, 0));
        Assert.Equal(TimeSpan.FromSeconds(8), DispatchRules.RetryDelay(4, min, max, 1));
        Assert.Equal(max, DispatchRules.RetryDelay(int.MaxValue, min, max, 1));
        Assert.Equal(max / 2, DispatchRules.RetryDelay(20, min, max, 0));
    }

    [Fact]
    public void What_may_stand_what_is_unsent_and_what_is_over_follow_from_the_row()
    {
        Assert.True(DispatchRules.MayStand(true, null));
        Assert.True(DispatchRules.MayStand(false, DispatchOutcome.Ambiguous));
        Assert.True(DispatchRules.MayStand(false, DispatchOutcome.Quarantine));
        Assert.False(DispatchRules.MayStand(false, DispatchOutcome.Retry));
        Assert.True(DispatchRules.IsUnsent(false, null));
        Assert.True(DispatchRules.IsUnsent(false, DispatchOutcome.Retry));
        Assert.False(DispatchRules.IsUnsent(true, null));
        Assert.False(DispatchRules.IsUnsent(true, DispatchOutcome.Retry));
        Assert.False(DispatchRules.IsUnsent(false, DispatchOutcome.Ambiguous));
        var patience = new DispatchPatience(3, TimeSpan.FromDays(7));
        Assert.False(DispatchRules.IsPoison(2, patience));
        Assert.True(DispatchRules.IsPoison(3, patience));
        Assert.False(DispatchRules.IsPoison(1_000, new DispatchPatience(null)));
        Assert.True(DispatchRules.IsTooOld(Limits.PublicationAttemptsMax, TimeSpan.FromDays(7), patience));
        Assert.False(DispatchRules.IsTooOld(Limits.PublicationAttemptsMax - 1, TimeSpan.FromDays(7), patience));
        Assert.False(DispatchRules.IsTooOld(1_000, TimeSpan.FromDays(6), patience));
        Assert.False(DispatchRules.IsTooOld(1_000, TimeSpan.FromDays(600), new DispatchPatience(3)));
    }

    private static AttemptProgress Begin(bool mayStand, bool needsTarget) =>
        AttemptProgress.Begin(mayStand, isLookedAt: false, needsTarget);
}
