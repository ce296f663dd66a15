using System.CommandLine;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Gateway.Commands.Hl7;

/// <summary><c>drimbox hl7 validate</c>: is a message as its profile says?</summary>
internal static class ValidateCommand
{
    private static readonly Option<MessageProfile?> Profile = new("--profile", "-p")
    {
        Description = "Check against this profile. Default: the one that MSH-9, MSH-12 and MSH-21 say.",
        HelpName = "PROFILE",
        CustomParser = ProfileArgument.Read,
    };

    public static Command Create() => new Command("validate", $"""
        Check messages against the profiles of the CI-SIS volets: header, structure, fields, observations, and the
        document that a report carries. Each finding says where it is, what is expected and what stands there, and how a
        receiver answers it (ERR-2 to ERR-5).

        Examples:
          drimbox hl7 validate report.hl7
          drimbox hl7 validate messages/ --json
          drimbox hl7 validate request.hl7 --profile TLR-1

        {Hl7Command.ExitCodes}
        """)
    {
        MessageFiles.Paths, Profile, AssociationArguments.Json, AssociationArguments.Quiet,
    }.Runs((parsed, cancellation) => Task.FromResult(Run(parsed, cancellation)));

    private static ExitCode Run(ParseResult parsed, CancellationToken cancellation)
    {
        var output = CommandOutput.Of(parsed);
        IReadOnlyList<MessageProfile> profiles = parsed.GetValue(Profile) is { } one ? [one] : MessageCatalog.All;
        var results = new List<MessageFindings>();
        foreach (var message in MessageFiles.Read(parsed.GetValue(MessageFiles.Paths)!))
        {
            cancellation.ThrowIfCancellationRequested();
            var result = MessageFindings.Of(message, profiles);
            results.Add(result);
            result.Print(output);
        }

        output.Json(results.Select(r => r.ToJson()));
        if (results.Exists(r => !r.IsReadable)) return ExitCode.Usage;
        return results.Exists(r => r.Findings.Count > 0) ? ExitCode.Refused : ExitCode.Done;
    }
}
