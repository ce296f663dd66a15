using System.Net;
using Drimbox.Core;

namespace Drimbox.Hl7.Mllp;

/// <summary>Where an MLLP door listens and what it bears.</summary>
public sealed record MllpListenerOptions
{
    /// <summary>The address to listen on. Default: loopback.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>TCP port, 0 to 65535; 0 takes a free one, see <see cref="MllpListener.LocalEndPoint"/>. Default:
    /// 0.</summary>
    public int Port { get; init; }

    /// <summary>Longest frame, bytes. Default: <see cref="Limits.MllpFrameBytesMax"/>.</summary>
    public int FrameBytesMax { get; init; } = Limits.MllpFrameBytesMax;

    /// <summary>Connections at once. Default: <see cref="Limits.MllpConnectionsMax"/>.</summary>
    public int ConnectionsMax { get; init; } = Limits.MllpConnectionsMax;

    /// <summary>Connections at once from one address. Default: <see
    /// cref="Limits.MllpConnectionsPerPeerMax"/>.</summary>
    public int ConnectionsPerPeerMax { get; init; } = Limits.MllpConnectionsPerPeerMax;

    /// <summary>Wait for the first byte of a new connection. Default: <see
    /// cref="Limits.MllpFirstByteTimeout"/>.</summary>
    public TimeSpan FirstByteTimeout { get; init; } = Limits.MllpFirstByteTimeout;

    /// <summary>Wait between two bytes of a frame, and for the peer to take an acknowledgement. Default:
    /// <see cref="Limits.MllpInterByteTimeout"/>.</summary>
    public TimeSpan InterByteTimeout { get; init; } = Limits.MllpInterByteTimeout;

    /// <summary>Time for one whole frame. Default: <see cref="Limits.MllpFrameTimeout"/>.</summary>
    public TimeSpan FrameTimeout { get; init; } = Limits.MllpFrameTimeout;

    /// <summary>Wait between two frames of a connection. Default: <see cref="Limits.MllpIdleTimeout"/>.</summary>
    public TimeSpan IdleTimeout { get; init; } = Limits.MllpIdleTimeout;

    /// <summary>Makes an accepted connection secure before anything is read of it, within
    /// <see cref="FirstByteTimeout"/>; throws <see cref="IOException"/> with a sentence where that fails. Default: null,
    /// plain MLLP.</summary>
    public Func<Stream, CancellationToken, Task<Stream>>? Secure { get; init; }
}

/// <summary>Who sent a frame.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port.</param>
public sealed record MllpPeer(IPAddress Address, int Port);

/// <summary>Answers one frame. The bytes of the frame are only valid until the task ends.</summary>
/// <returns>The acknowledgement, or null to close the connection without one (unreadable header).</returns>
public delegate ValueTask<ReadOnlyMemory<byte>?> MllpHandler(
    ReadOnlyMemory<byte> frame, MllpPeer peer, CancellationToken cancellationToken);

/// <summary>Answers bytes that are no whole frame and never will be (attack A15); the connection closes
/// after.</summary>
/// <param name="beginning">What was received of the frame.</param>
/// <returns>A negative acknowledgement, or null if the beginning holds no readable header.</returns>
public delegate ReadOnlyMemory<byte>? MllpFrameRefused(ReadOnlyMemory<byte> beginning, Refusal refusal);
