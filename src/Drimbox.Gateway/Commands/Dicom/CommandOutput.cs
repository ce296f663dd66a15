using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Drimbox.Dicom;
using Drimbox.Dicom.Json;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary>Where the result of a command goes: lines for a person, or one JSON value for a program, or neither
/// (<c>--quiet</c>). Errors go to the error stream in any case.</summary>
internal sealed class CommandOutput(bool isJson, bool isQuiet)
{
    // The output is a file or a terminal, not a web page: names stay readable.
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>True where lines are wanted: for a progress bar, and for what costs time to say.</summary>
    public bool IsText => !isJson && !isQuiet;

    public bool IsJson => isJson;

    public static CommandOutput Of(ParseResult parsed) =>
        new(parsed.GetValue(AssociationArguments.Json), parsed.GetValue(AssociationArguments.Quiet));

    public void Line(string line)
    {
        if (IsText) Console.Out.WriteLine(line);
    }

    /// <summary>A remark beside the result: to the error stream, so that the output holds the result alone.</summary>
    public void Note(string line)
    {
        if (!isQuiet) Console.Error.WriteLine(line);
    }

    /// <summary>Data sets as DICOM JSON (PS3.18 F), as an array. Values that lie in a file are named by their place.
    /// </summary>
    public void DataSets(IEnumerable<DataSet> dataSets)
    {
        using var stream = Console.OpenStandardOutput();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = Indented.Encoder }))
            DicomJson.Write(dataSets, json, new DicomJsonOptions { BulkDataUri = DicomJson.FileUri });
        stream.WriteByte((byte)'\n');
    }

    public void Json(object value)
    {
        if (isJson) Console.Out.WriteLine(JsonSerializer.Serialize(value, Indented));
    }
}
