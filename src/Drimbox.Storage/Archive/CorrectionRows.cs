using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;

namespace Drimbox.Storage;

/// <summary>A correction as it is recorded; it stays as history.</summary>
/// <param name="Patient">Who was corrected, merged, or had the study.</param>
/// <param name="Study">Of a move; else the default value.</param>
/// <param name="Studies">How many studies it bears on now.</param>
/// <param name="UndoneAt">Null: it holds.</param>
public sealed record CorrectionEntry(
    long Id,
    DateTimeOffset At,
    string Actor,
    CorrectionKind Kind,
    PatientKey Patient,
    Uid Study,
    PatientChange To,
    string Reason,
    long Studies,
    DateTimeOffset? UndoneAt,
    string? UndoneBy);

/// <summary>How a correction ended.</summary>
/// <param name="Refusal">Null: it is recorded.</param>
/// <param name="Studies">The studies whose patient changed.</param>
public sealed record CorrectionResult(Refusal? Refusal, CorrectionEntry? Entry, IReadOnlyList<Uid> Studies);

/// <summary>A study whose patient is not the one of its files.</summary>
/// <param name="Received">Whom the files that came said it was of.</param>
/// <param name="Patient">Whom it is of.</param>
/// <param name="Last">The last correction that bears on it.</param>
public sealed record CorrectedStudy(PatientIdentity Received, PatientIdentity Patient, CorrectionEntry Last);
