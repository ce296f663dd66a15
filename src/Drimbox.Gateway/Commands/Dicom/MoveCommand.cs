using System.CommandLine;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary><c>drimbox move</c>: has a peer send to another.</summary>
internal static class MoveCommand
{
    private static readonly Option<AeTitle> To = new("--to")
    {
        Description = "AE title to send to. The peer must know its address.",
        HelpName = "AET",
        Required = true,
        CustomParser = static result => AssociationArguments.ReadAeTitle(result),
    };

    public static Command Create() => new Command("move", $"""
        Have a peer send instances to a third one (C-MOVE). Ctrl+C sends C-CANCEL.

        Examples:
          drimbox move PACS@pacs.example:104 --to WORKSTATION -k StudyInstanceUID=1.2.3
          drimbox move PACS@pacs.example:104 --to WORKSTATION --level SERIES -k StudyInstanceUID=1.2.3 -k SeriesInstanceUID=1.2.3.4

        {AssociationArguments.ExitCodes}
        """)
    {
        To, QueryArguments.RetrieveModel, QueryArguments.Level, QueryArguments.Keys, QueryArguments.Relational,
        AssociationArguments.Repeat,
    }.Calls(RunAsync);

    private static async Task<ExitCode> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var identifier = QueryArguments.RetrieveIdentifier(parsed);
        var sopClass = parsed.GetValue(QueryArguments.RetrieveModel) == QueryModel.Patient
            ? SopClass.PatientRootQueryRetrieveInformationModelMove
            : SopClass.StudyRootQueryRetrieveInformationModelMove;
        var output = CommandOutput.Of(parsed);
        await using var association = await AssociationArguments.RequestAsync(
            parsed, [CFindScu.ContextFor(sopClass)], sopClass, cancellation);
        var scu = new CMoveScu(association);
        var worst = ExitCode.Done;
        for (var i = 0; i < parsed.GetValue(AssociationArguments.Repeat); i++)
        {
            var result = await RetrieveReport.RunAsync(
                output, "moving",
                progress => scu.MoveAsync(sopClass, identifier, parsed.GetValue(To), progress, cancellation));
            if (result.Status == DimseStatus.MoveDestinationUnknown)
                output.Note($"The peer does not know '{parsed.GetValue(To)}': add it, with its address, to the peer's configuration.");
            var exitCode = RetrieveReport.Print(output, result, DimseService.Move);
            if (exitCode != ExitCode.Done) worst = exitCode;
            cancellation.ThrowIfCancellationRequested();
        }

        await association.ReleaseAsync(cancellation);
        return worst;
    }
}
