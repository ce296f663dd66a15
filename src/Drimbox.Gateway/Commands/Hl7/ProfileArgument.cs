using System.CommandLine.Parsing;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Gateway.Commands.Hl7;

/// <summary>A profile named on the command line.</summary>
internal static class ProfileArgument
{
    public static MessageProfile? Read(ArgumentResult result)
    {
        if (result.Tokens.Count == 0) return null;
        var name = result.Tokens[0].Value;
        if (MessageCatalog.Find(name) is { } profile) return profile;
        result.AddError($"'{name}' is no profile: {string.Join(", ", MessageCatalog.All.Select(p => p.Id))}.");
        return null;
    }
}
