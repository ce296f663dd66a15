using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Grains.Audit;
using Drimbox.Source.Studies;

namespace Drimbox.Source.ImageAccess;

/// <summary>Has the PACS send a series here: C-MOVE at series level with ourselves as the destination. Source: PS3.4
/// C.4.2.</summary>
/// <param name="patience">How long it may send nothing of an image.</param>
internal sealed class PacsMove(PacsList list, AeTitle ownAe, TimeSpan patience)
{
    public static readonly Uid Model = SopClass.StudyRootQueryRetrieveInformationModelMove;

    /// <returns>Null if all images are here, else what went wrong; nothing of a patient in it.</returns>
    public async Task<RetrievalFailedException?> RunAsync(ImageRetrieval retrieval, TimeProvider time)
    {
        if (list.Find(retrieval.Pacs) is not { } pacs)
            return Failed("The PACS that held the study is not configured any more.");
        using var stalled = new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stalled.Token, retrieval.Abandoned);
        using var watch = Watch(retrieval, stalled, time);
        try
        {
            return Judge(await MoveAsync(pacs.Peer, retrieval, time, either.Token), retrieval.Received);
        }
        catch (OperationCanceledException)
        {
            return stalled.IsCancellationRequested ? Stalled() : Failed("Nobody waits for the images any more.");
        }
        catch (SocketException e)
        {
            return Failed($"The PACS cannot be reached: {e.SocketErrorCode}.");
        }
        catch (TimeoutException)
        {
            return Stalled();
        }
        catch (AssociationRejectedException e)
        {
            return Failed($"The PACS refused the association: {e.Rejection.Explanation}");
        }
        catch (IOException e)
        {
            return stalled.IsCancellationRequested ? Stalled() : Failed($"The PACS ended the association: {e.Message}");
        }
    }

    /// <summary>What the audit trail keeps of it.</summary>
    /// <param name="failure">Null: all images are here.</param>
    /// <returns>Null: no PACS was asked.</returns>
    public AuditEvent? EventOf(AuditTrail trail, ImageRetrieval retrieval, string? failure) =>
        list.Find(retrieval.Pacs) is { Peer: var peer }
            ? AuditEvents.InstancesTransferred(
                trail.Node, AeTitle.Parse(peer.AeTitle), peer.Host,
                new ImageSubject(retrieval.Key.Study, null, retrieval.Patient), retrieval.ByClass, failure, trail.Now)
            : null;

    // Something of an image within every so long, else it hangs.
    private ITimer Watch(ImageRetrieval retrieval, CancellationTokenSource stalled, TimeProvider time)
    {
        var seen = -1L;
        return time.CreateTimer(
            _ =>
            {
                var progress = retrieval.Progress;
                if (progress == seen) stalled.Cancel();
                seen = progress;
            },
            null, TimeSpan.Zero, patience);
    }

    /// <param name="arrived">Of the series, those that came twice counted twice, as the PACS counts them.</param>
    private static RetrievalFailedException? Judge(RetrieveResult result, int arrived)
    {
        var counts = result.Counts;
        if (result.Status.Category != StatusCategory.Success || counts.Failed > 0)
            return Failed($"The PACS answered {new DimseStatus(result.Status.Code)}, {counts.Failed} images failed.");
        return arrived < counts.Completed + counts.Warning
            ? Failed($"The PACS sent {counts.Completed + counts.Warning} images, {arrived} of them are of the series.")
            : null;
    }

    private static RetrievalFailedException Stalled() =>
        new("The PACS did not send an image in time.", isTimeout: true);

    private static RetrievalFailedException Failed(string why) => new(why, isTimeout: false);

    private async Task<RetrieveResult> MoveAsync(
        DicomPeerOptions pacs, ImageRetrieval retrieval, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var association = await Association.RequestAsync(
            new AssociationOptions
            {
                Host = pacs.Host,
                Port = pacs.Port,
                CallingAe = ownAe,
                CalledAe = AeTitle.Parse(pacs.AeTitle),
                Contexts = [CFindScu.ContextFor(Model)],
                FirstMessageId = retrieval.MessageId,
                // Pending responses are optional (PS3.4 C.4.2.3.1): it is the images that must not cease to come.
                ResponseTimeout = Timeout.InfiniteTimeSpan,
                Tls = TlsClientOptions.From(pacs.Tls),
                Time = time,
            },
            cancellationToken);
        // A PACS that hangs does not answer a C-CANCEL either.
        await using var abort = cancellationToken.UnsafeRegister(
            static state => _ = ((Association)state!).AbortAsync().AsTask(), association);
        var identifier = new DataSet();
        identifier.SetString(Tag.QueryRetrieveLevel, "SERIES");
        identifier.SetUid(Tag.StudyInstanceUID, retrieval.Key.Study);
        identifier.SetUid(Tag.SeriesInstanceUID, retrieval.Key.Series);
        var result = await new CMoveScu(association).MoveAsync(
            Model, identifier, ownAe, cancellationToken: CancellationToken.None);
        try
        {
            using var soon = new CancellationTokenSource(Limits.ImageReleaseTimeout, time);
            await association.ReleaseAsync(soon.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Everything was answered.
        }

        return result;
    }
}
