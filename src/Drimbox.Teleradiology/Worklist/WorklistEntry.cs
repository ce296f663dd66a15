using Drimbox.Core.Identity;
using Drimbox.Core.Requests;

namespace Drimbox.Teleradiology.Worklist;

/// <summary>Which open requests are asked for; what is not given does not count.</summary>
/// <param name="Statuses">One of these; null for all that are open.</param>
/// <param name="OlderThan">Placed by the RIS at least so long ago.</param>
/// <param name="Modality">A code (DCM): the request or, later, an examination has it.</param>
/// <param name="OnlyLate">The desk should have answered or reported by now.</param>
public sealed record WorklistFilter(
    IReadOnlyList<RequestStatus>? Statuses = null,
    TimeSpan? OlderThan = null,
    string? Modality = null,
    bool OnlyLate = false);

/// <summary>An open request on the worklist of the radiologist: no patient data.</summary>
/// <param name="WaitsFor">What is to be done next, whoever does it.</param>
/// <param name="ReceivedAt">When the RIS placed it.</param>
/// <param name="Since">Since when it waits.</param>
/// <param name="DueAt">By when the desk should act; null where it is not the desk that acts.</param>
/// <param name="IsEmergency">PV1-2 is E.</param>
/// <param name="Modality">Its code (DCM): of the request, later of its examinations, several with spaces.</param>
/// <param name="Region">In words; of several examinations with commas.</param>
/// <param name="InstancesFetched">0 until each study is here, whole.</param>
/// <param name="HasDraft">A report was written and not signed.</param>
/// <param name="ReportWithdrawn">It had a report.</param>
public sealed record WorklistEntry(
    InstanceIdentifier Order,
    RequestStatus Status,
    DeskTask WaitsFor,
    DateTimeOffset ReceivedAt,
    DateTimeOffset Since,
    DateTimeOffset? DueAt,
    bool IsLate,
    bool IsEmergency,
    string Modality,
    string Region,
    int InstancesFetched,
    bool HasDraft,
    bool ReportWithdrawn);
