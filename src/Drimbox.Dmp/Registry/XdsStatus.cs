using Drimbox.Core.Publications;

namespace Drimbox.Dmp.Registry;

/// <summary>The text forms of <see cref="AvailabilityStatus"/>. Source: ITI TF-3 4.2.3.2.2; Archived and Deleted
/// are those of the CI-SIS.</summary>
public static class XdsStatus
{
    public const string Approved = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved";
    public const string Deprecated = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated";
    public const string Archived = "urn:asip:ci-sis:2010:StatusType:Archived";
    public const string Deleted = "urn:asip:ci-sis:2010:StatusType:Deleted";

    public static string Format(AvailabilityStatus status) => status switch
    {
        AvailabilityStatus.Approved => Approved,
        AvailabilityStatus.Deprecated => Deprecated,
        AvailabilityStatus.Archived => Archived,
        AvailabilityStatus.Deleted => Deleted,
        _ => throw Core.Invariant.Unreachable(status),
    };

    public static AvailabilityStatus? TryParse(string? urn) => urn switch
    {
        Approved => AvailabilityStatus.Approved,
        Deprecated => AvailabilityStatus.Deprecated,
        Archived => AvailabilityStatus.Archived,
        Deleted => AvailabilityStatus.Deleted,
        _ => null,
    };
}
