using System.ComponentModel.DataAnnotations;
using Drimbox.Core;

namespace Drimbox.Source.Audit;

/// <summary>The audit trail of a source.</summary>
public sealed record AuditOptions : IValidatableObject
{
    /// <summary>Days that a record is kept for at least, 180 to 10950; it goes within a day after them, if each of
    /// <see cref="Forward"/> has it. Default 365.</summary>
    [Range(Limits.AuditRetentionDaysMin, Limits.AuditRetentionDaysMax)]
    public int RetentionDays { get; init; } = Limits.AuditRetentionDays;

    /// <summary>Collectors of the site that get every record too (DB.CS.96), 4 at most. Default: none.</summary>
    [MaxLength(Limits.AuditTargetsMax)]
    public IReadOnlyList<AuditForwardOptions> Forward { get; init; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Forward.DistinctBy(f => f.Name, StringComparer.Ordinal).Count() != Forward.Count)
            yield return new ValidationResult("must have a name each", [nameof(Forward)]);
    }
}

/// <summary>A collector of audit messages: syslog over TLS with certificates on both sides (RFC 5425, ITI-20). There
/// is no other way: by UDP and by TCP alone they could be read and lost.</summary>
public sealed record AuditForwardOptions : IValidatableObject
{
    /// <summary>What the place in the trail is remembered by: another name begins with the oldest record. Default
    /// <c>collector</c>.</summary>
    [Required, RegularExpression("[a-z][a-z0-9-]{0,31}")]
    public string Name { get; init; } = "collector";

    /// <summary>Host name or address. No default.</summary>
    [Required]
    public string Host { get; init; } = "";

    /// <summary>TCP port, 1 to 65535. Default 6514 (RFC 5425 4.1).</summary>
    [Range(1, 65535)]
    public int Port { get; init; } = 6514;

    /// <summary>TLS towards it, with our certificate. No default.</summary>
    [Required]
    public DicomPeerTlsOptions? Tls { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Tls is { Certificate: null })
            yield return new ValidationResult("must have a certificate of ours (RFC 5425 4.2.1)", [nameof(Tls)]);
    }
}
