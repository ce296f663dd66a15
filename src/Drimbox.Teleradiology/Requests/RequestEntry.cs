using Drimbox.Core.Identity;
using Drimbox.Core.Requests;

namespace Drimbox.Teleradiology.Requests;

/// <summary>A request in a listing: no patient data.</summary>
/// <param name="Studies">Their Study Instance UIDs, as far as they are known.</param>
/// <param name="InstancesFetched">0 until each study is here, whole.</param>
/// <param name="Reports">Documents signed, withdrawn ones included.</param>
/// <param name="ReportWithdrawn">The newest document was taken back.</param>
public sealed record RequestEntry(
    InstanceIdentifier Order,
    RequestStatus Status,
    IReadOnlyList<Uid> Studies,
    int InstancesFetched,
    int Reports,
    bool ReportWithdrawn,
    DateTimeOffset ChangedAt)
{
    internal static RequestEntry Of(InstanceIdentifier order, PlatformRequestState state, DateTimeOffset changedAt) =>
        new(
            order, state.Status, [.. state.Examinations.Select(e => e.StudyInstanceUid)], state.InstancesFetched,
            state.Documents.Count, state.LastDocument is { Withdrawn: true }, changedAt);
}
