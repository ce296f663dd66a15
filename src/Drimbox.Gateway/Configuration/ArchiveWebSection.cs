using System.ComponentModel.DataAnnotations;
using System.Net;
using Drimbox.Archive.Web;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Tls;

namespace Drimbox.Gateway.Configuration;

/// <summary>The DICOMweb side of an archive, as the configuration file writes it.</summary>
internal sealed record ArchiveWebSection : IValidatableObject
{
    /// <summary>IP address to listen on. One that is not of the loopback needs <see cref="Tls"/> and
    /// <see cref="Callers"/>. Default 127.0.0.1.</summary>
    [Required, IpAddress]
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Port to listen on, 0 to 65535; 0 takes a free one. Default 8042.</summary>
    [Range(0, 65535)]
    public int Port { get; init; } = 8042;

    /// <summary>Names by which clients call it, beside its address and those of the loopback. Default: none.</summary>
    public IReadOnlyList<string> HostNames { get; init; } = [];

    /// <summary>TLS for every connection to the port, as for DICOM. Default: none.</summary>
    public DicomTlsOptions? Tls { get; init; }

    /// <summary>Who may call. Default, on the loopback: whoever is on this machine.</summary>
    public IReadOnlyList<WebCallerSection> Callers { get; init; } = [];

    /// <summary>Bytes of one request to store, 1048576 (1 MiB) and more. Default 17179869184 (16 GiB).</summary>
    [Range(1024L * 1024, long.MaxValue)]
    public long StoreBytesMax { get; init; } = Limits.WebStoreBytesMax;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (IPAddress.TryParse(Address, out var address)
            && ArchiveWebOptions.WhyUnsafe(address, Tls is not null, Callers.Count > 0) is { } reason)
            yield return new ValidationResult(reason, [nameof(Address)]);
    }

    public ArchiveWebOptions ToOptions() => new()
    {
        Address = IPAddress.Parse(Address),
        Port = Port,
        HostNames = HostNames,
        Tls = TlsServerOptions.From(Tls),
        Callers = [.. Callers.Select(caller => caller.ToCaller())],
        StoreBytesMax = StoreBytesMax,
    };
}

/// <summary>Who may call DICOMweb, by what it shows.</summary>
internal sealed record WebCallerSection : IValidatableObject
{
    /// <summary>Its name, an AE title: the sender of what it stores. No default.</summary>
    [Required, RegularExpression(OptionPatterns.AeTitle, ErrorMessage = OptionPatterns.AeTitleError)]
    public string Name { get; init; } = "";

    /// <summary>A file that holds its bearer token, 32 characters or more. Default: none.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The certificate that it shows, as for DICOM. Default: none.</summary>
    public string? Certificate { get; init; }

    /// <summary>What it may do: Read (search and retrieve), Store. Default: Read.</summary>
    public IReadOnlyList<WebRights> Rights { get; init; } = [WebRights.Read];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (TokenFile is null && Certificate is null)
            yield return new ValidationResult("needs a TokenFile or a Certificate", [nameof(Name)]);
        if (Certificate is not null && !CertificateBinding.TryParse(Certificate, out _))
            yield return new ValidationResult($"{Certificate}: {CertificateBinding.Error}", [nameof(Certificate)]);
    }

    public WebCaller ToCaller() => new(AeTitle.Parse(Name), Rights.Aggregate(WebRights.None, (all, one) => all | one))
    {
        TokenFile = TokenFile,
        Certificate = Certificate is null ? null : CertificateBinding.Parse(Certificate),
    };
}
