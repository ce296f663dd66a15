using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Ris.ProcedureSteps;

/// <summary>A Modality Performed Procedure Step as it stood after one of its operations. Source: PS3.4 F.7.2.</summary>
/// <param name="Status">(0040,0252).</param>
/// <param name="Studies">Of its Scheduled Step Attributes Sequence.</param>
/// <param name="Inline">Its data set, Explicit VR Little Endian, unless it is long.</param>
/// <param name="File">Its data set, if it is long.</param>
/// <param name="Peer">The modality.</param>
public sealed record ProcedureStepRecorded(
    string Status, IReadOnlyList<Uid> Studies, byte[]? Inline, StoredObject? File, AeTitle Peer, DateTimeOffset At);
