using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Drimbox.Tests.Dmp;

/// <summary>An HTTP/1.1 server of a socket and nothing else: it reads a request and writes the bytes that it was given,
/// whatever they are.</summary>
internal sealed class BareServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<byte[], Stream, Task> _answer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private int _connections;

    private readonly bool _keepsBodies;

    /// <param name="answer">Gets the body of the request and writes the whole response.</param>
    /// <param name="keepsBodies">False: the body is read and let go; <paramref name="answer"/> gets none.</param>
    public BareServer(Func<byte[], Stream, Task> answer, bool keepsBodies = true)
    {
        _answer = answer;
        _keepsBodies = keepsBodies;
        _listener.Start();
        _running = RunAsync();
    }

    public BareServer(Func<byte[], byte[]> answer)
        : this((request, stream) => stream.WriteAsync(answer(request)).AsTask())
    {
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    public int Connections => _connections;

    /// <summary>A response with its Content-Length.</summary>
    public static byte[] Http(int status, string contentType, byte[] body, string headers = "") =>
        [
            .. Encoding.ASCII.GetBytes(
                $"HTTP/1.1 {status} X\r\nContent-Type: {contentType}\r\nContent-Length: {body.Length}\r\n{headers}"
                + "Connection: close\r\n\r\n"),
            .. body,
        ];

    public static byte[] Soap(string envelope, int status = 200) =>
        Http(status, "application/soap+xml; charset=utf-8", Encoding.UTF8.GetBytes(envelope));

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _listener.Stop();
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                Interlocked.Increment(ref _connections);
                await ServeAsync(client.GetStream());
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(NetworkStream stream)
    {
        try
        {
            var head = new List<byte>();
            var one = new byte[1];
            while (head.Count < 4 || !"\r\n\r\n"u8.SequenceEqual(head.GetRange(head.Count - 4, 4).ToArray()))
            {
                if (await stream.ReadAsync(one, _stopping.Token) == 0) return;
                head.Add(one[0]);
            }

            var length = Encoding.ASCII.GetString([.. head]).Split("\r\n")
                .Where(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                .Select(line => int.Parse(line[15..], CultureInfo.InvariantCulture)).Single();
            var body = new byte[_keepsBodies ? length : Math.Min(length, 64 * 1024)];
            for (var left = length; left > 0;)
            {
                var at = _keepsBodies ? length - left : 0;
                var read = await stream.ReadAsync(body.AsMemory(at, Math.Min(left, body.Length - at)), _stopping.Token);
                if (read == 0) return;
                left -= read;
            }

            await _answer(_keepsBodies ? body : [], stream);
        }
        catch (IOException)
        {
            // The peer has had enough: that is what some tests are about.
        }
    }
}
