using System.ComponentModel.DataAnnotations;
using Drimbox.Archive.Commitment;
using Drimbox.Archive.Completeness;
using Drimbox.Core;
using Drimbox.Core.Archive;

namespace Drimbox.Gateway.Configuration;

/// <summary>Storage commitment, as the configuration file writes it.</summary>
internal sealed record CommitmentSection : IValidatableObject
{
    /// <summary>Where reports go once the association of the request is over, by AE title. Default: nowhere.</summary>
    public IReadOnlyList<DicomPeerOptions> Peers { get; init; } = [];

    /// <summary>Try the association of the request first. Default true.</summary>
    public bool OnSameAssociation { get; init; } = true;

    /// <summary>Pauses before a report is sent again, each 1 s to 1 day, at most 100. Default: 10 s, 1 min, 5 min, 30 min,
    /// then hourly through a day.</summary>
    public IReadOnlyList<TimeSpan> RetryDelays { get; init; } = Limits.CommitmentReportDelays;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (RetryDelays.Count > 100 || RetryDelays.Any(d => d < TimeSpan.FromSeconds(1) || d > TimeSpan.FromDays(1)))
            yield return new ValidationResult("must be at most 100 pauses of 1 s to 1 day", [nameof(RetryDelays)]);
    }

    public CommitmentOptions ToOptions() => new()
    {
        Peers = [.. Peers.Select(ArchiveSection.PeerOf)],
        OnSameAssociation = OnSameAssociation,
        RetryDelays = RetryDelays,
    };
}

/// <summary>Study completeness, as the configuration file writes it.</summary>
internal sealed record CompletenessSection : IValidatableObject
{
    /// <summary>Without an image after the release of the association, 1 s to 1 h. Default 60 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan QuietTime { get; init; } = Limits.StudyQuietTime;

    /// <summary>Where the association was not released, up to 1 day. Default 15 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan LongQuietTime { get; init; } = Limits.StudyLongQuietTime;

    /// <summary>Who gets an Instance Availability Notification. Default: nobody.</summary>
    public IReadOnlyList<DicomPeerOptions> Peers { get; init; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (LongQuietTime < QuietTime)
            yield return new ValidationResult("must not be shorter than QuietTime", [nameof(LongQuietTime)]);
    }

    public CompletenessOptions ToOptions() => new()
    {
        Policy = new CompletenessPolicy(QuietTime, LongQuietTime),
        Peers = [.. Peers.Select(ArchiveSection.PeerOf)],
    };
}
