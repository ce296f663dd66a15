using System.Collections.Immutable;
using System.Text.Json;
using Drimbox.Core.Accounts;
using Drimbox.Gateway.Configuration;

namespace Drimbox.Gateway.Accounts.OpenId;

/// <summary>What a provider says of a person: in the ID token, else at the userinfo endpoint.</summary>
/// <param name="UserInfo">Null where it was not asked, or is about somebody else.</param>
internal sealed record OpenIdClaims(JsonElement Token, JsonElement? UserInfo)
{
    public string? Text(string name) =>
        SignedToken.TextOf(Token, name) ?? (UserInfo is { } said ? SignedToken.TextOf(said, name) : null);

    /// <summary>A text, or a list of texts; empty where there is none.</summary>
    public IReadOnlyList<string> Texts(string name)
    {
        foreach (var said in (JsonElement?[])[Token, UserInfo])
        {
            if (said is not { } claims || !claims.TryGetProperty(name, out var value)) continue;
            if (value.ValueKind == JsonValueKind.String) return [value.GetString()!];
            if (value.ValueKind == JsonValueKind.Array)
            {
                return
                [
                    .. value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String)
                        .Select(item => item.GetString()!),
                ];
            }
        }

        return [];
    }

    /// <summary>What of an account is to be as the provider says (SSI/IAM.83): who the holder is, then the roles.
    /// </summary>
    public IEnumerable<AccountCommand> Follow(AccountName account, OpenIdFollowSection follow)
    {
        yield return new ChangeAccount(account, new AccountStatement
        {
            FamilyName = Given(follow.FamilyName), GivenName = Given(follow.GivenName),
        });
        if (follow.Roles is not { } claim) yield break;
        ImmutableSortedSet<Role> roles =
            [.. Texts(claim).SelectMany(name => follow.RoleNames.GetValueOrDefault(name) ?? [])];
        yield return new SetRoles(account, roles);
    }

    // An empty text takes nothing away: a person has both names.
    private string? Given(string? claim) =>
        claim is not null && Text(claim) is { } text && !string.IsNullOrWhiteSpace(text) ? text : null;
}
