using System.Text.Json.Serialization;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;

namespace Drimbox.Emulators.Dmp;

/// <summary>Through whose eyes a DMP is looked at.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Audience>))]
public enum Audience
{
    Patient,
    Representative,
    Professional,

    /// <summary>The registry itself: every entry in every status, signatures included.</summary>
    Registry,
}

/// <summary>An entry as the query page shows it.</summary>
/// <param name="AuthorInstitution">The structure that published it: the only one that may delete or change it.</param>
/// <param name="ReferenceIds">CXi texts.</param>
/// <param name="Replaces">entryUUID of the document that this one replaced, or null.</param>
/// <param name="Appends">entryUUID of the document that this one is an addendum to, or null.</param>
public sealed record DmpDocument(
    string EntryUuid,
    string LogicalId,
    int Version,
    [property: JsonConverter(typeof(JsonStringEnumConverter<AvailabilityStatus>))] AvailabilityStatus Status,
    InstanceIdentifier UniqueId,
    InstanceIdentifier PatientId,
    string TypeCode,
    string ClassCode,
    string Title,
    string MimeType,
    IReadOnlyList<string> ConfidentialityCodes,
    IReadOnlyList<string> ReferenceIds,
    string AuthorInstitution,
    string Hash,
    long Size,
    string? Replaces,
    string? Appends,
    string SubmissionSetUniqueId);

/// <summary>A submission that took effect.</summary>
/// <param name="Action">WS-Addressing action.</param>
/// <param name="Structure">Struct_IdNat of the submitting structure.</param>
/// <param name="Documents">Unique ids of the entries it added or changed.</param>
public sealed record CommittedSubmission(
    string SubmissionSetUniqueId,
    string Action,
    string Structure,
    InstanceIdentifier PatientId,
    string SubmissionTime,
    DateTimeOffset CommittedAt,
    IReadOnlyList<InstanceIdentifier> Documents);
