using Drimbox.Core.Identity;

namespace Drimbox.Core.Reports;

/// <summary>Looks again whether the patient of a report opposes the feeding of the DMP.</summary>
/// <param name="Patient">What the local base says now; null where it was not asked.</param>
public sealed record ReviewOpposition(PatientStanding? Patient) : ReportCommand;

/// <summary>The patient opposed the feeding of the DMP, or took the opposition back.</summary>
/// <param name="StatedAt">When the message that says so was made, UTC, yyyyMMddHHmmss; empty where none says
/// anything.</param>
public sealed record FeedingOppositionStated(bool Opposes, string StatedAt, DateTimeOffset RecordedAt) : ReportEvent;
