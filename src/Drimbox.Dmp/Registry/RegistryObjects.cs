using Drimbox.Core.Identity;
using Drimbox.Core.Publications;

namespace Drimbox.Dmp.Registry;

/// <summary>A DocumentEntry as it stands in a registry or in a submission.</summary>
/// <param name="EntryUuid">id: <c>urn:uuid:…</c>, or the symbolic id of a submission.</param>
/// <param name="LogicalId">lid: the entryUUID of the first version; equal to <paramref name="EntryUuid"/> if
/// absent.</param>
/// <param name="Version">VersionInfo/@versionName, from 1.</param>
/// <param name="Status">status; Approved if absent, as in a submission.</param>
/// <param name="ConfidentialityCodes">All of them, in their order.</param>
public sealed record RegistryEntry(
    string EntryUuid,
    string LogicalId,
    int Version,
    AvailabilityStatus Status,
    string? RepositoryUniqueId,
    IReadOnlyList<Code> ConfidentialityCodes,
    DocumentEntry Entry)
{
    /// <summary>What a replacement, a visibility change or a deletion of this entry must freeze.</summary>
    public TargetEntry AsTarget() => new(EntryUuid, LogicalId, Version, Status);
}

/// <summary>The entry that a submission acts on, resolved by ITI-18 at the first dispatch and frozen then.</summary>
public sealed record TargetEntry(string EntryUuid, string LogicalId, int Version, AvailabilityStatus Status);

/// <summary>A SubmissionSet as it stands in a registry or in a submission.</summary>
public sealed record SubmissionSetEntry(
    string EntryUuid,
    Uid UniqueId,
    Uid SourceId,
    string SubmissionTime,
    InstanceIdentifier PatientId,
    Author? Author,
    Code ContentType,
    string? Title);

/// <summary>An Association with the slots that XDS gives a meaning to.</summary>
/// <param name="PreviousVersion">Of a HasMember in ITI-57, or null.</param>
public sealed record RegistryAssociation(
    string Id,
    string Type,
    string Source,
    string Target,
    string? SubmissionSetStatus,
    string? PreviousVersion,
    string? OriginalStatus,
    string? NewStatus);
