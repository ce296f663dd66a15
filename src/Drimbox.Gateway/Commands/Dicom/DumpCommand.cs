using System.CommandLine;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary><c>drimbox dump</c>: shows what is in DICOM files.</summary>
internal static class DumpCommand
{
    private static readonly Argument<string[]> Paths = new("file")
    {
        Description = "Files, and folders with all that is in them.",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<int> ValueLength = AssociationArguments.Bounded(
        "--max-length", "Characters of a value that are shown.", 3, 1_000_000, 72);

    private static readonly Option<string[]> Tags = new("--tag", "-t")
    {
        Description = "Show this attribute alone, by keyword or GGGG,EEEE. Repeatable.",
        HelpName = "TAG",
    };

    public static Command Create() => new Command("dump", """
        Show DICOM files: tag, VR, length in bytes, keyword, value. A file that is cut short is shown as far as it can
        be read.

        Examples:
          drimbox dump image.dcm
          drimbox dump study/ --tag PatientID --tag 0020,000D
          drimbox dump image.dcm --json | jq .

        Exit codes: 0 done; 2 a file is not DICOM, is cut short, or is not there.
        """)
    {
        Paths, ValueLength, Tags, AssociationArguments.Json,
    }.Runs((parsed, cancellation) => Task.FromResult(Run(parsed, cancellation)));

    private static ExitCode Run(ParseResult parsed, CancellationToken cancellation)
    {
        var isJson = parsed.GetValue(AssociationArguments.Json);
        var selected = (parsed.GetValue(Tags) ?? []).Select(TagOf).ToHashSet();
        var paths = InputFiles.PathsOf(parsed.GetValue(Paths)!).ToList();
        var dataSets = new List<DataSet>();
        var exitCode = ExitCode.Done;
        foreach (var path in paths)
        {
            cancellation.ThrowIfCancellationRequested();
            var isWhole = DicomFile.TryRead(path, out var file, out var refusal);
            if (file is not null)
            {
                if (isJson) dataSets.Add(Selected(file.DataSet, selected));
                else Print(path, file, paths.Count > 1, new DataSetText(Console.Out, parsed.GetValue(ValueLength), selected), selected.Count == 0);
            }

            if (isWhole) continue;
            Console.Out.Flush();
            Console.Error.WriteLine($"{path}: {refusal!.Detail}");
            exitCode = ExitCode.Usage;
        }

        if (isJson) new CommandOutput(isJson: true, isQuiet: false).DataSets(dataSets);
        return exitCode;
    }

    private static void Print(string path, DicomFile file, bool isNamed, DataSetText text, bool isAll)
    {
        if (isNamed) Console.Out.WriteLine($"# {path}");
        if (isAll) Console.Out.WriteLine("# File Meta Information");
        text.Write(file.Meta);
        if (isAll) Console.Out.WriteLine($"# Data set: {file.TransferSyntax.Name}, from byte {file.DataSetOffset}");
        text.Write(file.DataSet);
    }

    private static DataSet Selected(DataSet dataSet, HashSet<Tag> selected)
    {
        if (selected.Count == 0) return dataSet;
        // Its characters are read by it.
        var part = new DataSet(dataSet);
        foreach (var tag in selected)
        {
            if (dataSet.TryGet(tag, out var element)) part.Set(element);
        }

        return part;
    }

    private static Tag TagOf(string text) => Tag.TryParse(text, out var tag)
        ? tag
        : throw new CommandException(
            ExitCode.Usage, $"--tag {text}: it is neither a keyword of PS3.6 nor a tag GGGG,EEEE.");
}
