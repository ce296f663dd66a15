using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Drimbox.Gateway.Accounts.OpenId;

/// <summary>A signed JSON Web Token in compact form (RFC 7515 3.1): its claims count once the signature is verified.
/// </summary>
internal sealed class SignedToken
{
    private readonly byte[] _signed;
    private readonly byte[] _signature;

    private SignedToken(string algorithm, string? keyId, JsonElement claims, byte[] signed, byte[] signature)
    {
        Algorithm = algorithm;
        KeyId = keyId;
        Claims = claims;
        _signed = signed;
        _signature = signature;
    }

    /// <summary>JOSE <c>alg</c>.</summary>
    public string Algorithm { get; }

    /// <summary>JOSE <c>kid</c>, or null.</summary>
    public string? KeyId { get; }

    public JsonElement Claims { get; }

    /// <returns>Null: not three parts of base64url, or not JSON objects, or with extensions that must be understood
    /// (<c>crit</c>).</returns>
    public static SignedToken? TryRead(string text)
    {
        var parts = text.Split('.');
        if (parts.Length != 3) return null;
        try
        {
            using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]));
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
            if (claims.RootElement.ValueKind != JsonValueKind.Object
                || header.RootElement.ValueKind != JsonValueKind.Object
                || header.RootElement.TryGetProperty("crit", out _)
                || TextOf(header.RootElement, "alg") is not { } algorithm)
            {
                return null;
            }

            return new SignedToken(
                algorithm, TextOf(header.RootElement, "kid"), claims.RootElement.Clone(),
                Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]));
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Only what a provider signs with a key of its own: no <c>none</c>, and no HMAC, whose key would be the
    /// secret of the client or, wrongly, a public key.</summary>
    public bool IsSignedBy(VerificationKey key) =>
        key.Fits(Algorithm) && (KeyId is null || key.Id is null || key.Id == KeyId) && Algorithm switch
        {
            "RS256" => key.Rsa!.VerifyData(_signed, _signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            "PS256" => key.Rsa!.VerifyData(_signed, _signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            "ES256" => key.Ecdsa!.VerifyData(_signed, _signature, HashAlgorithmName.SHA256),
            _ => false,
        };

    internal static string? TextOf(JsonElement value, string name) =>
        value.TryGetProperty(name, out var property) && property.ValueKind == JsonValueKind.String
            ? property.GetString()
            : null;
}

/// <summary>A public key of a provider (RFC 7517).</summary>
internal sealed class VerificationKey : IDisposable
{
    // NIST SP 800-131A: no shorter RSA key.
    private const int RsaBitsMin = 2048;

    private readonly string? _algorithm;

    private VerificationKey(string? id, string? algorithm, RSA? rsa, ECDsa? ecdsa)
    {
        Id = id;
        _algorithm = algorithm;
        Rsa = rsa;
        Ecdsa = ecdsa;
    }

    public string? Id { get; }

    public RSA? Rsa { get; }

    public ECDsa? Ecdsa { get; }

    /// <returns>Null for a key that signs nothing here: another use, another kind, a broken or short one.</returns>
    public static VerificationKey? TryRead(JsonElement key)
    {
        if (key.ValueKind != JsonValueKind.Object || (SignedToken.TextOf(key, "use") ?? "sig") != "sig") return null;
        try
        {
            var (id, algorithm) = (SignedToken.TextOf(key, "kid"), SignedToken.TextOf(key, "alg"));
            switch (SignedToken.TextOf(key, "kty"))
            {
                case "RSA":
                    var rsa = RSA.Create(new RSAParameters { Modulus = Bytes(key, "n"), Exponent = Bytes(key, "e") });
                    if (rsa.KeySize >= RsaBitsMin) return new VerificationKey(id, algorithm, rsa, null);
                    rsa.Dispose();
                    return null;
                case "EC" when SignedToken.TextOf(key, "crv") == "P-256":
                    return new VerificationKey(id, algorithm, null, ECDsa.Create(new ECParameters
                    {
                        Curve = ECCurve.NamedCurves.nistP256,
                        Q = new ECPoint { X = Bytes(key, "x"), Y = Bytes(key, "y") },
                    }));
                default:
                    return null;
            }
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            return null;
        }
    }

    public bool Fits(string algorithm) => (_algorithm is null || _algorithm == algorithm) && algorithm switch
    {
        "RS256" or "PS256" => Rsa is not null,
        "ES256" => Ecdsa is not null,
        _ => false,
    };

    public void Dispose()
    {
        Rsa?.Dispose();
        Ecdsa?.Dispose();
    }

    private static byte[] Bytes(JsonElement key, string name) => Base64Url.DecodeFromChars(
        SignedToken.TextOf(key, name) ?? throw new FormatException($"No {name}."));
}
