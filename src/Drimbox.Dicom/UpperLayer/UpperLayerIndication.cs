namespace Drimbox.Dicom.UpperLayer;

/// <summary>What the provider tells its user. Source: PS3.8 7, the indication and confirmation primitives.</summary>
internal enum IndicationKind : byte
{
    /// <summary>Nothing for the user; read on.</summary>
    None,

    /// <summary>Part of a presentation data value.</summary>
    Fragment,

    AssociateRequested,
    AssociateAccepted,
    AssociateRejected,
    ReleaseRequested,
    ReleaseConfirmed,

    /// <summary>A-ABORT of the peer.</summary>
    Aborted,

    /// <summary>A-P-ABORT: the peer broke the protocol and was sent the A-ABORT that
    /// <see cref="UpperLayerProvider.OwnAbort"/> holds.</summary>
    Violated,

    /// <summary>The transport connection ended without A-ABORT or release, or one of our timers ended it.</summary>
    Closed,
}

/// <param name="IsLast">True only for the piece that ends the last fragment of a message's command or data set.</param>
/// <param name="Payload">Bytes in the receive buffer itself: valid until the next read.</param>
internal readonly record struct UpperLayerIndication(
    IndicationKind Kind, byte ContextId, bool IsCommand, bool IsLast, ReadOnlyMemory<byte> Payload)
{
    public static implicit operator UpperLayerIndication(IndicationKind kind) => new(kind, 0, false, false, default);
}
