using System.CommandLine;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Gateway.Commands.Hl7;

/// <summary><c>drimbox hl7 profile</c>: what a message must look like.</summary>
internal static class ProfileCommand
{
    private static readonly Argument<MessageProfile?> Profile = new("profile")
    {
        Description = "The profile. Default: the page of all of them.",
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = ProfileArgument.Read,
    };

    public static Command Create() => new Command("profile", """
        Show what a profile asks of a message, as Markdown: segments and groups with usage and cardinality, fields with
        fixed values and conditions, observations, and what several values must say together.

        Examples:
          drimbox hl7 profile TLR-1
          drimbox hl7 profile > docs/conformance/hl7-profiles.md

        Exit codes: 0 done; 2 wrong usage.
        """)
    {
        Profile,
    }.Runs(static async (parsed, cancellation) =>
    {
        var page = parsed.GetValue(Profile) is { } profile
            ? ProfilePage.Write(profile)
            : ProfilePage.Write(MessageCatalog.All);
        await Console.Out.WriteAsync(page.AsMemory(), cancellation);
        return ExitCode.Done;
    });
}
