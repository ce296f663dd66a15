using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Drimbox.Core;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>The request and response primitives that a user of the provider issues. Source: PS3.8 7.</summary>
internal sealed partial class UpperLayerProvider
{
    /// <summary>Opens what lies over TCP.</summary>
    /// <returns>False where that failed: the connection is closed and <see cref="Failure"/> says why.</returns>
    public async ValueTask<bool> OpenTransportAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _transport.OpenAsync(cancellationToken);
            return true;
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException
            or OperationCanceledException)
        {
            _transportFault ??= e;
            OnTransportClosed();
            return false;
        }
    }

    /// <summary>AE-2.</summary>
    public async ValueTask SendAssociateRequestAsync(AssociateRequest request)
    {
        Request = request;
        Apply(UpperLayerEvent.TransportConfirmed);
        await SendLockedAsync(AssociateEncoder.Encode(request));
    }

    /// <summary>AE-7.</summary>
    public async ValueTask SendAssociateAcceptAsync(AssociateAccept accept)
    {
        Accept = accept;
        if (Apply(UpperLayerEvent.AssociateAccept).IsBlank) throw Failure();
        await SendLockedAsync(AssociateEncoder.Encode(accept));
    }

    /// <summary>AE-8, then waits for the peer to close.</summary>
    public async ValueTask RejectAsync(AssociateRejection rejection)
    {
        Rejection = rejection;
        if (Apply(UpperLayerEvent.AssociateReject).IsBlank) return;
        StartArtim();
        await FarewellAsync(FixedPdu.Encode(rejection));
        await AwaitTransportClosedAsync();
    }

    /// <summary>DT-1, AR-7. The caller holds <see cref="SendLock"/> and hands over whole PDUs.</summary>
    /// <exception cref="AssociationAbortedException">The association no longer stands.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendPDataAsync(ReadOnlyMemory<byte> pdus)
    {
        if (Apply(UpperLayerEvent.PDataRequest).IsBlank) throw Failure();
        await SendBytesAsync(pdus);
    }

    /// <summary>As above, from several places.</summary>
    /// <inheritdoc cref="SendPDataAsync(ReadOnlyMemory{byte})"/>
    public async ValueTask SendPDataAsync(IList<ArraySegment<byte>> pdus)
    {
        if (Apply(UpperLayerEvent.PDataRequest).IsBlank) throw Failure();
        if (pdus.Count == 1) await SendBytesAsync(pdus[0]);
        else await SendBytesAsync(pdus);
    }

    /// <summary>AR-1. The confirmation comes by <see cref="ReadAsync"/>.</summary>
    public async ValueTask RequestReleaseAsync()
    {
        if (Apply(UpperLayerEvent.ReleaseRequest).IsBlank) throw Failure();
        await SendLockedAsync(FixedPdu.ReleaseRq());
    }

    /// <summary>AR-4, or AR-9 in a collision. After AR-4 this side only waits for the peer to close.</summary>
    public async ValueTask RespondReleaseAsync()
    {
        if (Apply(UpperLayerEvent.ReleaseResponse).IsBlank) return;
        if (State == Sta.Sta13) StartArtim();
        await FarewellAsync(FixedPdu.ReleaseRp());
        if (State == Sta.Sta13) await AwaitTransportClosedAsync();
    }

    /// <summary>AA-1, from any task: sends A-ABORT; the reading task sees the connection close.</summary>
    public async ValueTask AbortAsync(AssociationAbort abort)
    {
        var transition = Apply(UpperLayerEvent.AbortRequest);
        if (transition.Action == UpperLayerAction.AA1) await SendAbortAsync(abort);
        else CloseTransport();
    }

    private async ValueTask SendAbortAsync(AssociationAbort abort)
    {
        OwnAbort ??= abort;
        StartArtim();
        await FarewellAsync(FixedPdu.Encode(abort));
    }

    /// <summary>The last PDU of this side: sent if the peer takes it in time, without complaint if it does
    /// not.</summary>
    private async ValueTask FarewellAsync(byte[] pdu)
    {
        SendTimeout = Limits.FarewellTimeout;
        try
        {
            // A message of ours that is stuck half-way holds the lock; nothing intelligible can follow it.
            if (!await SendLock.WaitAsync(Limits.FarewellTimeout))
            {
                CloseTransport();
                return;
            }

            try
            {
                await SendBytesAsync(pdu);
            }
            finally
            {
                SendLock.Release();
            }
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            CloseTransport();
        }
    }

    private async ValueTask SendLockedAsync(byte[] pdu)
    {
        await SendLock.WaitAsync();
        try
        {
            await SendBytesAsync(pdu);
        }
        finally
        {
            SendLock.Release();
        }
    }
}
