using System.Net.Sockets;
using Drimbox.Core;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>Sta13: the association exists no longer, and the peer is given the time to close.</summary>
internal sealed partial class UpperLayerProvider
{
    private const long AllThatComes = long.MaxValue;

    // Bytes of a PDU that is not read any further; only Sta13 looks at them.
    private long _ignoredBytes;
    private bool _sendIsShut;
    private string? _foreignProtocol;

    /// <summary>Reads PDUs as Sta13 asks for (AA-6, AA-7, AA-2) until the peer closes (AR-5) or ARTIM expires (AA-2).
    /// Does nothing in another state.</summary>
    /// <remarks>Closing earlier would let the kernel answer unread bytes with a reset, which can overtake our last
    /// PDU.</remarks>
    /// <returns>Aborted or closed.</returns>
    public async ValueTask<UpperLayerIndication> AwaitTransportClosedAsync()
    {
        _ignoredBytes = Math.Max(_ignoredBytes, (long)_pduRemaining + _pdvRemaining);
        _pduRemaining = _pdvRemaining = 0;
        while (State == Sta.Sta13)
        {
            if (!await SkipIgnoredAsync() || !await FillLastAsync(PduHeader.Size)) return OnTransportClosed();
            var header = PduHeader.Read(_buffer.AsSpan(_start));
            _start += PduHeader.Size;
            _ignoredBytes = header.Length;
            switch (Apply(EventInSta13(header)).Action)
            {
                case UpperLayerAction.AA6:
                    break;
                case UpperLayerAction.AA7:
                    // A peer that goes on like this gets no third one, so nobody can make us answer without end.
                    _ignoredBytes = AllThatComes;
                    await FarewellAsync(FixedPdu.Encode(AssociationAbort.ByProvider(AbortReason.UnexpectedPdu)));
                    break;
                case UpperLayerAction.AA2:
                    StopArtim();
                    CloseTransport();
                    return IndicationKind.Aborted;
                case var other:
                    throw Invariant.Unreachable(other);
            }
        }

        return IndicationKind.Closed;
    }

    private static UpperLayerEvent EventInSta13(PduHeader header)
    {
        var isLengthRight = !FixedPdu.IsFixed(header.Type) || FixedPdu.IsLengthRight(header.Length);
        return isLengthRight && EventOf(header.Type) is { } received ? received : UpperLayerEvent.InvalidPduReceived;
    }

    /// <summary>A violation after which the borders of PDUs are lost: nothing more can be told apart.</summary>
    private ValueTask<UpperLayerIndication> OutOfStepAsync(AbortReason reason)
    {
        _ignoredBytes = AllThatComes;
        return ViolatedAsync(reason);
    }

    /// <summary>The PDU whose header lies at <c>_start</c> is refused unread.</summary>
    private void IgnoreBodyOf(PduHeader header)
    {
        _start += PduHeader.Size;
        _ignoredBytes = header.Length;
    }

    private async ValueTask<bool> SkipIgnoredAsync()
    {
        while (_ignoredBytes > 0)
        {
            if (_start == _end && !await FillLastAsync(1)) return false;
            var skipped = (int)Math.Min(_ignoredBytes, _end - _start);
            _start += skipped;
            if (_ignoredBytes != AllThatComes) _ignoredBytes -= skipped;
        }

        return true;
    }

    private async ValueTask<bool> FillLastAsync(int count)
    {
        while (_end - _start < count)
        {
            MakeRoom(count);
            var received = await ReceiveLastAsync();
            if (received == 0) return false;
            _end += received;
        }

        return true;
    }

    // The peer closes (PS3.8 9.2.3, Sta13). One that does not, within a round trip, sees the end of our side; until
    // then an AA-7 can still be said.
    private async ValueTask<int> ReceiveLastAsync()
    {
        if (!_sendIsShut)
        {
            using var grace = new CancellationTokenSource(Limits.LastWordGrace, _time);
            try
            {
                return await _transport.ReceiveAsync(_buffer.AsMemory(_end), grace.Token);
            }
            catch (OperationCanceledException)
            {
                if (!await ShutdownSendAsync()) return 0;
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
            {
                _transportFault ??= e;
                return 0;
            }
        }

        return await ReceiveAsync();
    }

    private async ValueTask<bool> ShutdownSendAsync()
    {
        _sendIsShut = true;
        if (!await SendLock.WaitAsync(TimeSpan.Zero)) return true;
        try
        {
            await _transport.ShutdownSendAsync();
            return true;
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            _transportFault ??= e;
            return false;
        }
        finally
        {
            SendLock.Release();
        }
    }
}
