using Drimbox.Core;
using Drimbox.Dicom.Scp;

namespace Drimbox.Archive.Commitment;

/// <summary>How the reports of storage commitment go out. Source: PS3.4 J.3.3.</summary>
public sealed record CommitmentOptions
{
    /// <summary>Where reports go when the association of the request is over: the entry with the calling AE title of the
    /// request. A requester without one has its report over its own association or not at all.</summary>
    public IReadOnlyList<DicomPeer> Peers { get; init; } = [];

    /// <summary>Try the association of the request first, while it stands. Default: yes. Some requesters take reports on
    /// an association of their own alone.</summary>
    public bool OnSameAssociation { get; init; } = true;

    /// <summary>Pauses before a report is sent again; after the last one it is given up. Default: a day.</summary>
    public IReadOnlyList<TimeSpan> RetryDelays { get; init; } = Limits.CommitmentReportDelays;
}
