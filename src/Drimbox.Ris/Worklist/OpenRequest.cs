using Drimbox.Core.Identity;
using Drimbox.Core.Requests;

namespace Drimbox.Ris.Worklist;

/// <summary>A request with examinations that are still to be made.</summary>
/// <param name="placedAt">In the time zone of the site.</param>
internal sealed class OpenRequest(DateTimeOffset placedAt)
{
    public RisRequestState State { get; set; } = RisRequestState.Empty;

    public DateTimeOffset PlacedAt => placedAt;

    /// <summary>Examinations whose images are made, though their complement was not sent for this request.</summary>
    public HashSet<Uid> Made { get; } = [];

    /// <summary>The studies under which the worklist finds it.</summary>
    public HashSet<Uid> Indexed { get; set; } = [];

    public IEnumerable<PlannedExamination> Waiting =>
        State.Examinations.Where(e => !e.IsPerformed && !Made.Contains(e.StudyInstanceUid));
}
