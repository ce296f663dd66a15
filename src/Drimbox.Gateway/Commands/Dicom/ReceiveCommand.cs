using System.CommandLine;
using System.Net;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary><c>drimbox receive</c>: a storage SCP that writes what it gets into a folder.</summary>
internal static class ReceiveCommand
{
    // Whoever presses Ctrl+C waits for it.
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(1);

    private static readonly Argument<int> Port = PortArgument();

    private static readonly Option<DirectoryInfo> Output = new("--output", "-o")
    {
        Description = "Folder to write to, one file an instance, named by its SOP Instance UID. Made if it is not there.",
        HelpName = "DIR",
        DefaultValueFactory = static _ => new DirectoryInfo("."),
    };

    private static readonly Option<AeTitle[]> AeTitles = new("--aet")
    {
        Description = "AE title to answer to; others are refused. Repeatable. Default: DRIMBOX.",
        HelpName = "AET",
        CustomParser = static result => result.Tokens.Select(token =>
        {
            if (AeTitle.TryParse(token.Value, out var title)) return title;
            result.AddError($"'{token.Value}' is no AE title (PS3.5 6.2).");
            return default;
        }).ToArray(),
    };

    private static readonly Option<string> Address = new("--address")
    {
        Description = "Address to listen on.",
        HelpName = "IP",
        DefaultValueFactory = static _ => "::",
    };

    private static readonly Option<int> Associations = AssociationArguments.Bounded(
        "--associations", "Associations at once; the next is refused.", 1, Limits.AssociationsMax,
        Limits.AssociationsMax);

    private static readonly Option<int> Count = AssociationArguments.Bounded(
        "--count", "Stop after this many instances; 0: only Ctrl+C stops it.", 0, int.MaxValue, 0);

    public static Command Create()
    {
        var command = new Command("receive", """
            Receive instances into a folder (storage SCP, and Verification), until Ctrl+C. For tests: what is acknowledged
            is in the file system, but not yet safe from a power cut; an archive role is.

            Examples:
              drimbox receive 11112 --output incoming/
              drimbox receive 11112 --aet WORKSTATION --address 127.0.0.1 --count 10 --json
              drimbox receive 2762 --tls-cert node.pem --tls-key node.key --tls-ca hospital.pem

            Exit codes: 0 stopped; 2 wrong usage; 3 the port cannot be taken, or a TLS file cannot be used.
            """) { Port, Output, AeTitles, Address, Associations, Count };
        foreach (var option in TlsArguments.OfListener) command.Options.Add(option);
        command.Options.Add(AssociationArguments.Json);
        command.Options.Add(AssociationArguments.Quiet);
        return command.Runs(RunAsync);
    }

    private static async Task<ExitCode> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (!IPAddress.TryParse(parsed.GetValue(Address), out var address))
            throw new CommandException(ExitCode.Usage, $"--address {parsed.GetValue(Address)}: it is no IP address.");
        var folder = parsed.GetValue(Output)!;
        folder.Create();
        var output = CommandOutput.Of(parsed);
        var titles = parsed.GetValue(AeTitles) is { Length: > 0 } given ? given : [AeTitle.Parse("DRIMBOX")];
        var last = parsed.GetValue(Count);
        var isComplete = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var files = new List<string>();
        using var loggers = LoggerFactory.Create(logging => logging
            .AddSimpleConsole(console => console.SingleLine = true)
            .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace)
            .SetMinimumLevel(output.IsText ? LogLevel.Debug : LogLevel.Warning));
        await using var acceptor = new DicomAcceptor(
            new AcceptorOptions
            {
                EndPoint = new IPEndPoint(address, parsed.GetValue(Port)),
                AeTitles = titles,
                Tls = TlsArguments.ListenerOptions(parsed),
                AssociationsMax = parsed.GetValue(Associations),
                AssociationsPerPeerMax = parsed.GetValue(Associations),
                Store = new FileStoreScp(folder.FullName, path =>
                {
                    int count;
                    lock (files)
                    {
                        files.Add(path);
                        count = files.Count;
                    }

                    output.Line(path);
                    if (count == last) isComplete.TrySetResult();
                }),
            },
            loggers.CreateLogger("receive"));
        acceptor.Start();
        output.Line($"{string.Join(", ", titles)} listens on {acceptor.EndPoint}, and writes to {folder.FullName}");

        await using var stopped = cancellation.UnsafeRegister(
            static state => ((TaskCompletionSource)state!).TrySetResult(), isComplete);
        await isComplete.Task;
        using var drained = new CancellationTokenSource(DrainTime, TimeProvider.System);
        await acceptor.StopAsync(drained.Token);
        output.Line($"received {files.Count} instance{(files.Count == 1 ? "" : "s")}");
        output.Json(new { received = files.Count, files });
        return ExitCode.Done;
    }

    private static Argument<int> PortArgument()
    {
        var argument = new Argument<int>("port") { Description = "TCP port, 1 to 65535; 0 takes a free one." };
        argument.Validators.Add(result =>
        {
            if (!int.TryParse(result.Tokens[0].Value, out var port) || port is < 0 or > 65_535)
                result.AddError($"'{result.Tokens[0].Value}' is no port: 0 to 65535.");
        });
        return argument;
    }
}
