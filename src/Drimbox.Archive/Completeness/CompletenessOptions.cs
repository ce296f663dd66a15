using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Dicom.Scp;

namespace Drimbox.Archive.Completeness;

/// <summary>When a study is complete, and who is told.</summary>
public sealed record CompletenessOptions
{
    /// <summary>Default: 60 s, and 15 min where the association was not released.</summary>
    public CompletenessPolicy Policy { get; init; } = new(Limits.StudyQuietTime, Limits.StudyLongQuietTime);

    /// <summary>Who gets an Instance Availability Notification for each study that is complete (PS3.4 annex R).</summary>
    public IReadOnlyList<DicomPeer> Peers { get; init; } = [];
}
