using System.Net.Sockets;
using System.Text.Json;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Grains.Dispatch;
using Drimbox.Storage;

namespace Drimbox.Archive;

/// <summary>Sends a rejection note on by C-STORE. The same note again is no new note to its receiver, so an attempt
/// without an answer is simply repeated.</summary>
internal sealed class IocmForwarder(
    ArchiveOptions options, ArchiveSurroundings surroundings, ArchiveIndex index, InstanceFolders folders)
    : IOutboxHandler
{
    public const string Kind = "iocm";

    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        var forward = JsonSerializer.Deserialize<IocmForward>(attempt.Row.Payload)!;
        var listener = options.IocmListeners.FirstOrDefault(peer => peer.AeTitle == forward.Listener);
        if (listener is null) return DispatchVerdict.Quarantine("The listener is no longer configured.");
        if (await index.FindInstanceAsync(forward.SopInstanceUid, cancellationToken) is not { } note)
            return DispatchVerdict.Stale("The note is no longer in the archive.");
        var source = folders.SourceOf(note with { Renditions = [] });
        try
        {
            await using var association = await Association.RequestAsync(
                new AssociationOptions
                {
                    Host = listener.Host,
                    Port = listener.Port,
                    CallingAe = options.AeTitle,
                    CalledAe = listener.AeTitle,
                    Contexts = CStoreScu.ContextsFor([source]),
                    Tls = listener.Tls,
                    Time = surroundings.Time,
                },
                cancellationToken);
            var status = await new CStoreScu(association).SendAsync(source, cancellationToken);
            await association.ReleaseAsync(cancellationToken);
            return VerdictOf(status);
        }
        catch (Exception e) when (e is AssociationRejectedException
            or AssociationAbortedException or SecureTransportException or TimeoutException or SocketException)
        {
            return DispatchVerdict.Retry(e.Message);
        }
    }

    private static DispatchVerdict VerdictOf(DimseStatus status)
    {
        if (status.IsSuccessOrWarning) return DispatchVerdict.Done;
        // 0111: it has the note already. A7xx and the general failures may pass; the rest will not by itself.
        if (status == DimseStatus.DuplicateSopInstance) return DispatchVerdict.Done;
        return (status.Code & 0xFF00) == 0xA700
            || status == DimseStatus.ProcessingFailure || status == DimseStatus.ResourceLimitation
            ? DispatchVerdict.Retry($"The listener answered {status}.")
            : DispatchVerdict.Quarantine($"The listener answered {status}.");
    }
}
