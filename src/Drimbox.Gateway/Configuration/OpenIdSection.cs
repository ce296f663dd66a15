using System.ComponentModel.DataAnnotations;
using Drimbox.Core.Accounts;

namespace Drimbox.Gateway.Configuration;

/// <summary>Which identifier of an account the provider tells of.</summary>
internal enum OpenIdMatch
{
    /// <summary>PS_IdNat, as Pro Santé Connect has it.</summary>
    NationalId,

    /// <summary>The identifier that the site assigned.</summary>
    InternalId,
}

/// <summary>The OpenID Connect provider that professionals sign in with: Pro Santé Connect, or that of the
/// site.</summary>
internal sealed record OpenIdSection : IValidatableObject
{
    /// <summary>Its issuer, an https URL. No default.</summary>
    [Required]
    public Uri? Issuer { get; init; }

    /// <summary>Its metadata are at <c>ISSUER/.well-known/NAME</c>. Default <c>openid-configuration</c> (OpenID Connect
    /// Discovery 1.0, 4); Pro Santé Connect: <c>wallet-openid-configuration</c>.</summary>
    [Required, RegularExpression("[A-Za-z0-9._-]+")]
    public string Metadata { get; init; } = "openid-configuration";

    /// <summary>What the process is to the provider. No default.</summary>
    [Required]
    public string ClientId { get; init; } = "";

    /// <summary>File with the secret of the client; its first line counts. No default.</summary>
    [Required]
    public string ClientSecretFile { get; init; } = "";

    /// <summary>Default <c>openid</c>; Pro Santé Connect: <c>openid scope_all</c>.</summary>
    [Required]
    public string Scope { get; init; } = "openid";

    /// <summary>Levels of authentication that are asked for, and one of which the answer must have; with spaces. Default:
    /// none; Pro Santé Connect: <c>eidas1</c>.</summary>
    public string? AcrValues { get; init; }

    /// <summary>The claim of the ID token or of the userinfo endpoint that says who it is. Default
    /// <c>SubjectNameID</c>, as Pro Santé Connect has it.</summary>
    [Required]
    public string Claim { get; init; } = "SubjectNameID";

    /// <summary>Default NationalId.</summary>
    public OpenIdMatch Match { get; init; } = OpenIdMatch.NationalId;

    /// <summary>What of an account follows the provider at each sign-in. Default: nothing.</summary>
    public OpenIdFollowSection? Follow { get; init; }

    /// <summary>PEM file of the authorities that the provider's TLS certificate may come from. Default: those of the
    /// system.</summary>
    public string? Authorities { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Issuer is not { IsAbsoluteUri: true, Scheme: "https", Query: "", Fragment: "" })
            yield return new ValidationResult("must be an https URL without query", [nameof(Issuer)]);
        if (!Scope.Split(' ').Contains("openid"))
            yield return new ValidationResult("must have the word openid", [nameof(Scope)]);
        foreach (var (file, name) in new[] { (ClientSecretFile, nameof(ClientSecretFile)), (Authorities, nameof(Authorities)) })
        {
            if (file is { Length: > 0 } && !File.Exists(file))
                yield return new ValidationResult("no such file", [name]);
        }
    }
}

/// <summary>What of an account is as the provider says, from one sign-in to the next.</summary>
internal sealed record OpenIdFollowSection
{
    /// <summary>Claim of the name that the profession is exercised under; null: it does not follow. Default
    /// <c>family_name</c>.</summary>
    public string? FamilyName { get; init; } = "family_name";

    /// <summary>Default <c>given_name</c>.</summary>
    public string? GivenName { get; init; } = "given_name";

    /// <summary>Claim with what the person may do, a text or a list of texts; null: the roles do not follow. No
    /// default.</summary>
    public string? Roles { get; init; }

    /// <summary>Which roles each of these texts is; others count for nothing. No default.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Role>> RoleNames { get; init; } =
        new Dictionary<string, IReadOnlyList<Role>>();
}
