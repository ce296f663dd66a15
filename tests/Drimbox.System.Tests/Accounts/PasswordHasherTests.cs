using Drimbox.Core;
using Drimbox.Core.Accounts;
using Drimbox.Gateway.Accounts;

namespace Drimbox.Tests.Accounts;

public sealed class PasswordHasherTests
{
    [Fact]
    public void A_hash_is_what_RFC_7914_computes_with_PBKDF2_and_HMAC_SHA_256()
    {
        // RFC 7914 11: PBKDF2-HMAC-SHA-256 (P="Password", S="NaCl", c=80000, dkLen=64).
        var hash = Convert.FromHexString(
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
            + "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d");
        var digest = new PasswordDigest(80_000, "NaCl"u8.ToArray(), hash);
        Assert.True(PasswordHasher.Matches(digest, "Password"));
        Assert.False(PasswordHasher.Matches(digest, "password"));
    }

    [Fact]
    public void One_password_has_a_salt_and_a_hash_of_its_own_each_time_and_as_many_iterations_as_advised()
    {
        var hasher = new PasswordHasher(Limits.PasswordIterations);
        var (one, other) = (hasher.Hash("Vert-Pomme-7"), hasher.Hash("Vert-Pomme-7"));
        Assert.NotEqual(one.Salt, other.Salt);
        Assert.NotEqual(one.Hash, other.Hash);
        Assert.True(one is { Iterations: >= 600_000, Salt.Length: 16, Hash.Length: 32 });
        Assert.True(PasswordHasher.Matches(one, "Vert-Pomme-7"));
        Assert.False(PasswordHasher.Matches(hasher.OfNobody(), ""));
    }
}
