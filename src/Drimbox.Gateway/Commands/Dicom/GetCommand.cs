using System.CommandLine;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary><c>drimbox get</c>: fetches instances over the association itself.</summary>
internal static class GetCommand
{
    private static readonly Option<DirectoryInfo> Output = new("--output", "-o")
    {
        Description = "Folder to write to, one file an instance, named by its SOP Instance UID. Made if it is not there.",
        HelpName = "DIR",
        DefaultValueFactory = static _ => new DirectoryInfo("."),
    };

    private static readonly Option<string[]> Classes = new("--class")
    {
        Description = "SOP class to take, by its UID or keyword (CTImageStorage). Repeatable. Default: those that the "
            + "peer says the study has, or else the most usual ones.",
        HelpName = "CLASS",
    };

    public static Command Create() => new Command("get", $"""
        Fetch instances into a folder (C-GET). Ctrl+C sends C-CANCEL; what has arrived whole is kept.

        Examples:
          drimbox get PACS@pacs.example:104 -k StudyInstanceUID=1.2.3 --output study/
          drimbox get PACS@pacs.example:104 -k StudyInstanceUID=1.2.3 --class CTImageStorage --json

        {AssociationArguments.ExitCodes}
        """)
    {
        Output, Classes, QueryArguments.RetrieveModel, QueryArguments.Level, QueryArguments.Keys,
        QueryArguments.Relational,
    }.Calls(RunAsync);

    private static async Task<ExitCode> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var identifier = QueryArguments.RetrieveIdentifier(parsed);
        var model = parsed.GetValue(QueryArguments.RetrieveModel);
        var sopClass = model == QueryModel.Patient
            ? SopClass.PatientRootQueryRetrieveInformationModelGet
            : SopClass.StudyRootQueryRetrieveInformationModelGet;
        var folder = parsed.GetValue(Output)!;
        folder.Create();
        var output = CommandOutput.Of(parsed);

        IReadOnlyCollection<Uid> classes = [.. (parsed.GetValue(Classes) ?? []).Select(ClassOf)];
        if (classes.Count == 0)
        {
            classes = await GetContexts.DiscoverAsync(
                AssociationArguments.OptionsOf(parsed, []), QueryArguments.FindSopClass(model), identifier, cancellation);
        }

        await using var association = await AssociationArguments.RequestAsync(
            parsed, GetContexts.For(sopClass, classes), sopClass, cancellation);
        var written = 0;
        var store = new FileStoreScp(folder.FullName, _ => Interlocked.Increment(ref written));
        var result = await RetrieveReport.RunAsync(
            output, "getting",
            progress => new CGetScu(association).GetAsync(sopClass, identifier, store, progress, cancellation));
        await association.ReleaseAsync(CancellationToken.None);
        var exitCode = RetrieveReport.Print(output, result, DimseService.Get, written);
        cancellation.ThrowIfCancellationRequested();
        return exitCode;
    }

    private static Uid ClassOf(string text)
    {
        if (Uid.TryParse(text, out var uid)) return uid;
        foreach (var entry in UidRegistry.StorageSopClasses(withRetired: true))
        {
            if (entry.Keyword.Equals(text, StringComparison.OrdinalIgnoreCase)) return entry.Uid;
        }

        throw new CommandException(
            ExitCode.Usage, $"--class {text}: it is neither a UID nor the keyword of a storage SOP class (PS3.6 table A-1).");
    }
}
