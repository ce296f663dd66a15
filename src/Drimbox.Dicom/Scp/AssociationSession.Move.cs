using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Pixels;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scp;

/// <summary>C-MOVE: the sub-operations over associations of our own to the destination. Source: PS3.4 C.4.2.</summary>
internal sealed partial class AssociationSession
{
    /// <summary>Where one C-MOVE sends to, and for whom.</summary>
    private sealed record MoveTarget(
        DicomPeer Destination,
        IReadOnlyList<ProposedContext> Contexts,
        PresentationContext Context,
        CommandSet Command);

    private async Task MoveAsync(MoveTarget target, RetrieveProgress progress, CancellationToken cancel)
    {
        if (progress.Remaining == 0) return;
        Association first;
        try
        {
            // The first alone: where it is refused there is nothing to share and nothing to wait for.
            first = await OpenAsync(target);
        }
        catch (Exception e) when (IsDestinationFault(e))
        {
            // The peer that asked is told by the counters.
            DicomLog.MoveDestinationFailed(_log, CallingAe, target.Destination.AeTitle.ToString(), e.Message);
            if (!cancel.IsCancellationRequested) await progress.FailRestAsync(_ended);
            return;
        }

        var lanes = Math.Min(target.Destination.Associations, progress.Remaining);
        var ends = await Task.WhenAll(Enumerable.Range(0, lanes)
            .Select(lane => MoveLaneAsync(target, lane == 0 ? first : null, lane > 0, progress, cancel)));
        // One that gave up may have left an instance when the others had already found nothing more to do.
        if (progress.HasGivenBack && ends.Contains(LaneEnd.NothingLeft))
            await MoveLaneAsync(target, null, mayBeRefused: false, progress, cancel);
        if (!cancel.IsCancellationRequested) await progress.FailRestAsync(_ended);
    }

    /// <summary>Sends over one association what no other has taken. One that is lost is opened again, and goes on with the
    /// instance that was not answered.</summary>
    /// <param name="mayBeRefused">One beside the first: the destination has a limit, and those that stand do the
    /// work.</param>
    private async Task<LaneEnd> MoveLaneAsync(
        MoveTarget target,
        Association? association,
        bool mayBeRefused,
        RetrieveProgress progress,
        CancellationToken cancel)
    {
        var fruitless = 0;
        RetrievedInstance? instance = null;
        try
        {
            while (!cancel.IsCancellationRequested)
            {
                DimseStatus status;
                try
                {
                    // Opened before an instance is taken: a refusal keeps none from the others.
                    association ??= await OpenAsync(target);
                    mayBeRefused = false;
                    instance = await TakeAsync(progress);
                    if (instance is null) break;
                    status = await StoreOneAsync(target, association, instance);
                    fruitless = 0;
                }
                catch (Exception e) when (IsDestinationFault(e) && !_ended.IsCancellationRequested)
                {
                    DicomLog.MoveDestinationFailed(_log, CallingAe, target.Destination.AeTitle.ToString(), e.Message);
                    if (association is not null) await association.DisposeAsync();
                    association = null;
                    if (instance is not null)
                    {
                        instance.Losses++;
                        if (instance.Losses >= Limits.MoveLossesMax)
                            await CountAsync(target, progress, instance, DimseStatus.ProcessingFailure);
                        else await progress.GiveBackAsync(instance);
                        instance = null;
                    }

                    if (mayBeRefused || fruitless == Limits.MoveReopenDelays.Count) return LaneEnd.GivenUp;
                    await PauseAsync(Limits.MoveReopenDelays[fruitless++], cancel);
                    continue;
                }

                await CountAsync(target, progress, instance, status);
                instance = null;
            }

            if (association is not null) await ReleaseAsync(association);
            return LaneEnd.NothingLeft;
        }
        finally
        {
            if (association is not null) await association.DisposeAsync();
        }
    }

    private enum LaneEnd
    {
        NothingLeft,
        GivenUp,
    }

    private async ValueTask<RetrievedInstance?> TakeAsync(RetrieveProgress progress)
    {
        try
        {
            return await progress.TakeAsync(_ended);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            DicomLog.OperationFailed(_log, e, "retrieve", DimseStatus.OutOfResourcesSubOperations.ToString());
            return null;
        }
    }

    private Task<Association> OpenAsync(MoveTarget target) => Association.RequestAsync(
        new AssociationOptions
        {
            Host = target.Destination.Host,
            Port = target.Destination.Port,
            CallingAe = _peer!.CalledAe,
            CalledAe = target.Destination.AeTitle,
            Contexts = target.Contexts,
            Tls = target.Destination.Tls,
            Time = _time,
        },
        _ended);

    private async ValueTask<DimseStatus> StoreOneAsync(
        MoveTarget target, Association association, RetrievedInstance instance)
    {
        // PS3.4 C.4.2.3.1: in the transfer syntax that the instance has, if the destination takes it.
        var fitting = TransferSyntaxConverter.Fit(
            instance.Source, (sopClass, syntax) => association.FindContext(sopClass, syntax) is not null);
        if (fitting is null) return DimseStatus.SopClassNotSupported;
        var scu = new CStoreScu(association)
        {
            MoveOriginator = _peer!.CallingAe,
            MoveOriginatorMessageId = target.Command.MessageId,
        };
        try
        {
            var status = await scu.SendAsync(fitting, CancellationToken.None);
            // It arrived, and the answer was lost with the association before.
            return instance.Losses > 0 && status == DimseStatus.DuplicateSopInstance ? DimseStatus.Success : status;
        }
        catch (Exception e) when (e is FileNotFoundException
            or DirectoryNotFoundException or UnauthorizedAccessException or InvalidDataException)
        {
            // This instance alone cannot be read: opened before the first byte went out, so the association stands.
            return DimseStatus.ProcessingFailure;
        }
    }

    private async ValueTask CountAsync(
        MoveTarget target, RetrieveProgress progress, RetrievedInstance instance, DimseStatus status) =>
        await CountAsync(target.Context, target.Command, progress, instance, status);

    private async ValueTask PauseAsync(TimeSpan delay, CancellationToken cancel)
    {
        try
        {
            await Task.Delay(delay, _time, cancel);
        }
        catch (OperationCanceledException) when (!_ended.IsCancellationRequested)
        {
            // C-CANCEL: the caller looks at it.
        }
    }

    private async ValueTask ReleaseAsync(Association association)
    {
        try
        {
            await association.ReleaseAsync(_ended);
        }
        catch (Exception e) when (IsDestinationFault(e))
        {
            // Everything was answered.
        }
    }

    private static bool IsDestinationFault(Exception e) => e is IOException or SocketException or TimeoutException;
}
