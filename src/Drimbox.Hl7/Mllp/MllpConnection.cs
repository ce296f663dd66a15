using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Drimbox.Core;
using Microsoft.Extensions.Logging;

namespace Drimbox.Hl7.Mllp;

/// <summary>One accepted connection: frames in, acknowledgements out, in order, one at a time.</summary>
internal sealed class MllpConnection(
    Socket socket,
    MllpListenerOptions options,
    MllpHandler handler,
    MllpFrameRefused refuse,
    SemaphoreSlim largeFrames,
    TimeProvider time,
    ILogger logger) : IDisposable
{
    private readonly MllpFrameBuffer _buffer = new(options.FrameBytesMax);
    private readonly string _port = MllpMetrics.PortOf(socket);
    private readonly NetworkStream _plain = new(socket, ownsSocket: true);
    private Stream? _stream;
    private long _waitingSince = time.GetTimestamp();
    private long _frameBegan;
    private bool _began;
    private bool _hasLargeSlot;
    private bool _answeredOne;

    public MllpPeer Peer { get; } = socket.RemoteEndPoint is IPEndPoint peer
        ? new MllpPeer(peer.Address, peer.Port)
        : new MllpPeer(IPAddress.None, 0);

    /// <summary>Since when the connection waits for a frame to begin; null while it receives or answers one.</summary>
    public long? WaitingSince => Volatile.Read(ref _waitingSince) is > 0 and var since ? since : null;

    /// <summary>Closes the socket; a running loop ends on it.</summary>
    public void Dispose() => _plain.Dispose();

    private Stream Stream => _stream ?? _plain;

    /// <param name="stopping">No further frame is read.</param>
    /// <param name="aborting">The handler is told to give up.</param>
    [SuppressMessage("Design", "CA1031", Justification = "Top of the session loop: the failure is logged here, "
        + "the peer gets no acknowledgement and sends again.")]
    public async Task RunAsync(CancellationToken stopping, CancellationToken aborting)
    {
        try
        {
            if (!await SecureAsync(stopping)) return;
            while (await ReceiveAsync(stopping) is { } frame)
            {
                var begun = Stopwatch.GetTimestamp();
                var ack = await handler(frame, Peer, aborting);
                MllpMetrics.Answered(_port, ack.GetValueOrDefault().Span, Stopwatch.GetElapsedTime(begun));
                // A null array becomes an empty memory on its way here: both mean no acknowledgement.
                if (ack is not { IsEmpty: false } message) break;
                await SendAsync(message, aborting);
                _answeredOne = true;
            }
        }
        catch (Exception e)
            when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Hl7Log.ConnectionLost(logger, Peer.Address, e.GetType().Name);
        }
        catch (Exception e)
        {
            Hl7Log.HandlerFailed(logger, e, Peer.Address);
        }
        finally
        {
            if (_hasLargeSlot) largeFrames.Release();
            await Stream.DisposeAsync();
            await _plain.DisposeAsync();
        }
    }

    private async Task<bool> SecureAsync(CancellationToken stopping)
    {
        if (options.Secure is not { } secure) return true;
        using var timer = new CancellationTokenSource(options.FirstByteTimeout, time);
        await using var registration =
            stopping.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), timer);
        try
        {
            _stream = await secure(_plain, timer.Token);
            return true;
        }
        catch (IOException e)
        {
            Hl7Log.NotSecure(logger, Peer.Address, e.Message);
            return false;
        }
    }

    /// <summary>The next frame, or null when the connection is to be closed.</summary>
    private async Task<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken stopping)
    {
        while (true)
        {
            switch (_buffer.TryRead(out var frame, out var refusal))
            {
                case MllpRead.Frame:
                    Volatile.Write(ref _waitingSince, 0);
                    _began = false;
                    return frame;
                case MllpRead.Violation:
                    return await RefuseAsync(refusal!);
            }

            var free = _buffer.WantsLargeArray ? default : _buffer.Writable();
            if (free.IsEmpty) free = await WritableLargeAsync(stopping);
            ReturnLargeSlot();
            NoteWaiting();
            if (stopping.IsCancellationRequested && !_buffer.InFrame) return null;
            switch (await ReadAsync(free, stopping))
            {
                case null:
                    return _buffer.HasRest
                        ? await RefuseAsync(new Refusal(RefusalReason.Malformed, "A frame that does not end."))
                        : null;
                case 0:
                    return _buffer.HasRest
                        ? await RefuseAsync(new Refusal(RefusalReason.Malformed, "A frame that breaks off."))
                        : null;
                case { } count:
                    _buffer.Advance(count);
                    break;
            }
        }
    }

    /// <returns>The bytes read, 0 at the end of the stream, null when a timer fires or the listener stops.</returns>
    private async Task<int?> ReadAsync(Memory<byte> free, CancellationToken stopping)
    {
        using var timer = new CancellationTokenSource(ReadTimeout(), time);
        // A frame that has begun is still received when the listener stops; its timers bound that.
        await using var registration = _buffer.InFrame
            ? default
            : stopping.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), timer);
        try
        {
            return await Stream.ReadAsync(free, timer.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private TimeSpan ReadTimeout()
    {
        if (!_buffer.HasRest) return _answeredOne ? options.IdleTimeout : options.FirstByteTimeout;
        var left = options.FrameTimeout - time.GetElapsedTime(_frameBegan);
        if (left > options.InterByteTimeout) return options.InterByteTimeout;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void NoteWaiting()
    {
        if (!_buffer.HasRest)
        {
            if (WaitingSince is null) Volatile.Write(ref _waitingSince, time.GetTimestamp());
            return;
        }

        if (_began) return;
        _began = true;
        _frameBegan = time.GetTimestamp();
        Volatile.Write(ref _waitingSince, 0);
    }

    private async Task<Memory<byte>> WritableLargeAsync(CancellationToken stopping)
    {
        if (!_hasLargeSlot) await largeFrames.WaitAsync(stopping);
        _hasLargeSlot = true;
        // The time spent in our queue is not the sender's.
        _frameBegan = time.GetTimestamp();
        return _buffer.Writable();
    }

    private void ReturnLargeSlot()
    {
        if (!_hasLargeSlot || _buffer.HasLargeArray) return;
        _hasLargeSlot = false;
        largeFrames.Release();
    }

    private async Task<ReadOnlyMemory<byte>?> RefuseAsync(Refusal refusal)
    {
        Hl7Log.FrameRefused(logger, Peer.Address, refusal.Detail);
        if (refuse(_buffer.Beginning, refusal) is { IsEmpty: false } ack) await SendAsync(ack, CancellationToken.None);
        // Bytes that the peer is still sending would turn our close into a reset that takes the answer with it.
        await DrainAsync();
        return null;
    }

    private async Task DrainAsync()
    {
        // RFC 8446 6.1: close_notify, then the end of the stream.
        if (_stream is SslStream secure) await secure.ShutdownAsync();
        socket.Shutdown(SocketShutdown.Send);
        using var timer = new CancellationTokenSource(TimeSpan.FromSeconds(1), time);
        var scratch = new byte[16 * 1024];
        try
        {
            // 1 s or 1 MiB: long enough for what is under way, too little to be worth an attack.
            for (var drained = 0; drained < 1024 * 1024;)
            {
                var count = await Stream.ReadAsync(scratch, timer.Token);
                if (count == 0) return;
                drained += count;
            }
        }
        catch (OperationCanceledException)
        {
            // The peer keeps the connection open: it is closed under it.
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> ack, CancellationToken aborting)
    {
        using var timer = new CancellationTokenSource(options.InterByteTimeout, time);
        await using var registration =
            aborting.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), timer);
        await Stream.WriteAsync(MllpFrame.Wrap(ack.Span), timer.Token);
    }
}
