using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Drimbox.Emulators.Mail;

/// <summary>A connection of a line protocol that may become secure in its midst.</summary>
internal sealed class MailLines(Stream plain) : IAsyncDisposable
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private Stream _stream = plain;
    private int _start;
    private int _end;

    public bool IsSecure { get; private set; }

    /// <summary>The next line without its CR LF; null at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">A line longer than <paramref name="bytesMax"/>, or a bare CR or LF.
    /// </exception>
    public async Task<byte[]?> ReadAsync(int bytesMax, CancellationToken cancellation)
    {
        var line = new MemoryStream();
        while (true)
        {
            if (_start == _end && !await FillAsync(cancellation)) return null;
            var b = _buffer[_start++];
            if (b == (byte)'\n') throw new InvalidDataException("A bare LF.");
            if (b != (byte)'\r')
            {
                if (line.Length >= bytesMax) throw new InvalidDataException("A line that is too long.");
                line.WriteByte(b);
                continue;
            }

            if (_start == _end && !await FillAsync(cancellation)) return null;
            if (_buffer[_start++] != (byte)'\n') throw new InvalidDataException("A bare CR.");
            return line.ToArray();
        }
    }

    public async Task<string?> ReadTextAsync(int bytesMax, CancellationToken cancellation) =>
        await ReadAsync(bytesMax, cancellation) is { } line ? Encoding.UTF8.GetString(line) : null;

    /// <summary>Bytes that a length announced (an IMAP literal).</summary>
    public async Task<byte[]?> ReadExactlyAsync(int count, CancellationToken cancellation)
    {
        var bytes = new byte[count];
        for (var i = 0; i < count; i++)
        {
            if (_start == _end && !await FillAsync(cancellation)) return null;
            bytes[i] = _buffer[_start++];
        }

        return bytes;
    }

    public async Task WriteAsync(string line, CancellationToken cancellation)
    {
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"), cancellation);
        await _stream.FlushAsync(cancellation);
    }

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        await _stream.WriteAsync(bytes, cancellation);
        await _stream.FlushAsync(cancellation);
    }

    /// <summary>Goes on in TLS. What was sent in clear behind the command is dropped: nobody knows who sent
    /// it.</summary>
    public async Task SecureAsync(X509Certificate2 certificate, CancellationToken cancellation)
    {
        _start = _end = 0;
        var secure = new SslStream(_stream, leaveInnerStreamOpen: false);
        _stream = secure;
        await secure.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificate = certificate }, cancellation);
        IsSecure = true;
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task<bool> FillAsync(CancellationToken cancellation)
    {
        _start = 0;
        _end = await _stream.ReadAsync(_buffer, cancellation);
        return _end > 0;
    }
}
