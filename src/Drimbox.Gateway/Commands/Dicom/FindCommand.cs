using System.CommandLine;
using Drimbox.Dicom;
using Drimbox.Dicom.Scu;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary><c>drimbox find</c>: asks a peer what it has.</summary>
internal static class FindCommand
{
    private static readonly Option<int> Limit = AssociationArguments.Bounded(
        "--limit", "Stop after this many matches, with C-CANCEL.", 1, 1_000_000, 1_000_000);

    public static Command Create() => new Command("find", $"""
        Query a peer (C-FIND): patients, studies, series, images, or a modality worklist. Ctrl+C sends C-CANCEL.

        Examples:
          drimbox find PACS@pacs.example:104 -k PatientName=MARTIN* -k StudyDate=20260101-
          drimbox find PACS@pacs.example:104 --level SERIES -k StudyInstanceUID=1.2.3 -k 0018,0015
          drimbox find RIS@ris.example:104 --model worklist -k ScheduledProcedureStepSequence.Modality=CT --json

        {AssociationArguments.ExitCodes}
        """)
    {
        QueryArguments.Model, QueryArguments.Level, QueryArguments.Keys, QueryArguments.Relational, Limit,
        AssociationArguments.Repeat,
    }.Calls(RunAsync);

    private static async Task<ExitCode> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var identifier = QueryArguments.QueryIdentifier(parsed);
        var sopClass = QueryArguments.FindSopClass(parsed.GetValue(QueryArguments.Model));
        var output = CommandOutput.Of(parsed);
        var limit = parsed.GetValue(Limit);
        await using var association = await AssociationArguments.RequestAsync(
            parsed, [CFindScu.ContextFor(sopClass)], sopClass, cancellation);
        var scu = new CFindScu(association);
        for (var i = 0; i < parsed.GetValue(AssociationArguments.Repeat); i++)
        {
            var matches = new List<DataSet>();
            try
            {
                // Not WithCancellation: the SCU cancels at the peer, and waits until it has confirmed.
                await foreach (var match in scu.FindAsync(sopClass, identifier, cancellation))
                {
                    matches.Add(match);
                    if (matches.Count == limit) break;
                }
            }
            catch (Exception e) when (e is OperationCanceledException or DimseFailureException)
            {
                // What came before the end is worth showing.
                Print(matches, identifier, output);
                throw;
            }

            Print(matches, identifier, output);
            if (matches.Count == limit) output.Note($"Stopped after {limit} matches: --limit.");
        }

        await association.ReleaseAsync(cancellation);
        return ExitCode.Done;
    }

    private static void Print(List<DataSet> matches, DataSet identifier, CommandOutput output)
    {
        if (output.IsJson)
        {
            output.DataSets(matches);
            return;
        }

        foreach (var line in MatchTable.Lines(matches, identifier)) output.Line(line);
        output.Note($"{matches.Count} match{(matches.Count == 1 ? "" : "es")}");
    }
}
