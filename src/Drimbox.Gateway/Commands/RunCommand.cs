using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Hosting;
using Drimbox.Storage;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox run</c>: starts the configured roles.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var config = ConfigurationFile.Option();
        var command = new Command("run", """
            Start the configured roles and serve until SIGTERM or Ctrl+C. SIGHUP reads the configuration again, as 'drimbox
            config reload' does.

            Example:
              drimbox run --config drimbox.json

            Exit codes: 0 stopped, 2 the configuration is wrong, 3 a store is in use or a port is taken.
            """) { config };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(config)!, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(FileInfo file, CancellationToken cancellation)
    {
        if (ConfigurationFile.Read(file) is not { } configuration) return (int)ExitCode.Usage;

        try
        {
            await using var process = await GatewayProcess.StartAsync(configuration, file.FullName, cancellation);
            using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
            {
                // Not the end: the log says what was done.
                signal.Cancel = true;
                process.Reloading!.Reload("SIGHUP");
            });
            foreach (var line in (string[])[.. process.Addresses, "ready"])
            {
                // Who reads the log as JSON gets nothing else.
                Console.WriteLine(configuration.LogFormat == LogFormat.Json
                    ? JsonSerializer.Serialize(new { Message = line })
                    : line);
            }

            await WaitAsync(cancellation);
            return (int)ExitCode.Done;
        }
        catch (ConfigurationException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return (int)ExitCode.Usage;
        }
        catch (Exception e) when (e is StorageFaultException or UnauthorizedAccessException or IOException or System.Net.Sockets.SocketException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return (int)ExitCode.Unavailable;
        }
    }

    private static async Task WaitAsync(CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Register(stopped.SetResult);
        await stopped.Task;
    }
}
