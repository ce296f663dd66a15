using System.Net.Security;
using System.Net.Sockets;
using Drimbox.Dicom.Tls;

namespace Drimbox.Source.Audit;

/// <summary>
/// One connection to a syslog collector. RFC 5425 has no acknowledgement: what was written may lie in a buffer that is
/// lost with the peer. What can be known is that the peer ended the connection after us: then TCP has the
/// acknowledgement of our end from it, and with it of all that we wrote before, and it was not reset, so nothing that
/// came was left unread.
/// </summary>
internal sealed class SyslogConnection : IAsyncDisposable
{
    // Linux, include/net/tcp_states.h. Closed: both ends are acknowledged (a socket in TIME_WAIT shows so too), or it
    // was reset, which is an error of the socket. Until then our end waits for its acknowledgement.
    private const byte Closed = 7;
    private const byte LastAck = 9;
    private const byte Closing = 11;
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(20);

    // RFC 9293 is protocol 6; Linux, include/uapi/linux/tcp.h: TCP_INFO is option 11, its first byte the state.
    private const int Tcp = 6;
    private const int TcpInfo = 11;

    private readonly Socket _socket;
    private readonly SslStream _stream;
    private readonly TimeProvider _time;

    private SyslogConnection(Socket socket, SslStream stream, TimeProvider time) =>
        (_socket, _stream, _time) = (socket, stream, time);

    /// <exception cref="IOException">It cannot be reached, or one of us does not trust the other.</exception>
    public static async Task<SyslogConnection> OpenAsync(
        AuditForwardOptions target, TimeProvider time, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(target.Host, target.Port, cancellationToken);
            var stream = await TlsStreams.Client(target.Tls, target.Host, time)!(
                new NetworkStream(socket, ownsSocket: false), cancellationToken);
            return new SyslogConnection(socket, (SslStream)stream, time);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"It cannot be reached: {e.SocketErrorCode}.", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken) =>
        _stream.WriteAsync(frame, cancellationToken);

    /// <summary>Ends the connection and waits for the other end.</summary>
    /// <returns>True: the peer has taken all that was written.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    public async Task<bool> EndAsync(CancellationToken cancellationToken)
    {
        // RFC 5425 4.4: close_notify, then the end of the stream.
        await _stream.ShutdownAsync();
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
            // A collector has nothing to say but its own end: first that of TLS, if it tells it, then that of TCP.
            var ignored = new byte[256];
            while (await _stream.ReadAsync(ignored, cancellationToken) > 0)
            {
                // Ignored.
            }

            while (await _socket.ReceiveAsync(ignored, cancellationToken) > 0)
            {
                // Ignored.
            }

            while (State() is LastAck or Closing) await Task.Delay(RoundTrip, _time, cancellationToken);
            return State() == Closed
                && _socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is 0;
        }
        catch (SocketException e)
        {
            throw new IOException($"The connection broke: {e.SocketErrorCode}.", e);
        }
    }

    private byte State()
    {
        Span<byte> state = stackalloc byte[1];
        return _socket.GetRawSocketOption(Tcp, TcpInfo, state) == 1 ? state[0] : (byte)0;
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _socket.Dispose();
    }
}
