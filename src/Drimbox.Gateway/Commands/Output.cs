using System.Text;
using System.Text.Json;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Commands;

/// <summary>Prints what the running process answered: JSON on request, else a table or a list of values.</summary>
internal static class Output
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Prints the answer.</summary>
    /// <returns>The exit code: 0, or 1 for an error that the process reported.</returns>
    public static int Print(AdministrationAnswer answer, bool json, TextWriter output, TextWriter errors)
    {
        if (json)
        {
            output.WriteLine(JsonSerializer.Serialize(answer.Body, Indented));
        }
        else if (!answer.Succeeded)
        {
            errors.WriteLine(answer.Body.TryGetProperty("error", out var error) ? error.GetString() : "failed");
        }
        else if (answer.Body.ValueKind == JsonValueKind.Array)
        {
            PrintTable(answer.Body, output);
        }
        else
        {
            PrintValues(answer.Body, "", output);
        }

        return (int)(answer.Succeeded ? ExitCode.Done : ExitCode.Failed);
    }

    private static void PrintTable(JsonElement rows, TextWriter output)
    {
        if (rows.GetArrayLength() == 0)
        {
            output.WriteLine("(none)");
            return;
        }

        var columns = rows.EnumerateArray().SelectMany(r => r.EnumerateObject().Select(p => p.Name)).Distinct().ToList();
        var cells = rows.EnumerateArray()
            .Select(r => columns.Select(c => r.TryGetProperty(c, out var v) ? Cell(v) : "").ToList()).ToList();
        var widths = columns.Select((c, i) => Math.Max(c.Length, cells.Max(row => row[i].Length))).ToList();
        output.WriteLine(Line(columns, widths));
        foreach (var row in cells) output.WriteLine(Line(row, widths));
    }

    private static void PrintValues(JsonElement value, string indent, TextWriter output)
    {
        foreach (var property in value.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Array && property.Value.GetArrayLength() > 0
                && property.Value[0].ValueKind == JsonValueKind.Object)
            {
                output.WriteLine($"{indent}{property.Name}:");
                PrintTable(property.Value, output);
            }
            else if (property.Value.ValueKind == JsonValueKind.Object)
            {
                output.WriteLine($"{indent}{property.Name}:");
                PrintValues(property.Value, indent + "  ", output);
            }
            else
            {
                output.WriteLine($"{indent}{property.Name}: {Cell(property.Value)}");
            }
        }
    }

    private static string Line(List<string> cells, List<int> widths)
    {
        var line = new StringBuilder();
        for (var i = 0; i < cells.Count; i++) line.Append(cells[i].PadRight(widths[i] + 2));
        return line.ToString().TrimEnd();
    }

    private static string Cell(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Null => "",
        _ => value.GetRawText(),
    };
}
