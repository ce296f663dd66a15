using System.Security.Cryptography.X509Certificates;

namespace Drimbox.Emulators.OpenId;

/// <summary>An OpenID Connect provider as Pro Santé Connect is one.</summary>
public sealed record OpenIdEmulatorOptions
{
    /// <summary>Its TLS certificate, with the key.</summary>
    public required X509Certificate2 Certificate { get; init; }

    public required string ClientId { get; init; }

    public required string ClientSecret { get; init; }

    /// <summary>Port on the loopback; 0 takes a free one.</summary>
    public int Port { get; init; }
}

/// <summary>Who is before the browser, and how the provider misbehaves about it.</summary>
public sealed record OpenIdHolder
{
    /// <summary><c>sub</c>: the provider's own name of the person.</summary>
    public string Subject { get; init; } = "f:550e8400:899700000001";

    /// <summary>SubjectNameID: PS_IdNat.</summary>
    public required string NationalId { get; init; }

    /// <summary>What the userinfo endpoint says beside.</summary>
    public IReadOnlyDictionary<string, object> Also { get; init; } = new Dictionary<string, object>();

    /// <summary>How the person proved who it is.</summary>
    public string Acr { get; init; } = "eidas1";

    /// <summary>Claims of the ID token in place of the right ones; null takes one away.</summary>
    public IReadOnlyDictionary<string, object?> Instead { get; init; } = new Dictionary<string, object?>();

    /// <summary>SubjectNameID stands in the ID token too, and not at the userinfo endpoint alone.</summary>
    public bool InToken { get; init; }

    /// <summary><c>sub</c> of the userinfo endpoint.</summary>
    public string? OtherSubject { get; init; }

    /// <summary><c>alg</c> of the ID token.</summary>
    public string Algorithm { get; init; } = "RS256";

    /// <summary>The signature is of a key that the provider does not publish.</summary>
    public bool ForeignKey { get; init; }
}
