using System.Text;
using FellowOakDicom.Network;
using Microsoft.Extensions.Logging;

namespace Drimbox.FoDicomReceiver;

/// <summary>What fo-dicom users write to receive files: the library's service with its defaults, everything accepted,
/// each instance saved under its SOP Instance UID. No index, no fsync.</summary>
internal sealed class PlainReceiver(
    INetworkStream stream, Encoding fallbackEncoding, ILogger log, DicomServiceDependencies dependencies)
    : DicomService(stream, fallbackEncoding, log, dependencies), IDicomServiceProvider, IDicomCStoreProvider,
        IDicomCEchoProvider
{
    public Task OnReceiveAssociationRequestAsync(DicomAssociation association)
    {
        foreach (var context in association.PresentationContexts)
            context.AcceptTransferSyntaxes([.. context.GetTransferSyntaxes()]);
        return SendAssociationAcceptAsync(association);
    }

    public Task OnReceiveAssociationReleaseRequestAsync() => SendAssociationReleaseResponseAsync();

    public void OnReceiveAbort(DicomAbortSource source, DicomAbortReason reason)
    {
    }

    public void OnConnectionClosed(Exception exception)
    {
    }

    public async Task<DicomCStoreResponse> OnCStoreRequestAsync(DicomCStoreRequest request)
    {
        await request.File.SaveAsync(Path.Combine((string)UserState, $"{request.SOPInstanceUID.UID}.dcm"));
        return new DicomCStoreResponse(request, DicomStatus.Success);
    }

    public Task OnCStoreRequestExceptionAsync(string tempFileName, Exception e) => Task.CompletedTask;

    public Task<DicomCEchoResponse> OnCEchoRequestAsync(DicomCEchoRequest request) =>
        Task.FromResult(new DicomCEchoResponse(request, DicomStatus.Success));
}
