using System.Buffers;
using System.Runtime.CompilerServices;
using Drimbox.Core;
using Drimbox.Dicom.Tls;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>The upper layer of one transport connection: it reads PDUs in place, asks <see cref="UpperLayerTable"/>
/// what each means in the present state, and does it. One task reads; any task may send, one message at a time under
/// <see cref="SendLock"/>; a timer calls <see cref="Watch"/>.</summary>
internal sealed partial class UpperLayerProvider : IDisposable
{
    private const int HandshakeBufferBytes = 4 * 1024;
    private const int ControlBufferBytes = 16 * 1024;

    private readonly Transport _transport;
    private readonly Lock _gate = new();
    private readonly bool _isRequestor;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(HandshakeBufferBytes);
    private bool _bufferIsLarge;
    private int _start;
    private int _end;
    private int _pduRemaining;
    private int _pdvRemaining;
    private PdvHeader _pdv;
    private bool _disposed;

    public UpperLayerProvider(Transport transport, bool isRequestor, TimeProvider time)
    {
        _transport = transport;
        _isRequestor = isRequestor;
        _time = time;
        // AE-5: the acceptor starts with an open connection; AE-1: the requestor has just opened it.
        Apply(isRequestor ? UpperLayerEvent.AssociateRequest : UpperLayerEvent.TransportIndicated);
        if (!isRequestor) StartArtim();
    }

    /// <summary>Held for as long as a message's fragments must not be mixed with another's (PS3.8 E.1).</summary>
    public SemaphoreSlim SendLock { get; } = new(1, 1);

    public Sta State { get; private set; } = Sta.Sta1;

    /// <summary>What we offered: the longest P-DATA-TF body that may come.</summary>
    public int ReceiveLengthMax { get; set; } = Limits.PduLengthOffered;

    public AssociateRequest? Request { get; private set; }

    public AssociateAccept? Accept { get; private set; }

    public AssociateRejection? Rejection { get; private set; }

    /// <summary>The A-ABORT that came.</summary>
    public AssociationAbort? PeerAbort { get; private set; }

    /// <summary>The A-ABORT that we sent.</summary>
    public AssociationAbort? OwnAbort { get; private set; }

    /// <summary>The exception for a user whose association has ended without a release.</summary>
    public AssociationAbortedException Failure() => (PeerAbort, OwnAbort, _expired) switch
    {
        ({ } peer, _, _) => new AssociationAbortedException(peer),
        (_, _, { } timer) => new AssociationAbortedException(timer),
        (_, { } own, _) when _foreignProtocol is { } foreign => new AssociationAbortedException(own, foreign),
        (_, { } own, _) => new AssociationAbortedException(own),
        _ when _transportFault is SecureTransportException fault => new AssociationAbortedException(fault.Message, fault),
        _ => new AssociationAbortedException("The transport connection was lost.", _transportFault),
    };

    /// <summary>From here on receive into a buffer that is worth a data set.</summary>
    public void UseLargeBuffer()
    {
        if (_bufferIsLarge) return;
        var large = ReceiveBuffers.Shared.Rent();
        MoveTo(large);
        _bufferIsLarge = true;
    }

    /// <summary>The next indication. A fragment's payload stays valid until the next call.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<UpperLayerIndication> ReadAsync()
    {
        while (true)
        {
            if (State == Sta.Sta13) return await AwaitTransportClosedAsync();
            if (_pdvRemaining > 0)
            {
                if (_start == _end && !await FillAsync(1)) return await OnReceiveEndedAsync();
                return TakeFragment();
            }

            if (_pduRemaining > 0)
            {
                // PS3.8 9.3.5.1: what is left must be a whole PDV item, whose shortest form is its header.
                if (_pduRemaining < PdvHeader.Size) return await ViolatedAsync(AbortReason.InvalidParameterValue);
                if (!await FillAsync(PdvHeader.Size)) return await OnReceiveEndedAsync();
                if (!PdvHeader.TryRead(_buffer.AsSpan(_start), _pduRemaining, out _pdv))
                    return await ViolatedAsync(AbortReason.InvalidParameterValue);
                _start += PdvHeader.Size;
                _pduRemaining -= PdvHeader.Size + _pdv.Length;
                _pdvRemaining = _pdv.Length;
                if (_pdvRemaining == 0) return TakeFragment();
                continue;
            }

            if (!await FillAsync(PduHeader.Size)) return await OnReceiveEndedAsync();
            var header = PduHeader.Read(_buffer.AsSpan(_start));
            var indication = await ReadPduAsync(header);
            if (indication.Kind != IndicationKind.None) return indication;
        }
    }

    private UpperLayerIndication TakeFragment()
    {
        var count = Math.Min(_pdvRemaining, _end - _start);
        var payload = _buffer.AsMemory(_start, count);
        _start += count;
        _pdvRemaining -= count;
        return new UpperLayerIndication(
            IndicationKind.Fragment, _pdv.ContextId, _pdv.IsCommand, _pdv.IsLast && _pdvRemaining == 0, payload);
    }

    private ValueTask<UpperLayerIndication> ReadPduAsync(PduHeader header)
    {
        if (header.Type != PduType.PDataTf) return ReadControlPduAsync(header);
        if (header.Length is 0 || header.Length > (uint)ReceiveLengthMax)
            return OutOfStepAsync(AbortReason.InvalidParameterValue);
        var transition = Apply(UpperLayerEvent.PDataReceived);
        if (transition.Action is UpperLayerAction.DT2 or UpperLayerAction.AR6)
        {
            _start += PduHeader.Size;
            _pduRemaining = (int)header.Length;
            return ValueTask.FromResult<UpperLayerIndication>(IndicationKind.None);
        }

        IgnoreBodyOf(header);
        return PerformAsync(transition, AbortReason.UnexpectedPdu);
    }

    private async ValueTask<UpperLayerIndication> ReadControlPduAsync(PduHeader header)
    {
        if (EventOf(header.Type) is not { } received)
        {
            _foreignProtocol = ForeignProtocol.Recognize(_buffer.AsSpan(_start, PduHeader.Size));
            return await OutOfStepAsync(AbortReason.UnrecognizedPdu);
        }

        // Attack A1: the claimed length is compared with its limit before anything is allocated for it.
        var isAcceptable = FixedPdu.IsFixed(header.Type)
            ? FixedPdu.IsLengthRight(header.Length)
            : header.Length <= Limits.AssociateRequestBytesMax;
        if (!isAcceptable) return await OutOfStepAsync(AbortReason.InvalidParameterValue);
        // What is unexpected is refused by its header; its body is not worth reading.
        var foreseen = UpperLayerTable.Lookup(received, State);
        if (foreseen.Action is UpperLayerAction.AA1 or UpperLayerAction.AA8)
        {
            IgnoreBodyOf(header);
            return await PerformAsync(Apply(received), AbortReason.UnexpectedPdu);
        }

        var length = (int)header.Length;
        if (!await FillAsync(PduHeader.Size + length)) return await OnReceiveEndedAsync();
        var body = _buffer.AsSpan(_start + PduHeader.Size, length);
        var fault = Decode(header.Type, body);
        _start += PduHeader.Size + length;
        if (fault is { } reason) return await ViolatedAsync(reason);
        return await PerformAsync(Apply(received), AbortReason.UnexpectedPdu);
    }

    private AbortReason? Decode(PduType type, ReadOnlySpan<byte> body)
    {
        AbortReason fault;
        switch (type)
        {
            case PduType.AssociateRq:
                if (!AssociateDecoder.TryDecodeRequest(body, out var request, out fault)) return fault;
                Request = request;
                return null;
            case PduType.AssociateAc:
                if (!AssociateDecoder.TryDecodeAccept(body, out var accept, out fault)) return fault;
                Accept = accept;
                return null;
            case PduType.AssociateRj:
                Rejection = FixedPdu.DecodeRejection(body);
                return null;
            case PduType.Abort:
                PeerAbort = FixedPdu.DecodeAbort(body);
                return null;
            default:
                return null;
        }
    }

    private static UpperLayerEvent? EventOf(PduType type) => type switch
    {
        PduType.AssociateRq => UpperLayerEvent.AssociateRqReceived,
        PduType.AssociateAc => UpperLayerEvent.AssociateAcReceived,
        PduType.AssociateRj => UpperLayerEvent.AssociateRjReceived,
        PduType.PDataTf => UpperLayerEvent.PDataReceived,
        PduType.ReleaseRq => UpperLayerEvent.ReleaseRqReceived,
        PduType.ReleaseRp => UpperLayerEvent.ReleaseRpReceived,
        PduType.Abort => UpperLayerEvent.AbortReceived,
        _ => null,
    };

    /// <summary>The peer sent what no DICOM peer sends in this place (Evt19): aborts for that reason.</summary>
    public ValueTask<UpperLayerIndication> ViolatedAsync(AbortReason reason) =>
        PerformAsync(Apply(UpperLayerEvent.InvalidPduReceived), reason);

    /// <summary>Does what a received PDU or its absence asks for.</summary>
    /// <param name="transition">The cell of the table.</param>
    /// <param name="reason">The reason of the A-ABORT, where the cell asks for one.</param>
    private async ValueTask<UpperLayerIndication> PerformAsync(Transition transition, AbortReason reason)
    {
        switch (transition.Action)
        {
            case UpperLayerAction.AE3:
                return IndicationKind.AssociateAccepted;
            case UpperLayerAction.AE4:
                CloseTransport();
                return IndicationKind.AssociateRejected;
            case UpperLayerAction.AE6:
                StopArtim();
                return IndicationKind.AssociateRequested;
            case UpperLayerAction.AR2 or UpperLayerAction.AR8:
                return IndicationKind.ReleaseRequested;
            case UpperLayerAction.AR3:
                CloseTransport();
                return IndicationKind.ReleaseConfirmed;
            case UpperLayerAction.AR10:
                return IndicationKind.ReleaseConfirmed;
            case UpperLayerAction.AA2 or UpperLayerAction.AA3:
                StopArtim();
                CloseTransport();
                return IndicationKind.Aborted;
            // Another task has aborted meanwhile: Sta13 reads on from here.
            case UpperLayerAction.AA6:
                return IndicationKind.None;
            // PS3.8 gives AA-1 the service-user source, which tells a peer nothing; since it is the provider that
            // found the fault here, both carry the provider source and the reason (reliability rule A1 to A3).
            case UpperLayerAction.AA1 or UpperLayerAction.AA7 or UpperLayerAction.AA8:
                await SendAbortAsync(AssociationAbort.ByProvider(reason));
                return IndicationKind.Violated;
            default:
                throw Invariant.Unreachable(transition.Action);
        }
    }

    // The peer closed, or a timer of ours ended the receive: then the peer is told before the connection goes.
    private async ValueTask<UpperLayerIndication> OnReceiveEndedAsync()
    {
        if (_expired is not null && State is not (Sta.Sta1 or Sta.Sta2 or Sta.Sta13)
            && Apply(UpperLayerEvent.AbortRequest).Action == UpperLayerAction.AA1)
        {
            await SendAbortAsync(AssociationAbort.ByProvider(AbortReason.NotSpecified));
        }

        return OnTransportClosed();
    }

    private UpperLayerIndication OnTransportClosed()
    {
        if (State != Sta.Sta1) Apply(UpperLayerEvent.TransportClosed);
        StopArtim();
        CloseTransport();
        return IndicationKind.Closed;
    }

    private Transition Apply(UpperLayerEvent happened)
    {
        lock (_gate)
        {
            var transition = UpperLayerTable.Lookup(happened, State);
            if (transition.Action == UpperLayerAction.AR8)
                State = _isRequestor ? transition.Next : transition.Otherwise;
            else
                State = transition.Next;
            return transition;
        }
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _transport.Dispose();
        ReturnBuffer();
    }
}
