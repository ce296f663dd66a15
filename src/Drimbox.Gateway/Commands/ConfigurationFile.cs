using System.CommandLine;
using Drimbox.Gateway.Configuration;

namespace Drimbox.Gateway.Commands;

/// <summary>The configuration file that a command is given.</summary>
internal static class ConfigurationFile
{
    /// <summary><c>--config</c>, which must be given.</summary>
    public static Option<FileInfo> Option(string description = "Configuration file.") =>
        new("--config", "-c") { Description = description, Required = true };

    /// <summary>Reads it. What is wrong with it goes to the error stream, a line each.</summary>
    /// <returns>Null: it is wrong, and the command ends with <see cref="ExitCode.Usage"/>.</returns>
    public static GatewayConfiguration? Read(FileInfo file)
    {
        var configuration = ConfigurationReader.TryRead(file.FullName, out var findings);
        foreach (var finding in findings) Console.Error.WriteLine(finding);
        return configuration;
    }
}
