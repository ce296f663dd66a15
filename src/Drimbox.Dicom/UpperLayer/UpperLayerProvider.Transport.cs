using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Drimbox.Core;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>The side of the provider that touches the transport and the clock.</summary>
internal sealed partial class UpperLayerProvider
{
    private readonly TimeProvider _time;
    private long _artimDeadline;
    private long _waitingSince;
    private long _sendingSince;
    private long _receivedBytes;
    private long _watchedBytes;
    private long _slowSince;
    private string? _expired;
    private Exception? _transportFault;

    /// <summary>How long the peer may be silent while we wait for it; infinite before the association stands, where
    /// ARTIM rules.</summary>
    public TimeSpan IdleTimeout { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>True between the first byte of a message and its last: then a trickle is not progress.</summary>
    public bool IsInMessage { get; set; }

    /// <summary>How long the reading task has been waiting for the peer; null while it does not.</summary>
    public TimeSpan? WaitingTime =>
        Volatile.Read(ref _waitingSince) is not 0 and var since ? _time.GetElapsedTime(since) : null;

    /// <summary>Bytes in several places are sent from there, without a copy.</summary>
    public bool CanGather => _transport.CanGather;

    /// <summary>Bytes received on this connection.</summary>
    public long ReceivedBytes => Volatile.Read(ref _receivedBytes);

    /// <summary>Nothing has come that was not read, not even the end of the connection.</summary>
    public bool IsQuiet => _start == _end && !_transport.HasInput();

    private TimeSpan SendTimeout { get; set; } = Limits.AssociationIdleTimeout;

    /// <summary>Starts the Association Request/Reject/Release Timer. Source: PS3.8 9.1.5.</summary>
    public void StartArtim() =>
        Volatile.Write(ref _artimDeadline, _time.GetTimestamp() + Ticks(Limits.ArtimTimeout));

    public void StopArtim() => Volatile.Write(ref _artimDeadline, 0);

    /// <summary>Called about once a second by the owner of the connection: ends what waits too long.</summary>
    public void Watch()
    {
        var now = _time.GetTimestamp();
        if (Volatile.Read(ref _artimDeadline) is var artim and not 0 && now >= artim)
        {
            // AA-2: ARTIM expired in Sta2 or Sta13. The waiting read ends with the connection.
            Expire("The peer did not act in time (ARTIM timer).", orderly: false);
            return;
        }

        if (Volatile.Read(ref _sendingSince) is var sending and not 0
            && _time.GetElapsedTime(sending, now) > SendTimeout)
        {
            Expire("The peer did not take what was sent to it in time.", orderly: false);
            return;
        }

        var waiting = Volatile.Read(ref _waitingSince);
        if (waiting != 0 && IdleTimeout != Timeout.InfiniteTimeSpan && _time.GetElapsedTime(waiting, now) > IdleTimeout)
        {
            Expire("The peer was silent for too long.", orderly: true);
            return;
        }

        WatchThroughput(now, isWaiting: waiting != 0);
    }

    /// <summary>Ends the connection from outside of the reading task, which then sees it closed.</summary>
    public void Expire(string why, bool orderly)
    {
        _expired ??= why;
        if (!orderly)
        {
            CloseTransport();
            return;
        }

        try
        {
            // The pending receive ends with 0 bytes, and the reading task says goodbye itself.
            _transport.ShutdownReceive();
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            CloseTransport();
        }
    }

    // Attack A11: one byte every few seconds is not silence, but it is no transfer either.
    private void WatchThroughput(long now, bool isWaiting)
    {
        var received = ReceivedBytes;
        var isSlow = isWaiting && IsInMessage && received - _watchedBytes < Limits.ThroughputBytesPerSecondMin;
        _watchedBytes = received;
        if (!isSlow)
        {
            _slowSince = 0;
            return;
        }

        if (_slowSince == 0) _slowSince = now;
        if (_time.GetElapsedTime(_slowSince, now) > Limits.ThroughputGrace)
            Expire("The peer sent too slowly within a message.", orderly: true);
    }

    /// <summary>Makes at least <paramref name="count"/> contiguous bytes available at <c>_start</c>.</summary>
    /// <returns>False where the connection ended first.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> FillAsync(int count)
    {
        while (_end - _start < count)
        {
            MakeRoom(count);
            var received = await ReceiveAsync();
            if (received == 0) return false;
            _end += received;
            Volatile.Write(ref _receivedBytes, _receivedBytes + received);
        }

        return true;
    }

    private void MakeRoom(int count)
    {
        if (_start == _end)
        {
            _start = _end = 0;
            // Now that nothing is in it, a buffer for the handshake can become one for an association.
            if (_buffer.Length < ControlBufferBytes && State == Sta.Sta6)
                MoveTo(ArrayPool<byte>.Shared.Rent(ControlBufferBytes));
        }

        if (_buffer.Length - _start >= count && _end < _buffer.Length) return;
        if (_buffer.Length < count && _end == _buffer.Length)
        {
            // Only a long A-ASSOCIATE-RQ comes here. Doubling by what has arrived, not by what was claimed, makes
            // the peer pay for each byte that we hold (attack A1).
            MoveTo(ArrayPool<byte>.Shared.Rent(
                Math.Min(_buffer.Length * 2, PduHeader.Size + Limits.AssociateRequestBytesMax)));
            return;
        }

        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReceiveAsync()
    {
        // Before the call: on a thread of its own (SessionThread) the receive waits within it.
        Volatile.Write(ref _waitingSince, _time.GetTimestamp());
        try
        {
            return _bufferIsLarge && SessionThread.IsCurrent && _transport is SocketTransport socket
                ? Receive(socket)
                : await _transport.ReceiveAsync(_buffer.AsMemory(_end, ReceiveSize()), CancellationToken.None);
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            _transportFault ??= e;
            return 0;
        }
        finally
        {
            Volatile.Write(ref _waitingSince, 0);
        }
    }

    // While an association waits with nothing in its buffer, another one has the buffer, and it is still in the cache of
    // the processor when the next bytes come into it: as many are in use as there are associations at work.
    private int Receive(SocketTransport socket)
    {
        while (true)
        {
            if (socket.TryReceive(_buffer.AsSpan(_end, ReceiveSize())) is { } count) return count;
            if (_start < _end)
            {
                socket.AwaitInput();
                continue;
            }

            ReceiveBuffers.Shared.Return(_buffer);
            _buffer = [];
            try
            {
                socket.AwaitInput();
            }
            finally
            {
                _buffer = ReceiveBuffers.Shared.Rent();
            }
        }
    }

    // Within a long fragment no further than the headers of the next one: each receive then ends where a fragment
    // does, and the sink writes once a receive. Short fragments come by the bufferful.
    private int ReceiveSize()
    {
        var room = _buffer.Length - _end;
        return _pdvRemaining < Limits.FragmentBytesReceivedAlone || _start < _end
            ? room
            : Math.Min(room, _pdvRemaining + PduHeader.Size + PdvHeader.Size);
    }

    /// <summary>Writes all of <paramref name="bytes"/>. The caller holds <see cref="SendLock"/>.</summary>
    /// <exception cref="AssociationAbortedException">The connection ended.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendBytesAsync(ReadOnlyMemory<byte> bytes)
    {
        Volatile.Write(ref _sendingSince, _time.GetTimestamp());
        try
        {
            while (bytes.Length > 0)
                bytes = bytes[await _transport.SendAsync(bytes, CancellationToken.None)..];
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            _transportFault ??= e;
            throw Failure();
        }
        finally
        {
            Volatile.Write(ref _sendingSince, 0);
        }
    }

    /// <inheritdoc cref="SendBytesAsync(ReadOnlyMemory{byte})"/>
    private async ValueTask SendBytesAsync(IList<ArraySegment<byte>> pieces)
    {
        Volatile.Write(ref _sendingSince, _time.GetTimestamp());
        try
        {
            while (pieces.Count > 0)
            {
                var sent = await _transport.SendAsync(pieces);
                // A socket takes all unless the connection fails.
                while (pieces.Count > 0 && sent >= pieces[0].Count)
                {
                    sent -= pieces[0].Count;
                    pieces.RemoveAt(0);
                }

                if (sent > 0) pieces[0] = pieces[0][sent..];
            }
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            _transportFault ??= e;
            throw Failure();
        }
        finally
        {
            Volatile.Write(ref _sendingSince, 0);
        }
    }

    private void MoveTo(byte[] buffer)
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(buffer);
        _end -= _start;
        _start = 0;
        ReturnBuffer();
        _buffer = buffer;
        _bufferIsLarge = false;
    }

    private void ReturnBuffer()
    {
        if (_bufferIsLarge) ReceiveBuffers.Shared.Return(_buffer);
        else ArrayPool<byte>.Shared.Return(_buffer);
    }

    private void CloseTransport() => _transport.Close();

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);
}
