using Drimbox.Core;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scp;

/// <summary>C-FIND: the answers of an SCP, one by one or by the page. Source: PS3.4 C.4.1, PS3.7 9.1.2.</summary>
internal sealed partial class AssociationSession
{
    private static readonly DimseStatus TooManyMatches =
        DimseStatus.OutOfResources.With("Too many matches: make the query narrower.");

    /// <returns>The final status.</returns>
    private async Task<DimseStatus> FindAsync(
        PresentationContext context, CommandSet command, DataSet identifier, CancellationToken cancel)
    {
        Invariant.Holds(TransferSyntax.TryFind(context.TransferSyntax, out var syntax));
        var scp = _negotiation.FindScp(context.AbstractSyntax)!;
        using var batch = new ResponseBatch(_provider, context, _association!.SendLengthMax);
        DimseStatus final;
        try
        {
            var request = new CFindRequest(_peer!, context.AbstractSyntax, identifier)
            {
                Options = ExtendedNegotiation.Agreed(_provider.Accept!, context.AbstractSyntax),
            };
            var answer = await scp.FindAsync(request, cancel);
            if (answer.Pages is not null) final = await SendPagesAsync(batch, command, answer, syntax, cancel);
            else if (answer.Matches is null) final = answer.Status;
            else final = await SendMatchesAsync(context, command, answer, syntax, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested && !_ending.IsCancellationRequested)
        {
            final = DimseStatus.Cancelled;
            batch.Clear();
        }
        catch (Exception e) when (e is (IOException or UnauthorizedAccessException) and not AssociationAbortedException)
        {
            DicomLog.OperationFailed(_log, e, "C-FIND", DimseStatus.OutOfResources.ToString());
            final = DimseStatus.OutOfResources;
        }

        batch.Add(batch.Encode(command.Respond(final)), []);
        await batch.FlushAsync();
        return final;
    }

    /// <returns>The final status; matches before it may still be in the batch.</returns>
    private static async ValueTask<DimseStatus> SendPagesAsync(
        ResponseBatch batch, CommandSet command, CFindAnswer answer, TransferSyntax syntax, CancellationToken cancel)
    {
        var writer = new MatchWriter(syntax);
        var response = command.Respond(answer.Status);
        response.DataSetType = CommandSet.WithDataSet;
        var pending = batch.Encode(response);
        var sent = 0;
        await foreach (var page in answer.Pages!.WithCancellation(cancel))
        {
            for (var i = 0; i < page.Count; i++)
            {
                if (sent++ == answer.ResultsMax) return TooManyMatches;
                writer.Begin();
                page.Write(i, writer);
                batch.Add(pending, writer.Written);
                if (!batch.IsFull) continue;
                await batch.FlushAsync();
                // C-CANCEL is heard between two sends, also by an SCP that does not look at its token.
                cancel.ThrowIfCancellationRequested();
            }

            if (page.IsLast) break;
            await batch.FlushAsync();
            cancel.ThrowIfCancellationRequested();
        }

        return DimseStatus.Success;
    }

    private async ValueTask<DimseStatus> SendMatchesAsync(
        PresentationContext context, CommandSet command, CFindAnswer answer, TransferSyntax syntax,
        CancellationToken cancel)
    {
        var sent = 0;
        await foreach (var match in answer.Matches!.WithCancellation(cancel))
        {
            if (sent++ == answer.ResultsMax) return TooManyMatches;
            await Channel.SendAsync(context, command.Respond(answer.Status), DataSetWriter.ToBytes(match, syntax));
            cancel.ThrowIfCancellationRequested();
        }

        return DimseStatus.Success;
    }
}
