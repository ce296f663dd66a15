using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Resynchronisation;
using Drimbox.Core.Studies;

namespace Drimbox.Tests.Resynchronisation;

/// <summary>Plans that can be and plans that cannot, and what outcomes mean.</summary>
public sealed class ResyncPlanTests
{
    private static readonly ResyncPlan All = new(null, null, [], null, 60, "", false);

    [Fact]
    public void All_studies_days_and_single_studies_can_be_planned()
    {
        Assert.Null(Check(All));
        Assert.Null(Check(All with { From = new(2026, 1, 1), To = new(2026, 1, 1), Hours = "20:00-06:00" }));
        Assert.Null(Check(All with { Studies = [Uid.Parse("1.2.3")], Pacs = "north" }));
    }

    [Fact]
    public void What_cannot_be_is_refused_with_its_place()
    {
        Assert.Equal("from", Check(All with { From = new(2026, 1, 1) })?.Location);
        Assert.Equal("from", Check(All with { From = new(2026, 1, 2), To = new(2026, 1, 1) })?.Location);
        Assert.Equal("to", Check(All with { From = new(1, 1, 1), To = new(2026, 1, 1) })?.Location);
        Assert.Equal("perMinute", Check(All with { PerMinute = 0 })?.Location);
        Assert.Equal("perMinute", Check(All with { PerMinute = Limits.ResyncPerMinuteMax + 1 })?.Location);
        Assert.Equal("hours", Check(All with { Hours = "at night" })?.Location);
        Assert.Equal("pacs", Check(All with { Pacs = "south" })?.Location);
        Assert.Equal(
            "studies",
            Check(All with { From = new(2026, 1, 1), To = new(2026, 1, 1), Studies = [Uid.Parse("1.2.3")] })?.Location);
    }

    [Theory]
    [Requirement("DB.SO.88")]
    [InlineData(SubmissionKind.Publish, null, ResyncOutcome.Published, true, false)]
    [InlineData(SubmissionKind.Replace, null, ResyncOutcome.Replaced, true, false)]
    [InlineData(SubmissionKind.ChangeVisibility, null, ResyncOutcome.VisibilityChanged, true, false)]
    [InlineData(SubmissionKind.Delete, WithheldReason.StudyAbsentFromPacs, ResyncOutcome.Removed, true, false)]
    [InlineData(null, null, ResyncOutcome.Unchanged, false, false)]
    [InlineData(null, WithheldReason.StudyAbsentFromPacs, ResyncOutcome.StudyAbsentFromPacs, false, true)]
    [InlineData(null, WithheldReason.PatientMismatch, ResyncOutcome.PatientMismatch, false, true)]
    [InlineData(null, WithheldReason.AccessionMismatch, ResyncOutcome.AccessionMismatch, false, true)]
    [InlineData(null, WithheldReason.PacsUnreachable, ResyncOutcome.PacsFailed, false, true)]
    [InlineData(null, WithheldReason.IncompleteForProfile, ResyncOutcome.IncompleteForProfile, false, true)]
    public void A_look_is_counted_as_a_change_a_failure_or_neither(
        SubmissionKind? decided, WithheldReason? withheld, ResyncOutcome expected, bool isChange, bool isFailure)
    {
        var outcome = ResyncOutcomes.Of(decided, withheld);

        Assert.Equal(
            (expected, isChange, isFailure),
            (outcome, ResyncOutcomes.IsChange(outcome), ResyncOutcomes.IsFailure(outcome)));
    }

    private static Refusal? Check(ResyncPlan plan) => plan.Check(["north"], TimeZoneInfo.Utc);
}
