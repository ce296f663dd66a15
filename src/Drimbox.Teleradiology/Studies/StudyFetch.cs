using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Requests;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Requests;
using Drimbox.Grains.Streams;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Teleradiology.Studies;

/// <summary>Fetches the study of an examination: C-MOVE to the archive with ourselves as the destination (PS3.4
/// C.4.2). Asking again is harmless: what comes twice takes its own place.</summary>
internal sealed class StudyFetch(
    DicomPeerOptions archive,
    AeTitle ownAe,
    ExpectedStudies studies,
    PlatformRequestGrain grain,
    TimeProvider time,
    ILogger<StudyFetch> logger) : IOutboxHandler, IDisposable
{
    private readonly SemaphoreSlim _places = new(Limits.StudyFetchesMax);

    /// <inheritdoc/>
    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        // Fetches may last; waiting here would take the place of a report that could leave.
        if (!await _places.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            return new DispatchVerdict(
                DispatchOutcome.Retry, "Other studies are being fetched.", time.GetUtcNow() + Limits.StudyFetchWait);
        }

        try
        {
            attempt.Start();
            return await FetchAsync(attempt.Row, cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();

    private async Task<DispatchVerdict> FetchAsync(ClaimedRow row, CancellationToken cancellationToken)
    {
        var (order, study) = EventCodec.Read<FetchPayload>(row.Payload);
        using var expected = studies.TryExpect(study);
        if (expected is null) return DispatchVerdict.Retry("A former attempt is still ending.");
        if (await TryMoveAsync(study, expected, cancellationToken) is { } failure)
        {
            TeleradiologyLog.StudyNotFetched(logger, row.Id, failure);
            return DispatchVerdict.Retry(failure);
        }

        var reply = await grain.ExecuteAsync(
            [(order, new RecordStudyFetched(study, expected.Stored))],
            null, new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Done), cancellationToken);
        if (reply.LeaseLost) TeleradiologyLog.LeaseLost(logger, row.Id);
        else TeleradiologyLog.StudyFetched(logger, row.Id, expected.Stored);
        return DispatchVerdict.Recorded;
    }

    /// <returns>Null if the whole study is here, else what went wrong.</returns>
    private async Task<string?> TryMoveAsync(Uid study, ExpectedStudy expected, CancellationToken cancellationToken)
    {
        RetrieveResult result;
        try
        {
            result = await MoveAsync(study, cancellationToken);
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException)
        {
            return e is SocketException socket ? $"The archive: {socket.SocketErrorCode}." : $"The archive: {e.Message}";
        }

        var counts = result.Counts;
        if (result.Status.Category != StatusCategory.Success || counts.Failed > 0)
            return $"The archive answered {new DimseStatus(result.Status.Code)}, {counts.Failed} instances failed.";
        // An archive that does not know the study answers 0000 with no sub-operation (PS3.4 C.4.2.3.1).
        if (expected.Stored == 0) return "The archive does not hold the study.";
        return expected.Stored < counts.Completed + counts.Warning
            ? $"The archive sent {counts.Completed + counts.Warning} instances, {expected.Stored} are here."
            : null;
    }

    private async Task<RetrieveResult> MoveAsync(Uid study, CancellationToken cancellationToken)
    {
        var model = SopClass.StudyRootQueryRetrieveInformationModelMove;
        await using var association = await Association.RequestAsync(
            new AssociationOptions
            {
                Host = archive.Host,
                Port = archive.Port,
                CallingAe = ownAe,
                CalledAe = AeTitle.Parse(archive.AeTitle),
                Contexts =
                [
                    new ProposedContext(
                        model, TransferSyntax.ExplicitVRLittleEndian.Uid, TransferSyntax.ImplicitVRLittleEndian.Uid),
                ],
                Tls = TlsClientOptions.From(archive.Tls),
                Time = time,
            },
            cancellationToken);
        var identifier = new DataSet();
        identifier.SetString(Tag.QueryRetrieveLevel, "STUDY");
        identifier.SetUid(Tag.StudyInstanceUID, study);
        var result = await new CMoveScu(association).MoveAsync(
            model, identifier, ownAe, cancellationToken: cancellationToken);
        await association.ReleaseAsync(cancellationToken);
        return result;
    }
}
