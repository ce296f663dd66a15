using System.Net;

namespace Drimbox.Core.Audit;

/// <summary>A coded value (<c>CodedValueType</c>). Source: PS3.15 A.5.1.1.</summary>
/// <param name="Value"><c>csd-code</c>.</param>
/// <param name="System"><c>codeSystemName</c>.</param>
/// <param name="Meaning"><c>originalText</c>.</param>
public sealed record AuditCode(string Value, string System, string Meaning);

/// <summary><c>EventActionCode</c>. Source: PS3.15 A.5.1.1.</summary>
public enum AuditAction
{
    Create,
    Read,
    Update,
    Delete,
    Execute,
}

/// <summary><c>EventOutcomeIndicator</c>; the numbers are those of PS3.15 A.5.2.</summary>
public enum AuditOutcome
{
    Success = 0,

    /// <summary>The action is tried again.</summary>
    MinorFailure = 4,

    /// <summary>The action is over.</summary>
    SeriousFailure = 8,

    /// <summary>The action is not available any more.</summary>
    MajorFailure = 12,
}

/// <summary>What an audit record is found by (DB.CS.10).</summary>
public enum AuditKeyKind
{
    /// <summary>A patient: the matricule alone, and <c>root^extension</c>.</summary>
    Patient,

    /// <summary>A professional, or the account or user of the system that looked at the trail.</summary>
    User,

    /// <summary>A document, a submission set, or a manifest by its SOP Instance UID.</summary>
    Document,

    Study,
}

public readonly record struct AuditKey(AuditKeyKind Kind, string Value);

/// <summary><c>NetworkAccessPointID</c> with its type.</summary>
/// <param name="TypeCode">1 a machine name, 2 an IP address, 5 a URI (PS3.15 A.5.1.1).</param>
public sealed record AuditNetworkPoint(string Id, int TypeCode)
{
    /// <summary>Of a host name or address; null where none is known.</summary>
    public static AuditNetworkPoint? Of(string? host) => string.IsNullOrEmpty(host) ? null
        : new AuditNetworkPoint(host, IPAddress.TryParse(host, out _) ? 2 : 1);
}

/// <summary><c>ActiveParticipant</c>.</summary>
/// <param name="UserId"><c>UserID</c>.</param>
/// <param name="IsRequestor"><c>UserIsRequestor</c>: of one participant at most (PS3.15 A.5.2).</param>
public sealed record AuditParticipant(string UserId, bool IsRequestor)
{
    public AuditCode? Role { get; init; }

    /// <summary><c>AlternativeUserID</c>: the process id, or <c>AETITLES=…</c> (PS3.15 A.5.2.2).</summary>
    public string? AlternativeUserId { get; init; }

    public string? UserName { get; init; }

    public AuditNetworkPoint? NetworkPoint { get; init; }

    /// <summary>The record is found by this one (<see cref="AuditKeyKind.User"/>).</summary>
    public bool IsPerson { get; init; }
}

/// <summary><c>ParticipantObjectDetail</c>: a name, and bytes that are written as base64.</summary>
public sealed record AuditDetail(string Type, ReadOnlyMemory<byte> Value);

/// <summary><c>SOPClass</c>: how many instances of a class.</summary>
public readonly record struct AuditSopClass(Identity.Uid SopClassUid, int Instances);

/// <summary><c>ParticipantObjectIdentification</c>.</summary>
/// <param name="TypeCode">1 a person, 2 a system object, 3 an organization, 4 other.</param>
/// <param name="Role"><c>ParticipantObjectTypeCodeRole</c>, of PS3.15 A.5.1.2.2.</param>
public sealed record AuditObject(string Id, AuditCode IdType, int TypeCode, int Role)
{
    /// <summary><c>ParticipantObjectName</c>, where there is no <see cref="Query"/>: the schema wants one of the two.
    /// It says what the identifier is; the name of a patient is not needed to find him and is never written.</summary>
    public string Name { get; init; } = IdType.Meaning;

    /// <summary><c>ParticipantObjectQuery</c>, or null.</summary>
    public ReadOnlyMemory<byte>? Query { get; init; }

    public IReadOnlyList<AuditDetail> Details { get; init; } = [];

    /// <summary><c>ParticipantObjectDescription</c>: accession numbers.</summary>
    public IReadOnlyList<string> Accessions { get; init; } = [];

    /// <summary><c>ParticipantObjectDescription</c>: instances by their class.</summary>
    public IReadOnlyList<AuditSopClass> SopClasses { get; init; } = [];

    public IReadOnlyList<AuditKey> Keys { get; init; } = [];
}

/// <summary>What happened, as PS3.15 A.5 tells it; <see cref="AuditEvents"/> makes them.</summary>
/// <param name="Id"><c>EventID</c>.</param>
/// <param name="At"><c>EventDateTime</c>, UTC.</param>
public sealed record AuditEvent(AuditCode Id, AuditAction Action, DateTimeOffset At, AuditOutcome Outcome)
{
    /// <summary><c>EventTypeCode</c>, or null.</summary>
    public AuditCode? Type { get; init; }

    /// <summary><c>EventOutcomeDescription</c> in our own words, or null (DB.SO.45, DB.SO.47).</summary>
    public string? OutcomeDescription { get; init; }

    public IReadOnlyList<AuditParticipant> Participants { get; init; } = [];

    public IReadOnlyList<AuditObject> Objects { get; init; } = [];

    /// <summary>What the record is found by, in a fixed order and without repetition.</summary>
    public IReadOnlyList<AuditKey> Keys =>
    [
        .. Participants.Where(p => p.IsPerson).Select(p => new AuditKey(AuditKeyKind.User, p.UserId))
            .Concat(Objects.SelectMany(o => o.Keys))
            .Where(k => k.Value.Length is > 0 and <= Limits.AuditValueLengthMax)
            .Distinct().OrderBy(k => k.Kind).ThenBy(k => k.Value, StringComparer.Ordinal),
    ];
}

/// <summary><c>AuditSourceIdentification</c>: who tells of the event.</summary>
/// <param name="Id"><c>AuditSourceID</c>.</param>
/// <param name="SiteId"><c>AuditEnterpriseSiteID</c>.</param>
public sealed record AuditSource(string Id, string SiteId);
