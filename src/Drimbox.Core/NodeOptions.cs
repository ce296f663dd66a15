using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Drimbox.Core;

/// <summary>What a setting must look like.</summary>
public static class OptionPatterns
{
    public const string AeTitle = @"(?=.*[^ ])[ -\[\]-~]{1,16}";
    public const string AeTitleError = "must be an AE title: 1 to 16 printable characters without a backslash";

    /// <summary>The TLS profiles of PS3.15: B.12, B.13, B.10 (retired), B.9 (retired).</summary>
    public const string TlsProfile = "bcp195-rfc9325|bcp195-rfc9325-modified|bcp195-nd|bcp195";
    public const string TlsProfileError =
        "must be bcp195-rfc9325, bcp195-rfc9325-modified, bcp195-nd or bcp195 (PS3.15 annex B)";
}

/// <summary>An IP address, as 127.0.0.1 or ::1.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class IpAddressAttribute() : ValidationAttribute("must be an IP address, as 127.0.0.1")
{
    public override bool IsValid(object? value) => value is null || IPAddress.TryParse(value as string, out _);
}

/// <summary>A list of AE titles.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AeTitlesAttribute() : ValidationAttribute("each " + OptionPatterns.AeTitleError)
{
    public override bool IsValid(object? value) => value is null || (value is IEnumerable<string> titles
        && titles.All(title => Identity.AeTitle.TryParse(title, null, out _)));
}

/// <summary>An HL7 application at the other end of an MLLP connection.</summary>
public sealed record Hl7PeerOptions
{
    /// <summary>Host name or address. No default.</summary>
    [Required]
    public string Host { get; init; } = "";

    /// <summary>TCP port, 1 to 65535. Default 2575.</summary>
    [Range(1, 65535)]
    public int Port { get; init; } = 2575;

    /// <summary>MSH-5 of what is sent to it. No default.</summary>
    [Required]
    public string Application { get; init; } = "";

    /// <summary>MSH-6 of what is sent to it. No default.</summary>
    [Required]
    public string Facility { get; init; } = "";

    /// <summary>TLS towards it, with the keys and the rules of a DICOM peer. Default: none.</summary>
    public DicomPeerTlsOptions? Tls { get; init; }
}

/// <summary>The HL7 side of a node.</summary>
public sealed record Hl7NodeOptions
{
    /// <summary>MSH-3 of what the node sends. No default.</summary>
    [Required]
    public string Application { get; init; } = "";

    /// <summary>MSH-4 of what the node sends. No default.</summary>
    [Required]
    public string Facility { get; init; } = "";

    /// <summary>IP address to listen on. Default 127.0.0.1.</summary>
    [Required, IpAddress]
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>MLLP port to listen on, 0 to 65535; 0 takes a free one. Default 2575.</summary>
    [Range(0, 65535)]
    public int Port { get; init; } = 2575;

    /// <summary>TLS for every connection to the port, with the keys and the rules of a DICOM node. Default: none.
    /// </summary>
    public DicomTlsOptions? Tls { get; init; }
}

/// <summary>A DICOM application entity at the other end of an association.</summary>
public sealed record DicomPeerOptions
{
    /// <summary>Its AE title: 1 to 16 characters of ISO 646 without control characters and backslash (PS3.5, AE). No
    /// default.</summary>
    [Required, RegularExpression(OptionPatterns.AeTitle, ErrorMessage = OptionPatterns.AeTitleError)]
    public string AeTitle { get; init; } = "";

    /// <summary>Host name or address. No default.</summary>
    [Required]
    public string Host { get; init; } = "";

    /// <summary>TCP port, 1 to 65535. Default 11112.</summary>
    [Range(1, 65535)]
    public int Port { get; init; } = 11112;

    /// <summary>TLS towards it. Default: none.</summary>
    public DicomPeerTlsOptions? Tls { get; init; }

    /// <summary>Associations that it takes from us at once, 1 to 8: a C-MOVE to it uses as many. Default 1.</summary>
    [Range(1, Limits.MoveAssociationsMax)]
    public int Associations { get; init; } = 1;
}

/// <summary>TLS towards a DICOM application entity. Files are PEM.</summary>
public sealed record DicomPeerTlsOptions
{
    /// <summary>The authorities that its certificate must come from; those of the machine count for nothing. No
    /// default.</summary>
    [Required]
    public string Authorities { get; init; } = "";

    /// <summary>Our certificate, if it asks for one. Default: none.</summary>
    public string? Certificate { get; init; }

    /// <summary>The private key of our certificate, not encrypted. Default: in the file of the certificate.</summary>
    public string? Key { get; init; }

    /// <summary>Profile of PS3.15 annex B. Default bcp195-rfc9325.</summary>
    [Required, RegularExpression(OptionPatterns.TlsProfile, ErrorMessage = OptionPatterns.TlsProfileError)]
    public string Profile { get; init; } = "bcp195-rfc9325";

    /// <summary>Whether its certificate must name the host that is called. Default true.</summary>
    public bool VerifyHostName { get; init; } = true;

    /// <summary>The name that its certificate must have. Default: the host that is called.</summary>
    public string? HostName { get; init; }
}

/// <summary>TLS of a DICOM node that listens. Files are PEM and are looked at again every 10 s.</summary>
public sealed record DicomTlsOptions : IValidatableObject
{
    /// <summary>Its certificate, followed by the intermediate ones. No default.</summary>
    [Required]
    public string Certificate { get; init; } = "";

    /// <summary>Its private key, not encrypted. Default: in the file of the certificate.</summary>
    public string? Key { get; init; }

    /// <summary>The authorities that the certificates of callers must come from; those of the machine count for
    /// nothing. Required with <see cref="RequireClientCertificate"/>. Default: callers are not asked for a
    /// certificate.</summary>
    public string? Authorities { get; init; }

    /// <summary>Whether a caller must show a certificate of <see cref="Authorities"/>. Default true.</summary>
    public bool RequireClientCertificate { get; init; } = true;

    /// <summary>Profile of PS3.15 annex B. Default bcp195-rfc9325.</summary>
    [Required, RegularExpression(OptionPatterns.TlsProfile, ErrorMessage = OptionPatterns.TlsProfileError)]
    public string Profile { get; init; } = "bcp195-rfc9325";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (RequireClientCertificate && Authorities is null)
        {
            yield return new ValidationResult(
                "is required where callers must show a certificate; otherwise set RequireClientCertificate to false",
                [nameof(Authorities)]);
        }
    }
}

/// <summary>The DICOM side of a node.</summary>
public sealed record DicomNodeOptions
{
    /// <summary>Its AE title: 1 to 16 characters of ISO 646 without control characters and backslash (PS3.5, AE). No
    /// default.</summary>
    [Required, RegularExpression(OptionPatterns.AeTitle, ErrorMessage = OptionPatterns.AeTitleError)]
    public string AeTitle { get; init; } = "";

    /// <summary>IP address to listen on. Default 127.0.0.1.</summary>
    [Required, IpAddress]
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Port to listen on, 0 to 65535; 0 takes a free one. Default 11112.</summary>
    [Range(0, 65535)]
    public int Port { get; init; } = 11112;

    /// <summary>TLS for every connection to the port. Default: none.</summary>
    public DicomTlsOptions? Tls { get; init; }
}

/// <summary>A health structure that a node may act for.</summary>
public sealed record StructureOptions : IValidatableObject
{
    /// <summary>Struct_IdNat under 1.2.250.1.71.4.2.2. No default.</summary>
    [Required]
    public string Id { get; init; } = "";

    [Required]
    public string Name { get; init; } = "";

    /// <summary>HL7 0203: FINEG, FINEJ or IDNST. Default FINEG.</summary>
    [RegularExpression("FINEG|FINEJ|IDNST")]
    public string IdentifierType { get; init; } = "FINEG";

    /// <summary>Struct_IdNat of the legal entity whose certificates serve the structure, which is one of its sites; the
    /// structure itself is named as the author and in the VIHF (mode EJ/EG). Default: it has certificates of its own.
    /// </summary>
    public string? LegalEntity { get; init; }

    /// <summary>The id with its national authority.</summary>
    public Identity.InstanceIdentifier OrganizationId =>
        Identity.InstanceIdentifier.Create(Identity.NationalAuthorities.Organizations, Id);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (LegalEntity is not null && (LegalEntity == Id || IdentifierType == "FINEJ"))
        {
            yield return new ValidationResult(
                "is for a site: a legal entity has certificates of its own", [nameof(LegalEntity)]);
        }
    }
}

/// <summary>Where the DMP is.</summary>
public sealed record DmpOptions
{
    /// <summary>Address of the registry service (ITI-18, ITI-57). No default.</summary>
    [Required]
    public Uri? Registry { get; init; }

    /// <summary>Address of the repository service (ITI-41, ITI-43). No default.</summary>
    [Required]
    public Uri? Repository { get; init; }

    /// <summary>Folder of the certificates: <c>ID.auth.pfx</c> and <c>ID.sign.pfx</c> for each structure. No
    /// default.</summary>
    [Required]
    public string Certificates { get; init; } = "";

    /// <summary>Hash of the XAdES signature of a submission set: SHA-256, or SHA-1 where this target still demands it.
    /// Default SHA-256.</summary>
    [RegularExpression(Sha256 + "|" + Sha1, ErrorMessage = "must be SHA-256, or SHA-1 where the target demands it")]
    public string SignatureHash { get; init; } = Sha256;

    /// <summary>Hash of the signature of a VIHF, as <see cref="SignatureHash"/>. Default SHA-256.</summary>
    [RegularExpression(Sha256 + "|" + Sha1, ErrorMessage = "must be SHA-256, or SHA-1 where the target demands it")]
    public string VihfHash { get; init; } = Sha256;

    public const string Sha256 = "SHA-256";
    public const string Sha1 = "SHA-1";
}
