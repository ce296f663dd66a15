using System.Collections.Concurrent;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Pixels;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scp;

/// <summary>C-MOVE and C-GET: one C-STORE sub-operation for each instance. Source: PS3.4 C.4.2 and C.4.3.</summary>
internal sealed partial class AssociationSession
{
    private readonly ConcurrentDictionary<ushort, TaskCompletionSource<DimseStatus>> _subOperations = [];

    /// <returns>The final status.</returns>
    private async Task<DimseStatus> RetrieveAsync(
        PresentationContext context, CommandSet command, DataSet identifier, CancellationToken cancel)
    {
        var isMove = command.CommandField == CommandField.CMoveRq;
        var destination = isMove ? _options.MoveDestination(command.MoveDestination) : null;
        if (isMove && (command.MoveDestination.IsEmpty || destination is null))
        {
            // Attack A14: only destinations of the allow-list, whatever host a peer would like us to call.
            await Channel.SendAsync(context, command.Respond(DimseStatus.MoveDestinationUnknown));
            return DimseStatus.MoveDestinationUnknown;
        }

        RetrieveAnswer answer;
        try
        {
            var scp = _negotiation.RetrieveScp(context.AbstractSyntax)!;
            var request = new RetrieveRequest(_peer!, context.AbstractSyntax, identifier)
            {
                Options = ExtendedNegotiation.Agreed(_provider.Accept!, context.AbstractSyntax, isRetrieve: true),
            };
            answer = await scp.RetrieveAsync(request, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested && !_ending.IsCancellationRequested)
        {
            answer = RetrieveAnswer.Refused(DimseStatus.Cancelled);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            DicomLog.OperationFailed(_log, e, "retrieve", DimseStatus.OutOfResourcesMatches.ToString());
            answer = RetrieveAnswer.Refused(DimseStatus.OutOfResourcesMatches);
        }

        // PS3.7 9.1.4.1.7: the counters are 16 bits.
        if (answer.Count > ushort.MaxValue) answer = RetrieveAnswer.Refused(DimseStatus.OutOfResourcesMatches);
        if (!answer.Status.IsPending)
        {
            await Channel.SendAsync(context, command.Respond(answer.Status));
            return answer.Status;
        }

        await using var progress = new RetrieveProgress(answer);
        if (isMove)
        {
            var contexts = CStoreScu.ConvertingContextsFor(answer.Kinds);
            await MoveAsync(new MoveTarget(destination!, contexts, context, command), progress, cancel);
        }
        else
        {
            await GetAsync(context, command, progress, cancel);
        }

        return await SendFinalAsync(context, command, progress, cancel);
    }

    // As many sub-operations at once as the requestor performs (PS3.7 D.3.3.3).
    private async Task GetAsync(
        PresentationContext context, CommandSet command, RetrieveProgress progress, CancellationToken cancel)
    {
        List<Task> running = [];
        try
        {
            while (!cancel.IsCancellationRequested && await TakeAsync(progress) is { } instance)
            {
                if (running.Count == _performed)
                {
                    var done = await Task.WhenAny(running);
                    running.Remove(done);
                    await done;
                }

                running.Add(GetOneAsync(context, command, progress, instance));
            }
        }
        finally
        {
            await Task.WhenAll(running);
        }

        if (!cancel.IsCancellationRequested) await progress.FailRestAsync(_ended);
    }

    private async Task GetOneAsync(
        PresentationContext context, CommandSet command, RetrieveProgress progress, RetrievedInstance instance) =>
        await CountAsync(context, command, progress, instance, await StoreBackAsync(instance.Source));

    private async ValueTask CountAsync(
        PresentationContext context,
        CommandSet command,
        RetrieveProgress progress,
        RetrievedInstance instance,
        DimseStatus status)
    {
        // One after the other, so that the counters of pending responses never run backwards.
        await progress.Turn.WaitAsync(_ended);
        try
        {
            progress.Count(instance, status);
            if (progress.Remaining > 0) await SendPendingAsync(context, command, progress);
        }
        finally
        {
            progress.Turn.Release();
        }
    }

    // PS3.4 C.4.3.1: over the same association, in a context in which the requestor took the SCP role.
    private async Task<DimseStatus> StoreBackAsync(InstanceSource instance)
    {
        var fitting = TransferSyntaxConverter.Fit(
            instance, (sopClass, syntax) => FindContextBack(sopClass, syntax) is not null);
        if (fitting is null) return DimseStatus.SopClassNotSupported;
        var context = FindContextBack(fitting.SopClassUid, fitting.TransferSyntaxUid)!;
        InstanceContent content;
        try
        {
            content = fitting.Open();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return DimseStatus.ProcessingFailure;
        }

        using (content)
        {
            if ((content.Length & 1) != 0) return DimseStatus.ProcessingFailure;
            var messageId = _association!.NextMessageId();
            return await InvokeAsync(
                messageId,
                () => Channel.SendAsync(context, CStoreScu.RequestFor(instance, messageId), content),
                _ended);
        }
    }

    private PresentationContext? FindContextBack(Uid sopClass, Uid transferSyntax) =>
        _association!.Contexts.FirstOrDefault(context => context.RequestorIsScp
            && context.AbstractSyntax == sopClass && context.TransferSyntax == transferSyntax);

    private void CompleteSubOperation(CommandSet response)
    {
        if (_subOperations.TryGetValue(response.MessageIdBeingRespondedTo, out var answered))
            answered.TrySetResult(response.Status ?? DimseStatus.ProcessingFailure);
    }

    private ValueTask SendPendingAsync(PresentationContext context, CommandSet command, RetrieveProgress progress)
    {
        var pending = command.Respond(DimseStatus.Pending);
        pending.SubOperations = progress.ToCounters(withRemaining: true);
        return Channel.SendAsync(context, pending);
    }

    private async Task<DimseStatus> SendFinalAsync(
        PresentationContext context, CommandSet command, RetrieveProgress progress, CancellationToken cancel)
    {
        var isCancelled = progress.Remaining > 0 && cancel.IsCancellationRequested;
        var status = isCancelled ? DimseStatus.Cancelled : progress.FinalStatus;
        var final = command.Respond(status);
        // PS3.4 C.4.2.1.6: what remains is told only if the operation was cancelled.
        final.SubOperations = progress.ToCounters(withRemaining: isCancelled);
        if (progress.FailedInstances.Count == 0)
        {
            await Channel.SendAsync(context, final);
            return status;
        }

        // PS3.4 C.4.2.1.4.2: the failed instances, by their UIDs.
        Invariant.Holds(TransferSyntax.TryFind(context.TransferSyntax, out var syntax));
        var failures = new DataSet();
        failures.SetStrings(
            Tag.FailedSOPInstanceUIDList, progress.FailedInstances.Select(uid => uid.ToString()).ToArray());
        await Channel.SendAsync(context, final, DataSetWriter.ToBytes(failures, syntax));
        return status;
    }
}
