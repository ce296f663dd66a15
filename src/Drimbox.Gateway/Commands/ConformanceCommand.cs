using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Conformance;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox conformance</c>: what this installation does, for who connects to it.</summary>
internal static class ConformanceCommand
{
    // A file, and no web page: names stay readable.
    private static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create() => new("conformance", """
        What this installation does, for who connects to it, made from its configuration and from the tables by which callers are
        answered. The same configuration and program write the same text: compare two with diff.
        """)
    {
        Of("dicom", "Write the DICOM conformance statement, with the sections of PS3.2 annex N.", DicomStatement.Of),
        Of("ihe", "Write the IHE integration statement: profiles, actors and transactions of each role, and the HL7 messages.",
            IheStatement.Of),
    };

    private static Command Of(string name, string description, Func<GatewayConfiguration, Statement> statement)
    {
        var config = new Option<FileInfo>("--config", "-c")
        {
            Description = "Configuration file. Default: /etc/drimbox/drimbox.json.",
            DefaultValueFactory = _ => new FileInfo("/etc/drimbox/drimbox.json"),
        };
        var output = new Option<FileInfo?>("--output", "-o") { Description = "The file to write. Default: the output." };
        var json = new Option<bool>("--json") { Description = "Sections and tables as JSON, in place of Markdown." };
        var command = new Command(name, $"""
            {description}

            Example:
              drimbox conformance {name} --config drimbox.json --output {name}.md

            Exit codes: 0 written, 2 the configuration is wrong or the file cannot be written.
            """) { config, output, json };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetValue(config)!, parsed.GetValue(output), parsed.GetValue(json), statement, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        FileInfo file, FileInfo? output, bool json, Func<GatewayConfiguration, Statement> statement, CancellationToken cancellation)
    {
        if (ConfigurationFile.Read(file) is not { } configuration) return (int)ExitCode.Usage;

        var written = statement(configuration);
        var text = json ? JsonSerializer.Serialize(written, _json) + "\n" : written.ToMarkdown();
        try
        {
            if (output is null) await Console.Out.WriteAsync(text.AsMemory(), cancellation);
            else await File.WriteAllTextAsync(output.FullName, text, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return (int)ExitCode.Usage;
        }

        return (int)ExitCode.Done;
    }
}
