using System.ComponentModel.DataAnnotations;
using Drimbox.Core;
using Drimbox.Core.Accounts;
using Drimbox.Storage;

namespace Drimbox.Gateway.Configuration;

/// <summary>How the running process is administered.</summary>
internal sealed record AdministrationOptions : IValidatableObject
{
    /// <summary>Path of the Unix socket, relative to the data folder unless absolute. Default drimbox.sock.</summary>
    public string Socket { get; init; } = "drimbox.sock";

    /// <summary>Group of the operating system whose members may call the socket; each needs an account.
    /// <see cref="Socket"/> is absolute then, since nobody else passes the data folder. Default: none, the socket is
    /// for root and the user that the process runs as.</summary>
    public string? SocketGroup { get; init; }

    /// <summary>Loopback port of the read-only HTTP interface, 1 to 65535; null for none. Default none.</summary>
    public int? HttpPort { get; init; }

    /// <summary>HTTPS for callers with an account. Default: none.</summary>
    public AdministrationHttpsSection? Https { get; init; }

    public PasswordSection Passwords { get; init; } = new();

    /// <summary>PostgreSQL for the accounts, so that several processes have the same ones; its schema is
    /// <c>drimbox_accounts</c> unless it says another. With SharedFolder the processes may run at the same time. Default:
    /// none, a file of this process.</summary>
    public DatabaseOptions? Database { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (SocketGroup is null) yield break;
        if (Administration.SocketGroup.NumberOf(SocketGroup) is null)
            yield return new ValidationResult("no such group", [nameof(SocketGroup)]);
        if (!Path.IsPathFullyQualified(Socket))
        {
            yield return new ValidationResult(
                "must be a full path outside of the data folder where a group may call it", [nameof(Socket)]);
        }
    }
}

/// <summary>The administration interface over a network.</summary>
internal sealed record AdministrationHttpsSection
{
    /// <summary>IP address to listen on. Default 127.0.0.1.</summary>
    [Required, IpAddress]
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>TCP port, 0 to 65535; 0 takes a free one. Default 8443.</summary>
    [Range(0, 65535)]
    public int Port { get; init; } = 8443;

    /// <summary>As for DICOM. With Authorities and without RequireClientCertificate a caller may show a certificate or
    /// sign in by password. No default.</summary>
    [Required]
    public DicomTlsOptions? Tls { get; init; }

    /// <summary>Names by which clients call it, beside its address and those of the loopback. Default: none.</summary>
    public IReadOnlyList<string> HostNames { get; init; } = [];

    /// <summary>The provider that professionals may sign in with. Default: none.</summary>
    public OpenIdSection? OpenId { get; init; }

    /// <summary>A session without a request ends after it, 1 min to 12 h. Default 15 min.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "12:00:00")]
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(15);
}

/// <summary>What passwords must be.</summary>
internal sealed record PasswordSection
{
    /// <summary>Characters, 8 to 64. Default 12.</summary>
    [Range(8, 64)]
    public int LengthMin { get; init; } = 12;

    /// <summary>A lower-case letter, a capital, a digit and another character, one of each at least. Default
    /// true.</summary>
    public bool AllKinds { get; init; } = true;

    /// <summary>Days after which the holder must set another, 1 to 3650; null: never. Default null.</summary>
    [Range(1, 3650)]
    public int? DaysMax { get; init; }

    /// <summary>How many passwords before the present one are not taken again, 0 to 24. Default 5.</summary>
    [Range(0, Limits.PasswordsRememberedMax)]
    public int Remembered { get; init; } = 5;

    /// <summary>Failed attempts in a row after which an account is locked for 15 min, 1 to 10. Default 5.</summary>
    [Range(1, Limits.SignInFailuresMax)]
    public int FailuresMax { get; init; } = 5;

    public PasswordPolicy ToPolicy() => new(
        LengthMin, AllKinds, DaysMax is { } days ? TimeSpan.FromDays(days) : null, Remembered, FailuresMax);
}
