using System.CommandLine;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Hl7.Dictionary;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Gateway.Commands.Hl7;

/// <summary><c>drimbox hl7 explain</c>: what each value of a message means.</summary>
internal static class ExplainCommand
{
    private static readonly Option<int> ValueLength = AssociationArguments.Bounded(
        "--max-length", "Characters of a value that are shown.", 3, 1_000_000, 72);

    public static Command Create() => new Command("explain", """
        Show each segment, field and component of messages with its name in HL7, its data type, its HL7 table, its
        value, and what the profile says of it.

        Examples:
          drimbox hl7 explain request.hl7
          drimbox hl7 explain report.hl7 --max-length 20
          drimbox hl7 explain request.hl7 --json | jq '.[0].segments[] | select(.segment == "PID")'

        Exit codes: 0 done; 2 wrong usage, or a file that is no HL7 message or is broken below its header.
        """)
    {
        MessageFiles.Paths, ValueLength, AssociationArguments.Json,
    }.Runs((parsed, cancellation) => Task.FromResult(Run(parsed, cancellation)));

    private static ExitCode Run(ParseResult parsed, CancellationToken cancellation)
    {
        var isJson = parsed.GetValue(AssociationArguments.Json);
        var length = parsed.GetValue(ValueLength);
        var exitCode = ExitCode.Done;
        var explained = new List<object>();
        foreach (var file in MessageFiles.Read(parsed.GetValue(MessageFiles.Paths)!))
        {
            cancellation.ThrowIfCancellationRequested();
            var message = Er7Message.TryRead(file.Bytes, out var refusal);
            if (message is null)
            {
                Console.Error.WriteLine($"{file.Name}: it has no MSH that can be read: no HL7 v2 message.");
                exitCode = ExitCode.Usage;
                continue;
            }

            var profile = MessageValidator.Read(file.Bytes, MessageCatalog.All)?.Profile;
            var segments = MessageExplanation.Of(message, profile).ToList();
            if (isJson) explained.Add(ToJson(file, profile, segments));
            else Print(file, profile, segments, length);
            if (refusal is null) continue;
            Console.Out.Flush();
            Console.Error.WriteLine($"{file.Name}: {refusal.Detail}");
            exitCode = ExitCode.Usage;
        }

        new CommandOutput(isJson, isQuiet: false).Json(explained);
        return exitCode;
    }

    private static void Print(
        FileMessage file, MessageProfile? profile, IReadOnlyList<ExplainedSegment> segments, int length)
    {
        var name = profile is null ? "no known profile" : $"{profile.Id}, {profile.Title}";
        Console.Out.WriteLine($"# {file.Name}: {name}");
        foreach (var segment in segments)
        {
            Console.Out.WriteLine($"{segment.Path}  {segment.Name}");
            foreach (var value in segment.Values) Console.Out.WriteLine(LineOf(value, length));
        }
    }

    private static string LineOf(ExplainedValue value, int length)
    {
        var depth = value.Path.Subcomponent > 0 ? 3 : value.Path.Component > 0 ? 2 : 1;
        var place = $"{new string(' ', 2 * depth)}{value.Path}";
        var table = value.Table.Length > 0 ? $" (table {value.Table})" : "";
        var text = $"{place,-24} {value.DataType,-4} {value.Name + table,-46}";
        if (!value.HasParts) text += $" {MatchTable.Printable(value.Value, length)}";
        if (!value.HasParts && value.Value.Length > length) text += $" ({value.Value.Length} characters)";
        return value.Profile is null ? text.TrimEnd() : $"{text.TrimEnd()}  [{value.Profile}]";
    }

    private static object ToJson(
        FileMessage file, MessageProfile? profile, IReadOnlyList<ExplainedSegment> segments) => new
    {
        message = file.Name,
        profile = profile?.Id,
        segments = segments.Select(s => new
        {
            segment = s.Path.Segment,
            occurrence = s.Path.Occurrence,
            name = s.Name,
            values = s.Values.Select(v => new
            {
                path = v.Path.ToString(),
                name = v.Name,
                dataType = v.DataType,
                table = v.Table.Length > 0 ? v.Table : null,
                value = v.HasParts ? null : v.Value,
                profile = v.Profile,
            }),
        }),
    };
}
