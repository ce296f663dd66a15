using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Drimbox.Core;
using Drimbox.Source.Audit;

namespace Drimbox.Tests.Source;

/// <summary>A collector of syslog over TLS (RFC 5425) that reads the octet counting by itself, and can be told to die.
/// </summary>
internal sealed class SyslogCollector : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly SslServerAuthenticationOptions _tls;
    private readonly X509Certificate2 _certificate;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<string> _messages = [];
    private readonly List<int> _connections = [];
    private readonly List<(int Count, TaskCompletionSource Source)> _waiting = [];
    private readonly Task _accepting;

    public SyslogCollector(TestIdentity identity, int port = 0)
    {
        using var pem = X509Certificate2.CreateFromPemFile(identity.CertificateFile, identity.KeyFile);
        // A key that SslStream can use more than once.
        _certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pfx), null);
        _tls = new SslServerAuthenticationOptions
        {
            ServerCertificate = _certificate,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, shown, _, _) =>
            {
                Caller = shown?.Subject;
                return shown is not null;
            },
        };
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The subject of the last client certificate.</summary>
    public string? Caller { get; private set; }

    /// <summary>After how many octets of its messages the next connection is reset; null: it is read to its
    /// end.</summary>
    public Func<int?> DiesAfter { get; set; } = () => null;

    /// <summary>Every message in the order of its arrival.</summary>
    public IReadOnlyList<string> Messages
    {
        get
        {
            lock (_gate) return [.. _messages];
        }
    }

    /// <summary>How many messages had come when each connection began.</summary>
    public IReadOnlyList<int> Connections
    {
        get
        {
            lock (_gate) return [.. _connections];
        }
    }

    public AuditForwardOptions Target(TestAuthority authority, TestIdentity client) => new()
    {
        Host = "127.0.0.1",
        Port = Port,
        Tls = new DicomPeerTlsOptions
        {
            Authorities = authority.CertificateFile, Certificate = client.CertificateFile, Key = client.KeyFile,
        },
    };

    /// <summary>Completes when so many messages have come.</summary>
    public Task WhenAsync(int count)
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_messages.Count >= count) return Task.CompletedTask;
            _waiting.Add((count, source));
        }

        return source.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _certificate.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptSocketAsync(_stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
            {
                return;
            }

            using (socket) await ServeAsync(socket);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await using var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
            await tls.AuthenticateAsServerAsync(_tls, _stop.Token);
            var diesAfter = DiesAfter();
            lock (_gate) _connections.Add(_messages.Count);
            var read = 0;
            while (await ReadLengthAsync(tls) is { } length)
            {
                var message = new byte[length];
                await tls.ReadExactlyAsync(message, _stop.Token);
                read += length;
                if (read > diesAfter)
                {
                    // As a process that was killed with something unread.
                    socket.LingerState = new LingerOption(true, 0);
                    socket.Close();
                    return;
                }

                Add(Encoding.UTF8.GetString(message));
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException
            or AuthenticationException)
        {
            // The caller did not like us, or the test is over.
        }
    }

    // RFC 5425 4.3: MSG-LEN SP; null at the end of the stream.
    private async Task<int?> ReadLengthAsync(SslStream stream)
    {
        var one = new byte[1];
        var length = 0;
        for (var digits = 0; await stream.ReadAsync(one, _stop.Token) == 1; digits++)
        {
            if (one[0] == ' ') return length;
            Assert.InRange(one[0], (byte)'0', (byte)'9');
            Assert.True(digits < 6);
            length = (length * 10) + (one[0] - '0');
        }

        return null;
    }

    private void Add(string message)
    {
        lock (_gate)
        {
            _messages.Add(message);
            foreach (var (count, source) in _waiting)
            {
                if (_messages.Count >= count) source.TrySetResult();
            }
        }
    }
}
