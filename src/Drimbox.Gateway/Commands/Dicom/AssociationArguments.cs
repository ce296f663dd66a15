using System.CommandLine;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary>What all commands that call a DICOM peer have in common: whom, as whom, and how patiently.</summary>
internal static class AssociationArguments
{
    public const string ExitCodes = """
        Exit codes: 0 done; 1 the peer answered a failure, or some instances failed; 2 wrong usage or input file;
        3 no connection; 4 association refused, or nothing of it accepted; 5 aborted, lost or silent; 130 Ctrl+C.
        """;

    public static readonly Argument<DicomPeer> Peer = new("peer")
    {
        Description = "The peer: AET@HOST:PORT. An IPv6 address stands in brackets: PACS@[::1]:104.",
        CustomParser = result =>
        {
            if (DicomPeer.TryParse(result.Tokens[0].Value, out var peer)) return peer;
            result.AddError(
                $"'{result.Tokens[0].Value}' is no peer. A peer is AET@HOST:PORT: an AE title of 1 to 16 characters, a "
                + "host name or address, and a port from 1 to 65535.");
            return null;
        },
    };

    public static readonly Option<AeTitle> Calling = new("--calling")
    {
        Description = "Our own AE title.",
        HelpName = "AET",
        DefaultValueFactory = static _ => AeTitle.Parse("DRIMBOX"),
        CustomParser = static result => ReadAeTitle(result),
    };

    public static readonly Option<int> PduLength = Bounded(
        "--pdu", "Longest PDU that we receive, in bytes.", Limits.PduLengthMin, Limits.PduLengthOffered,
        Limits.PduLengthOffered);

    public static readonly Option<double?> TimeoutSeconds = new("--timeout")
    {
        Description = "Seconds to wait for a connection, for the association and for each response. Default: "
            + $"{Limits.ConnectTimeout.TotalSeconds}, {Limits.ArtimTimeout.TotalSeconds} and "
            + $"{Limits.DimseResponseTimeout.TotalSeconds}.",
        HelpName = "SECONDS",
        Validators =
        {
            static result =>
            {
                if (result.GetValueOrDefault<double?>() is not (null or (>= 0.1 and <= 86_400)))
                    result.AddError("--timeout takes 0.1 to 86400 seconds.");
            },
        },
    };

    public static readonly Option<bool> Json = new("--json") { Description = "Print the result as JSON." };

    public static readonly Option<bool> Quiet = new("--quiet", "-q")
    {
        Description = "Print errors alone; the exit code tells the rest.",
    };

    public static readonly Option<int> Repeat = Bounded("--repeat", "How many times to do it.", 1, 1_000_000, 1);

    /// <summary>A number within bounds that its help names.</summary>
    public static Option<int> Bounded(string name, string description, int minimum, int maximum, int initial)
    {
        var option = new Option<int>(name)
        {
            Description = $"{description} {minimum} to {maximum}.",
            HelpName = "N",
            DefaultValueFactory = _ => initial,
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0
                && (!int.TryParse(result.Tokens[0].Value, out var value) || value < minimum || value > maximum))
                result.AddError($"{name} takes a number from {minimum} to {maximum}.");
        });
        return option;
    }

    public static AeTitle ReadAeTitle(System.CommandLine.Parsing.ArgumentResult result)
    {
        if (AeTitle.TryParse(result.Tokens[0].Value, out var title)) return title;
        result.AddError(
            $"'{result.Tokens[0].Value}' is no AE title: 1 to 16 characters, no backslash, no control character "
            + "(PS3.5 6.2).");
        return default;
    }

    /// <summary>Gives a command the peer, the options that all have, and an action whose faults are told in a sentence
    /// and an exit code.</summary>
    public static Command Calls(
        this Command command, Func<ParseResult, CancellationToken, Task<ExitCode>> action)
    {
        command.Arguments.Insert(0, Peer);
        foreach (var option in (Option[])[Calling, PduLength, TimeoutSeconds, .. TlsArguments.OfCaller, Json, Quiet])
            command.Options.Add(option);
        return command.Runs(action, parsed => parsed.GetValue(Peer));
    }

    /// <summary>As <see cref="Calls"/>, for a command without a peer.</summary>
    public static Command Runs(
        this Command command,
        Func<ParseResult, CancellationToken, Task<ExitCode>> action,
        Func<ParseResult, DicomPeer?>? peer = null)
    {
        command.SetAction(async (parsed, cancellation) =>
        {
            try
            {
                return (int)await action(parsed, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                await Console.Error.WriteLineAsync("Cancelled.");
                return (int)ExitCode.Cancelled;
            }
            catch (Exception e) when (CommandException.For(e, peer?.Invoke(parsed)) is { } told)
            {
                await Console.Error.WriteLineAsync(told.Message);
                return (int)told.ExitCode;
            }
        });
        return command;
    }

    /// <summary>Opens an association as the options say.</summary>
    /// <exception cref="CommandException">No context of <paramref name="needed"/> was accepted.</exception>
    public static async Task<Association> RequestAsync(
        ParseResult parsed, IReadOnlyList<ProposedContext> contexts, Uid needed, CancellationToken cancellation)
    {
        var association = await Association.RequestAsync(
            OptionsOf(parsed, contexts) with { Extended = QueryArguments.Extended(parsed, needed) }, cancellation);
        if (association.FindContext(needed) is not null)
        {
            QueryArguments.Check(parsed, association, needed);
            return association;
        }

        await using (association)
        {
            var answer = association.Negotiated.Contexts.FirstOrDefault(
                c => association.Requested.Contexts.Any(p => p.Id == c.Id && p.AbstractSyntax == needed));
            await association.ReleaseAsync(cancellation);
            throw new CommandException(
                ExitCode.Refused,
                $"{parsed.GetValue(Peer)} accepted the association, but not {UidRegistry.NameOf(needed)} in it: "
                + $"{MeaningOf(answer?.Result)}.");
        }
    }

    /// <summary>What a refused presentation context means. Source: PS3.8 table 9-18.</summary>
    public static string MeaningOf(PresentationContextResult? result) => result switch
    {
        PresentationContextResult.UserRejection => "it refuses the service to this caller (user rejection)",
        PresentationContextResult.AbstractSyntaxNotSupported => "it does not offer the service",
        PresentationContextResult.TransferSyntaxesNotSupported => "it supports none of the transfer syntaxes proposed",
        _ => "it gave no reason",
    };

    public static AssociationOptions OptionsOf(ParseResult parsed, IReadOnlyList<ProposedContext> contexts)
    {
        var peer = parsed.GetValue(Peer)!;
        var options = new AssociationOptions
        {
            Host = peer.Host,
            Port = peer.Port,
            CalledAe = peer.AeTitle,
            CallingAe = parsed.GetValue(Calling),
            Contexts = contexts,
            MaximumLength = parsed.GetValue(PduLength),
            Tls = TlsArguments.CallerOptions(parsed),
        };
        if (parsed.GetValue(TimeoutSeconds) is not { } seconds) return options;
        var timeout = TimeSpan.FromSeconds(seconds);
        return options with { ConnectTimeout = timeout, AssociateTimeout = timeout, ResponseTimeout = timeout };
    }
}
