using Drimbox.Core.Archive;

namespace Drimbox.Tests.Archive;

/// <summary>When a study is complete.</summary>
public sealed class StudyTransferTests
{
    private static readonly DateTimeOffset Start = new(2026, 8, 22, 8, 0, 0, TimeSpan.Zero);
    private static readonly CompletenessPolicy Policy = new(TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(15));

    [Theory]
    // seconds since the last image, open senders, released, awaited, commitment → reason, or seconds until then
    [InlineData(0, 1, false, null, false, null, 900)] // it is being sent
    [InlineData(59, 0, true, null, false, null, 60)] // released a moment ago
    [InlineData(60, 0, true, null, false, CompletenessReason.Quiet, 60)]
    [InlineData(60, 0, false, null, false, null, 900)] // broken off: the sender may come again
    [InlineData(900, 0, false, null, false, CompletenessReason.Quiet, 900)]
    [InlineData(60, 1, true, null, false, null, 900)] // one released, another still stands
    [InlineData(900, 1, false, null, false, CompletenessReason.Quiet, 900)] // it stands and says nothing more
    [InlineData(0, 1, false, 0, false, CompletenessReason.ProcedureStep, 900)] // all that the step made is here
    [InlineData(59, 0, true, 3, false, null, 60)] // three images of the step are missing
    [InlineData(60, 0, true, 3, false, CompletenessReason.Quiet, 60)] // and do not come
    [InlineData(0, 1, false, null, true, CompletenessReason.Commitment, 900)]
    [InlineData(0, 1, false, 2, true, CompletenessReason.Commitment, 900)]
    [InlineData(0, 0, true, 0, true, CompletenessReason.ProcedureStep, 60)]
    public void A_study_is_complete_by(
        int quiet, int senders, bool released, int? awaited, bool commitment, CompletenessReason? reason, int again)
    {
        var transfer = new StudyTransfer(Start, senders, released, awaited, commitment);
        Assert.Equal(reason, transfer.Decide(Policy, Start.AddSeconds(quiet), out var lookAgainAt));
        Assert.Equal(Start.AddSeconds(again), lookAgainAt);
    }
}
