using System.CommandLine;
using System.Text;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Grains.Hosting;
using Drimbox.Hl7.Profiles;
using Drimbox.Hl7.Samples;

namespace Drimbox.Gateway.Commands.Hl7;

/// <summary><c>drimbox hl7 sample</c>: a message made from the declaration of its profile.</summary>
internal static class SampleCommand
{
    private static readonly Argument<MessageProfile?> Profile = new("profile")
    {
        Description = "The profile; without it the profiles are listed.",
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = ProfileArgument.Read,
    };

    private static readonly Option<string?> Event = new("--event")
    {
        Description = "MSH-9.2, where the profile has several. Default: its first, or the one of --order-control.",
        HelpName = "EVENT",
    };

    private static readonly Option<string?> Control = new("--order-control")
    {
        Description = "ORC-1, where the profile has several. Default: its first, or the one of --event.",
        HelpName = "CODE",
    };

    private static readonly Option<string> Order = new("--order")
    {
        Description = "Placer order number: messages about one order have the same. Default: OPN101.",
        HelpName = "NUMBER",
        DefaultValueFactory = static _ => "OPN101",
    };

    private static readonly Option<bool> Full = new("--full")
    {
        Description = "With all that the profile describes and leaves optional.",
    };

    private static readonly Option<FileInfo?> OutputFile = new("--output", "-o")
    {
        Description = "Write the message there, as it goes on the wire: with CR. Default: to the output, with LF.",
        HelpName = "FILE",
    };

    public static Command Create() => new Command("sample", """
        Make a message from the declaration of a profile. Its people and places are invented, its patient is the test
        identity of the ANS, MSH-11 says T. A report carries a document of its own.

        Examples:
          drimbox hl7 sample
          drimbox hl7 sample TLR-1 --full --output request.hl7
          drimbox hl7 sample CDA-MDM-2.1 --event T10
          drimbox hl7 sample TLR-3 --order-control OC --order OPN7

        Exit codes: 0 done; 2 wrong usage.
        """)
    {
        Profile, Event, Control, Order, Full, OutputFile, AssociationArguments.Json,
    }.Runs(RunAsync);

    private static async Task<ExitCode> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var output = new CommandOutput(parsed.GetValue(AssociationArguments.Json), isQuiet: false);
        if (parsed.GetValue(Profile) is not { } profile)
        {
            List(output);
            return ExitCode.Done;
        }

        var choice = new SampleChoice(
            parsed.GetValue(Event), parsed.GetValue(Control), parsed.GetValue(Full), parsed.GetValue(Order)!);
        var message = SampleMessage.TryWrite(
            profile, choice, TimeProvider.System.GetUtcNow(), new RandomIdSource(), out var why);
        if (message is null) throw new CommandException(ExitCode.Usage, why!);
        if (parsed.GetValue(OutputFile) is { } file)
        {
            await File.WriteAllBytesAsync(file.FullName, message, cancellation);
            output.Line($"{file.FullName}: {profile.Id}, {message.Length} bytes");
            output.Json(new { profile = profile.Id, file = file.FullName, bytes = message.Length });
            return ExitCode.Done;
        }

        var text = Encoding.UTF8.GetString(message);
        if (output.IsJson) output.Json(new { profile = profile.Id, message = text });
        else await Console.Out.WriteAsync(text.Replace('\r', '\n').AsMemory(), cancellation);
        return ExitCode.Done;
    }

    private static void List(CommandOutput output)
    {
        foreach (var profile in MessageCatalog.All)
        {
            var events = string.Join(", ", profile.TriggerEvents.Select(e => $"{profile.MessageType}^{e}"));
            output.Line($"{profile.Id,-12} {profile.Version,-6} {events,-28} {profile.Title}"
                + (profile.OrderControls.Count > 0 ? $" (ORC-1 {string.Join(", ", profile.OrderControls)})" : ""));
        }

        output.Json(MessageCatalog.All.Select(p => new
        {
            profile = p.Id,
            title = p.Title,
            messageType = p.MessageType,
            events = p.TriggerEvents,
            version = p.Version,
            profileIds = p.ProfileIds.Select(i => i.ToString()),
            orderControls = p.OrderControls,
        }));
    }
}
