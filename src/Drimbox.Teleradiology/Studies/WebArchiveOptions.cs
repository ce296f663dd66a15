using System.ComponentModel.DataAnnotations;
using Drimbox.Core;

namespace Drimbox.Teleradiology.Studies;

/// <summary>A DICOMweb service that studies are fetched from (WADO-RS, PS3.18 10.4).</summary>
public sealed record WebArchiveOptions : IValidatableObject
{
    /// <summary>Where the service begins, as https://pacs.example/dicom-web. No default.</summary>
    [Required]
    public Uri? Address { get; init; }

    /// <summary>A file that holds the bearer token for it, read for each study. Default: none is shown.</summary>
    public string? TokenFile { get; init; }

    /// <summary>TLS towards it, with the keys and the rules of a DICOM peer: required with https. Default: none.
    /// </summary>
    public DicomPeerTlsOptions? Tls { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Address is not { } address) yield break;
        if (!address.IsAbsoluteUri || address.Scheme is not ("http" or "https")
            || address.Query.Length + address.Fragment.Length + address.UserInfo.Length > 0)
        {
            yield return new ValidationResult(
                "must be an http or https address without a query, as https://pacs.example/dicom-web",
                [nameof(Address)]);
            yield break;
        }

        if ((address.Scheme == Uri.UriSchemeHttps) != (Tls is not null))
            yield return new ValidationResult("is required with https, and means nothing with http", [nameof(Tls)]);

        if (TokenFile is not null && Tls is null && !address.IsLoopback)
        {
            yield return new ValidationResult(
                "is shown over https alone: anybody on the way could take it", [nameof(TokenFile)]);
        }
    }
}
