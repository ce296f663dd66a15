using System.ComponentModel.DataAnnotations;
using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Source.ImageAccess;

/// <summary>Images for other DRIMboxes (DB.SO.32).</summary>
public sealed record ImageAccessOptions : IValidatableObject
{
    /// <summary>IP address to listen on. Default 127.0.0.1.</summary>
    [Required, IpAddress]
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>HTTPS port, 0 to 65535; 0 takes a free one. Default 8044.</summary>
    [Range(0, 65535)]
    public int Port { get; init; } = 8044;

    /// <summary>Our server certificate (DB.SO.90, DB.SO.99), and the authorities that the certificates of other DRIMboxes come
    /// from. A client certificate is always required (DB.SO.98). No default.</summary>
    [Required]
    public DicomTlsOptions? Tls { get; init; }

    [Required]
    public WhiteListOptions? WhiteList { get; init; }

    [Required]
    public ProSanteConnectOptions? ProSanteConnect { get; init; }

    /// <summary>Codes of TRE_G15-ProfessionSante that may see images (DB.SO.34). Default 10: physicians.</summary>
    [MinLength(1)]
    public IReadOnlyList<string> Professions { get; init; } = ["10"];

    /// <summary>Requests for images at once, 5 to 200: 1 % of the examinations of a day (DB.SO.35). Default 32.</summary>
    [Range(Limits.ImageRequestsMin, Limits.ImageRequestsMax)]
    public int Requests { get; init; } = Limits.ImageRequestsDefault;

    /// <summary>How long the PACS may send nothing of an image, 1 s to 5 min, before it is given up (504). Default 30 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan ArrivalTimeout { get; init; } = Limits.ImageArrivalTimeout;

    /// <summary>Images that are kept after they were given out (DB.SO.40). Default: none.</summary>
    public ImageCacheOptions? Cache { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Tls is { RequireClientCertificate: false })
            yield return new ValidationResult("must require client certificates (DB.SO.98)", [nameof(Tls)]);
    }
}

/// <summary>Which images are kept, and for how long.</summary>
public sealed record ImageCacheOptions
{
    /// <summary>Values of Modality (0008,0060) that are kept; none: all. Default: all.</summary>
    public IReadOnlyList<string> Modalities { get; init; } = [];

    /// <summary>Bytes on the disk, 1 MiB to 1 TiB; the series that nobody has read for the longest time goes first.
    /// Default 10 GiB.</summary>
    [Range(Limits.ImageCacheBytesMin, Limits.ImageCacheBytesMax)]
    public long Bytes { get; init; } = Limits.ImageCacheBytesDefault;

    /// <summary>Since they came from the PACS, 1 min to 7 days. Default 1 h.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "7.00:00:00")]
    public TimeSpan Age { get; init; } = Limits.ImageCacheAgeDefault;
}

/// <summary>The national list of DRIMboxes.</summary>
public sealed record WhiteListOptions : IValidatableObject
{
    /// <summary>An https address, or a file. No default.</summary>
    [Required]
    public string Location { get; init; } = "";

    /// <summary>The authorities that its signer comes from, roots and those below them: a PEM file. No default.</summary>
    [Required]
    public string Authorities { get; init; } = "";

    /// <summary>The common name, and the unit where it is given, that its signer must have. No default.</summary>
    [Required]
    public string Signer { get; init; } = "";

    /// <summary>Whether the authorities are asked if they took the certificate of the signer back. Default true.</summary>
    public bool CheckRevocation { get; init; } = true;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!DistinguishedName.TryParse(Signer, out var name) || name["CN"] is null)
            yield return new ValidationResult("must name the signer, as CN=Liste Blanche DRIM-M,OU=…", [nameof(Signer)]);
        if (Location.Contains("://", StringComparison.Ordinal)
            && (!Uri.TryCreate(Location, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps))
            yield return new ValidationResult("must be an https address or a file", [nameof(Location)]);
    }
}

/// <summary>Where access tokens are checked.</summary>
public sealed record ProSanteConnectOptions : IValidatableObject
{
    /// <summary>https address of the introspection (RFC 7662). No default.</summary>
    [Required]
    public Uri? Introspection { get; init; }

    /// <summary>https address of the user information, which has the professions. No default.</summary>
    [Required]
    public Uri? UserInformation { get; init; }

    /// <summary>Our client id there. No default.</summary>
    [Required]
    public string ClientId { get; init; } = "";

    /// <summary>TLS towards it, with the certificate that stands for a secret (RFC 8705). No default.</summary>
    [Required]
    public DicomPeerTlsOptions? Tls { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, address) in new[] { (nameof(Introspection), Introspection), (nameof(UserInformation), UserInformation) })
        {
            if (address is not null && (!address.IsAbsoluteUri || address.Scheme != Uri.UriSchemeHttps))
                yield return new ValidationResult("must be an https address: it is shown a token", [name]);
        }
    }
}
