using System.Security.Cryptography;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Accounts;

namespace Drimbox.Gateway.Accounts;

/// <summary>Passwords as they are kept: PBKDF2 with HMAC-SHA-256 (RFC 8018 5.2), a salt for each.</summary>
/// <param name="iterations">For what is hashed from now on; fewer than <see cref="Limits.PasswordIterations"/> for tests
/// alone.</param>
internal sealed class PasswordHasher(int iterations)
{
    public PasswordDigest Hash(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(Limits.PasswordSaltBytes);
        return new PasswordDigest(
            iterations, salt, Derive(password, salt, iterations, Limits.PasswordHashBytes));
    }

    /// <summary>Takes as long for a wrong password as for the right one.</summary>
    /// <param name="digest">With the iterations that it was made with: a later program may use more for new
    /// ones.</param>
    public static bool Matches(PasswordDigest digest, string password) => CryptographicOperations.FixedTimeEquals(
        Derive(password, digest.Salt, digest.Iterations, digest.Hash.Length), digest.Hash);

    /// <summary>What a password is compared with where there is none: as slow, and never equal.</summary>
    public PasswordDigest OfNobody() => new(
        iterations,
        RandomNumberGenerator.GetBytes(Limits.PasswordSaltBytes),
        RandomNumberGenerator.GetBytes(Limits.PasswordHashBytes));

    private static byte[] Derive(string password, byte[] salt, int iterations, int length) => Rfc2898DeriveBytes.Pbkdf2(
        Encoding.UTF8.GetBytes(password), salt, iterations, HashAlgorithmName.SHA256, length);
}
