using System.ComponentModel.DataAnnotations;
using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Source;

/// <summary>One of several PACS of a source (DB.SO.04).</summary>
public sealed record SourcePacsOptions : IValidatableObject
{
    /// <summary>What studies remember it by: it stays when its address changes. No default.</summary>
    [Required, RegularExpression("[a-z][a-z0-9-]{0,31}")]
    public string Name { get; init; } = "";

    /// <summary>Where it is asked, and which AE title its rejection notes come from. No default.</summary>
    [Required]
    public DicomPeerOptions? Peer { get; init; }

    /// <summary>Whose patient ids it holds, by what it writes into Issuer of Patient ID (0010,0021). Default: none,
    /// then an id without an issuer is compared by its value alone.</summary>
    public IReadOnlyList<PatientIssuerOptions> PatientIdIssuers { get; init; } = [];

    /// <summary>Whose accession numbers it holds, by what it writes into (0008,0051). Default: none, then they are
    /// compared by their values alone.</summary>
    public IReadOnlyList<AccessionIssuerOptions> AccessionIssuers { get; init; } = [];

    /// <summary>Names of <see cref="SourceOptions.Senders"/> whose studies it is asked about before the others.
    /// Default: none.</summary>
    public IReadOnlyList<string> Senders { get; init; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (PatientIdIssuers.DistinctBy(i => i.Written).Count() < PatientIdIssuers.Count)
            yield return new ValidationResult("one issuer stands for one domain", [nameof(PatientIdIssuers)]);
        if (AccessionIssuers.DistinctBy(i => i.Written).Count() < AccessionIssuers.Count)
            yield return new ValidationResult("one issuer stands for one authority", [nameof(AccessionIssuers)]);
    }
}

/// <summary>What an issuer of patient ids stands for.</summary>
public sealed record PatientIssuerOptions : IValidatableObject
{
    /// <summary>As the PACS writes it. Default empty: where it writes none.</summary>
    public string Written { get; init; } = "";

    /// <summary>PID-3 component 4.1. Default: none.</summary>
    public string Name { get; init; } = "";

    /// <summary>PID-3 component 4.2. Default: none; one of the two is needed.</summary>
    public string Oid { get; init; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Name.Length == 0 && Oid.Length == 0)
            yield return new ValidationResult("needs Name or Oid", [nameof(Oid)]);
        if (Oid.Length > 0 && !Uid.TryParse(Oid, out _)) yield return new ValidationResult("is no OID", [nameof(Oid)]);
    }
}

/// <summary>What an issuer of accession numbers stands for.</summary>
public sealed record AccessionIssuerOptions : IValidatableObject
{
    /// <summary>As the PACS writes it: Universal Entity ID (0040,0032), else Local Namespace Entity ID (0040,0031).
    /// Default empty: where it writes none.</summary>
    public string Written { get; init; } = "";

    /// <summary>OID of the authority, as the documents of the RIS name it. No default.</summary>
    [Required]
    public string Oid { get; init; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!Uid.TryParse(Oid, out _)) yield return new ValidationResult("is no OID", [nameof(Oid)]);
    }
}

/// <summary>A RIS, or a PACS that gives notices, that may send messages to the source (DB.SO.04).</summary>
public sealed record SenderOptions
{
    /// <summary>What <see cref="SourcePacsOptions.Senders"/> names it by. No default.</summary>
    [Required, RegularExpression("[a-z][a-z0-9-]{0,31}")]
    public string Name { get; init; } = "";

    /// <summary>MSH-3. No default.</summary>
    [Required]
    public string Application { get; init; } = "";

    /// <summary>MSH-4. Default empty: whatever it says.</summary>
    public string Facility { get; init; } = "";

    /// <summary>Whose patient ids its messages have where they name no issuer. Default: nobody's.</summary>
    public PatientIssuerOptions? PatientIdIssuer { get; init; }
}

/// <summary>How a resynchronisation goes where its plan says nothing (DB.SO.28).</summary>
public sealed record ResyncOptions
{
    /// <summary>Studies that the PACS is asked about in a minute, 1 to 6000. Default 60.</summary>
    [Range(1, Limits.ResyncPerMinuteMax)]
    public int PerMinute { get; init; } = Limits.ResyncPerMinuteDefault;

    /// <summary>When it goes on, in the time zone of the site: <c>20:00-06:00</c>, several with commas. Default empty:
    /// always.</summary>
    public string Hours { get; init; } = "";
}
