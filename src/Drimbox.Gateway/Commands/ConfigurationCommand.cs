using System.CommandLine;
using Drimbox.Gateway.Configuration;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox config</c>: checks a configuration file without starting anything.</summary>
internal static class ConfigurationCommand
{
    public static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "Configuration file." };
        var check = new Command("check", "Say every wrong key of a configuration file. Exit code 0 or 2.") { file };
        check.SetAction(parsed =>
        {
            if (ConfigurationFile.Read(parsed.GetValue(file)!) is null) return (int)ExitCode.Usage;
            Console.WriteLine("ok");
            return (int)ExitCode.Done;
        });
        var show = new Command("show", """
            The configuration as it counts: the file, the variables of the environment (DRIMBOX__SECTION__KEY) over it, and
            the default of every key that neither names. Exit code 0 or 2.

            Example:
              DRIMBOX__LOGLEVEL=Debug drimbox config show drimbox.json
            """) { file };
        show.SetAction(parsed =>
        {
            if (ConfigurationFile.Read(parsed.GetValue(file)!) is not { } configuration) return (int)ExitCode.Usage;
            Console.WriteLine(ConfigurationReader.Write(configuration));
            return (int)ExitCode.Done;
        });
        var reload = new Command("reload", """
            Have the running process read its configuration file again. It is checked whole; with an error nothing changes,
            and the answer names the keys. What can change while it runs is applied, without an association or a connection
            ending: LogLevel; Callers, Destinations, IocmListeners, ShowRejectedTo and Sites of the Archive; Ris:Dicom:Callers,
            AddressBook and Delay of Ris:Mail; Source:Senders. What else is different is named, and waits for a restart.
            SIGHUP does the same.

            Examples:
              drimbox config reload
              drimbox config reload --socket /var/lib/drimbox/drimbox.sock --json

            Exit codes: 0 done, 1 the configuration is wrong and nothing was changed, 3 no process.
            """).Calls((client, _, cancellation) => client.PostAsync("/api/configuration/reload", null, cancellation));
        return new Command("config", "The configuration file.") { check, show, reload };
    }
}
