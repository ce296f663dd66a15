using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Drimbox.Storage;

/// <summary>A bucket of a service that speaks the S3 protocol, as the configuration file writes it.</summary>
public sealed record BucketOptions : IValidatableObject
{
    /// <summary>The bucket, which must be there: 3 to 63 lower-case letters, digits, points and hyphens. No default.</summary>
    [Required, RegularExpression("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", ErrorMessage = "must be the name of a bucket")]
    public string Name { get; init; } = "";

    /// <summary>The service: <c>https://s3.site.example</c>. Without TLS only on this machine. No default.</summary>
    [Required]
    public Uri? Service { get; init; }

    /// <summary>In front of every name, so that nodes share a bucket: up to 200 letters, digits, slashes, hyphens and
    /// underscores. Default: none.</summary>
    [RegularExpression("[A-Za-z0-9/_-]{0,200}", ErrorMessage = "must be up to 200 letters, digits, slashes, hyphens and underscores")]
    public string Prefix { get; init; } = "";

    /// <summary>Of the signatures of requests. Default us-east-1, which services other than Amazon's expect.</summary>
    [Required]
    public string Region { get; init; } = "us-east-1";

    /// <summary>A file with two lines: the access key id and the secret access key. No default.</summary>
    [Required]
    public string KeyFile { get; init; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Service is { } service && !(service.IsAbsoluteUri && (service.Scheme == Uri.UriSchemeHttps || IsHere(service))))
            yield return new ValidationResult("must be an https URL (http only on this machine)", [nameof(Service)]);
        if (KeyFile.Length > 0 && !File.Exists(KeyFile)) yield return new ValidationResult("no such file", [nameof(KeyFile)]);
    }

    private static bool IsHere(Uri service) =>
        service.Scheme == Uri.UriSchemeHttp
        && (service.Host == "localhost" || (IPAddress.TryParse(service.Host, out var address) && IPAddress.IsLoopback(address)));
}
