using System.CommandLine;
using System.Diagnostics;
using Drimbox.Core;
using Drimbox.Dicom.Tls;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Grains.Hosting;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Load.Targets;

namespace Drimbox.Gateway.Commands.Hl7;

/// <summary><c>drimbox hl7 send</c>: sends messages over MLLP and shows how they are answered.</summary>
internal static class SendCommand
{
    private static readonly Argument<HostPort> Target = new("peer")
    {
        Description = "The peer: HOST:PORT. An IPv6 address stands in brackets: [::1]:2575.",
        CustomParser = static result =>
        {
            if (HostPort.TryParse(result.Tokens[0].Value, out var target)) return target;
            result.AddError(
                $"'{result.Tokens[0].Value}' is no peer. A peer is HOST:PORT, with a port from 1 to 65535.");
            return default;
        },
    };

    private static readonly Option<double?> TimeoutSeconds = new("--timeout")
    {
        Description = "Seconds to wait for the connection and for each answer. Default: "
            + $"{Limits.MllpConnectTimeout.TotalSeconds} and {Limits.MllpAnswerTimeout.TotalSeconds}.",
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

    private static readonly Option<bool> NewIds = new("--new-ids")
    {
        Description = "Give each message an MSH-10 of its own: a repeated one is only answered again.",
    };

    public static Command Create()
    {
        var command = new Command("send", """
            Send messages over MLLP (0B message 1C 0D), one after the other on one connection, and show how each is
            answered. A file with LF goes out with CR.

            Examples:
              drimbox hl7 send ris.example:2575 report.hl7
              drimbox hl7 send ris.example:2575 messages/ --timeout 5 --json
              drimbox hl7 send ris.example:2575 report.hl7 --repeat 100 --new-ids
              drimbox hl7 send ris.example:2576 report.hl7 --tls-ca hospital.pem --tls-cert node.pem --tls-key node.key

            Exit codes: 0 all were answered AA; 1 an answer is no acknowledgement of the message; 2 wrong usage, or a
            file that is no HL7 message; 3 no connection; 4 one was answered AE or AR; 5 no answer; 130 Ctrl+C.
            """)
        {
            Target, MessageFiles.Paths, TimeoutSeconds, AssociationArguments.Repeat, NewIds,
        };
        foreach (var option in TlsArguments.OfCaller) command.Options.Add(option);
        command.Options.Add(AssociationArguments.Json);
        command.Options.Add(AssociationArguments.Quiet);
        return command.Runs(RunAsync);
    }

    private static async Task<ExitCode> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var target = parsed.GetValue(Target);
        var messages = MessageFiles.Read(parsed.GetValue(MessageFiles.Paths)!)
            .Select(m => m with { Bytes = MessageFiles.ToWire(m.Bytes) }).ToList();
        if (messages.Count == 0) throw new CommandException(ExitCode.Usage, "There is no file to send.");
        if (messages.Find(m => Er7Message.TryRead(m.Bytes, out _) is null) is { } unreadable)
        {
            throw new CommandException(
                ExitCode.Usage, $"{unreadable.Name}: it has no MSH that can be read: nothing was sent.");
        }

        var repeat = parsed.GetValue(AssociationArguments.Repeat);
        var report = new SendReport(
            CommandOutput.Of(parsed), target.ToString(), showAll: (long)repeat * messages.Count <= 10);
        var ids = parsed.GetValue(NewIds) ? new RandomIdSource() : null;
        await using var client = new MllpClient(OptionsOf(parsed, target), TimeProvider.System);
        var start = Stopwatch.GetTimestamp();
        try
        {
            for (var i = 0; i < repeat && !report.HasEnded; i++)
            {
                foreach (var message in messages)
                {
                    await SendAsync(client, message, ids, report, cancellation);
                    if (report.HasEnded) break;
                }
            }
        }
        finally
        {
            report.Print(Stopwatch.GetElapsedTime(start));
        }

        return report.ExitCode;
    }

    private static async Task SendAsync(
        MllpClient client, FileMessage file, RandomIdSource? ids, SendReport report, CancellationToken cancellation)
    {
        var bytes = file.Bytes;
        var message = Er7Message.TryRead(bytes, out _)!;
        if (ids is not null)
        {
            bytes = MessageFiles.WithControlId(message, MessageEnvelope.NewControlId(ids));
            message = Er7Message.TryRead(bytes, out _)!;
        }

        var start = Stopwatch.GetTimestamp();
        var exchange = await client.SendAsync(bytes, cancellation);
        cancellation.ThrowIfCancellationRequested();
        report.Add(file.Name, message.Header[10].Text, exchange, Stopwatch.GetElapsedTime(start));
    }

    private static MllpClientOptions OptionsOf(ParseResult parsed, HostPort target)
    {
        var options = new MllpClientOptions
        {
            Host = target.Host,
            Port = target.Port,
            Secure = TlsArguments.CallerOptions(parsed) is { } tls
                ? TlsStreams.Client(tls, target.Host, TimeProvider.System)
                : null,
        };
        if (parsed.GetValue(TimeoutSeconds) is not { } seconds) return options;
        var timeout = TimeSpan.FromSeconds(seconds);
        return options with { ConnectTimeout = timeout, AnswerTimeout = timeout };
    }
}
