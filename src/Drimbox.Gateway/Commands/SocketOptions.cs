using System.CommandLine;
using System.Net.Sockets;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Commands;

/// <summary>What every command that talks to the running process has in common.</summary>
internal static class SocketOptions
{
    public static readonly Option<string> Socket = new("--socket", "-s")
    {
        Description = "Path of the administration socket of the running process.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("DRIMBOX_SOCKET") ?? "drimbox.sock",
    };

    public static readonly Option<bool> Json = new("--json") { Description = "Print the answer as JSON." };

    /// <summary>Gives a command whose work cannot be undone the option <c>--yes</c>, without which it is wrong
    /// usage.</summary>
    public static Command Confirmed(this Command command)
    {
        var yes = new Option<bool>("--yes") { Description = "Say that you mean it: this cannot be undone." };
        command.Options.Add(yes);
        command.Validators.Add(result =>
        {
            if (!result.GetValue(yes)) result.AddError("This cannot be undone: say that you mean it with --yes.");
        });
        return command;
    }

    /// <summary>Gives a command the options, and an action that calls the process and prints its answer. Exit codes:
    /// 0 done, 1 refused by the process, 2 an input file is wrong, 3 the process cannot be reached.</summary>
    public static Command Calls(
        this Command command,
        Func<AdministrationClient, ParseResult, CancellationToken, Task<AdministrationAnswer>> call)
    {
        command.Options.Add(Socket);
        command.Options.Add(Json);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = new AdministrationClient(parsed.GetValue(Socket)!);
            try
            {
                return Output.Print(
                    await call(client, parsed, cancellation), parsed.GetValue(Json), Console.Out, Console.Error);
            }
            catch (InvalidDataException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return (int)ExitCode.Usage;
            }
            catch (HttpRequestException e) when (e.InnerException is SocketException or null)
            {
                await Console.Error.WriteLineAsync(
                    $"No drimbox answers on {client.SocketPath}. Start one with 'drimbox run --config FILE', or name "
                    + "its socket with --socket or DRIMBOX_SOCKET.");
                return (int)ExitCode.Unavailable;
            }
        });
        return command;
    }
}
