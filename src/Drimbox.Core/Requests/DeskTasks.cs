namespace Drimbox.Core.Requests;

/// <summary>What a request waits for.</summary>
public enum DeskTask
{
    /// <summary>Closed: refused, cancelled, or reported.</summary>
    Nothing,

    /// <summary>The radiologist accepts or refuses it (flux 3).</summary>
    Answer,

    /// <summary>The site makes the images and says so (flux 4).</summary>
    Examination,

    /// <summary>The radiologist reads the images.</summary>
    Report,
}

/// <summary>How long the desk may take.</summary>
/// <param name="AnswerWithin">From the arrival of a request to its answer.</param>
/// <param name="ReportWithin">From the arrival of flux 4, of a study that no report names yet, or from the withdrawal
/// of a report, to a report.</param>
public sealed record DeskPolicy(TimeSpan AnswerWithin, TimeSpan ReportWithin);

/// <summary>What a request waits for, and until when.</summary>
/// <param name="Since">When it began to wait.</param>
/// <param name="DueAt">Null where it does not wait for the desk.</param>
public sealed record DeskWait(DeskTask Task, DateTimeOffset Since, DateTimeOffset? DueAt)
{
    public bool IsLate(DateTimeOffset now) => DueAt < now;
}

/// <summary>The work that a request means for the desk of the platform.</summary>
public static class DeskTasks
{
    public static DeskWait Of(PlatformRequestState state, DeskPolicy policy)
    {
        var task = TaskOf(state);
        return new DeskWait(task, state.WaitsSince, task switch
        {
            DeskTask.Answer => state.WaitsSince + policy.AnswerWithin,
            DeskTask.Report => state.WaitsSince + policy.ReportWithin,
            _ => null,
        });
    }

    private static DeskTask TaskOf(PlatformRequestState state) => state.Status switch
    {
        RequestStatus.Placed => DeskTask.Answer,
        RequestStatus.Accepted => DeskTask.Examination,
        RequestStatus.Examined when state.AwaitsReport => DeskTask.Report,
        _ => DeskTask.Nothing,
    };
}
