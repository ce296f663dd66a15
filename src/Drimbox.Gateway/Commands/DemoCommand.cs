using System.CommandLine;
using Drimbox.Core;
using Drimbox.Dicom.Scp;
using Drimbox.Gateway.Demo;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox demo</c>: the whole flow on loopback.</summary>
internal static class DemoCommand
{
    // Effects of a broken step never come: it need not be waited for as long.
    private static readonly TimeSpan PatienceWithBroken = TimeSpan.FromSeconds(3);

    public static Command Create()
    {
        var once = new Option<bool>("--once") { Description = "Stop after the scenario; exit 0 only if no step failed." };
        var data = new Option<string?>("--data") { Description = "Folder with the DICOM files to use: the images of the first study found." };
        var keep = new Option<string?>("--keep") { Description = "Folder to keep the stores in." };
        var broken = new Option<int?>("--break")
        {
            Description = "Make the peer of this step misbehave, play up to it, and stop. It must fail.",
        };
        var peers = new Option<string[]>("--peer")
        {
            Description = "AET@HOST:PORT that may call the archive and be sent to by C-MOVE. Repeatable.",
        };
        peers.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => !DicomPeer.TryParse(t.Value, out _)))
                result.AddError($"--peer {token.Value}: a peer is AET@HOST:PORT.");
        });
        var verbose = new Option<bool>("--verbose") { Description = "Print what the nodes log." };
        broken.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1 or > 13) result.AddError("--break takes a step from 1 to 13.");
        });
        var command = new Command("demo", $"""
            Start all roles and emulators in one process on loopback, play the scenario, check each step from outside.

            Examples:
              drimbox demo --once
              drimbox demo --data ~/study --keep /tmp/demo
              drimbox demo --break 6

            Steps, and what --break makes their peer do:
            {string.Join("\n", Scenario.Steps.Select(s => $"  {s.Number,2}  {s.Title}\n      --break {s.Number}: {s.BreakTitle}"))}
            """) { once, data, keep, broken, peers, verbose };
        command.SetAction((parsed, cancellation) => RunAsync(
            new DemoOptions(
                parsed.GetValue(data), parsed.GetValue(keep),
                (parsed.GetValue(peers) ?? []).Select(PeerOf).ToList(),
                parsed.GetValue(verbose) ? LogLevel.Information : LogLevel.Critical),
            parsed.GetValue(once), parsed.GetValue(broken), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        DemoOptions options, bool once, int? broken, CancellationToken cancellation)
    {
        try
        {
            await using var system = await DemoSystem.StartAsync(options, cancellation);
            foreach (var line in system.Process.Addresses) Console.WriteLine(line);
            Console.WriteLine($"dmp emulator   {system.Dmp.BaseAddress}");
            Console.WriteLine();
            var steps = Scenario.Steps.Where(s => broken is null || s.Number <= broken).ToList();
            var run = new DemoRun(system, steps, Console.Out, system.Time);
            var failed = await run.PlayAsync(broken, PatienceWithBroken, cancellation);
            if (options.Keep is not null) Console.WriteLine($"kept in {system.Folder}");
            if (!once && broken is null) await StayAsync(cancellation);
            return (int)(failed == 0 ? ExitCode.Done : ExitCode.Failed);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return (int)ExitCode.Done;
        }
        catch (DemoFailedException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return (int)ExitCode.Usage;
        }
    }

    private static async Task StayAsync(CancellationToken cancellation)
    {
        Console.WriteLine("The system stays up; Ctrl+C stops it.");
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
    }

    private static DicomPeerOptions PeerOf(string text)
    {
        Invariant.Holds(DicomPeer.TryParse(text, out var peer));
        return new DicomPeerOptions { AeTitle = peer.AeTitle.ToString(), Host = peer.Host, Port = peer.Port };
    }
}
