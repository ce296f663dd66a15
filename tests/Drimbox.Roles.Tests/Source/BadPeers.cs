using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Tests.Source;

/// <summary>An image whose PACS dies with the first half of it sent.</summary>
internal sealed class HalfAnImage(InstanceSource whole, Action die)
    : InstanceSource(whole.SopClassUid, whole.SopInstanceUid, whole.TransferSyntaxUid)
{
    public override InstanceContent Open() => new Half(whole.Open(), die);

    private sealed class Half : InstanceContent
    {
        private readonly InstanceContent _content;
        private readonly Action _die;
        private long _left;

        public Half(InstanceContent content, Action die)
        {
            (_content, _die, Length) = (content, die, content.Length);
            _left = Length / 2;
        }

        public override int Read(Span<byte> destination)
        {
            if (_left == 0)
            {
                _die();
                throw new IOException("The PACS died.");
            }

            var read = _content.Read(destination[..(int)Math.Min(destination.Length, _left)]);
            _left -= read;
            return read;
        }

        public override void Dispose() => _content.Dispose();
    }
}

/// <summary>An image that is sent step by step.</summary>
/// <param name="whole">What it is.</param>
/// <param name="step">Called after each of them.</param>
internal sealed class SlowImage(InstanceSource whole, Action step)
    : InstanceSource(whole.SopClassUid, whole.SopInstanceUid, whole.TransferSyntaxUid)
{
    /// <summary>Bytes, more than the engine and the sockets hold back.</summary>
    public const int Step = 2 * 1024 * 1024;

    public override InstanceContent Open() => new Steps(whole.Open(), step);

    private sealed class Steps : InstanceContent
    {
        private readonly InstanceContent _content;
        private readonly Action _step;
        private int _left = Step;

        public Steps(InstanceContent content, Action step) =>
            (_content, _step, Length) = (content, step, content.Length);

        public override int Read(Span<byte> destination)
        {
            if (_left == 0)
            {
                _step();
                _left = Step;
            }

            var read = _content.Read(destination[..Math.Min(destination.Length, _left)]);
            _left -= read;
            return read;
        }

        public override void Dispose() => _content.Dispose();
    }
}

/// <summary>What listens at a port in the place of a PACS, and serves one caller.</summary>
internal sealed class StrangePeer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _serving;

    private StrangePeer(int port, Func<TcpClient, CancellationToken, Task> serve)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        _serving = ServeAsync(serve);
    }

    /// <summary>It reads what comes first, and is no DICOM node.</summary>
    public static StrangePeer That(string how, int port) => new(port, async (caller, stopping) =>
    {
        var stream = caller.GetStream();
        var read = await stream.ReadAsync(new byte[4096], stopping);
        Assert.NotEqual(0, read);
        if (how == "hangs up") return;
        if (how == "speaks another protocol")
            await stream.WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), stopping);
        await Task.Delay(Timeout.Infinite, stopping);
    });

    /// <summary>It passes on to a PACS everything but an A-RELEASE-RQ, which nobody answers then.</summary>
    public static StrangePeer ThatSwallowsReleases(int port, int pacs) => new(port, async (caller, stopping) =>
    {
        try
        {
            using var called = new TcpClient();
            await called.ConnectAsync(IPAddress.Loopback, pacs, stopping);
            var answers = called.GetStream().CopyToAsync(caller.GetStream(), stopping);
            var (from, to) = (caller.GetStream(), called.GetStream());
            // PS3.8 9.3.1: type (1), reserved (1), length (4), big endian.
            var head = new byte[6];
            while (true)
            {
                await from.ReadExactlyAsync(head, stopping);
                const byte AReleaseRq = 0x05;
                if (head[0] == AReleaseRq) break;
                var body = new byte[BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(2))];
                await from.ReadExactlyAsync(body, stopping);
                await to.WriteAsync((byte[])[.. head, .. body], stopping);
            }

            await answers;
        }
        catch (IOException)
        {
            // One of the two is gone.
        }
    });

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _serving;
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task ServeAsync(Func<TcpClient, CancellationToken, Task> serve)
    {
        try
        {
            using var caller = await _listener.AcceptTcpClientAsync(_stopping.Token);
            await serve(caller, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // The PACS is back.
        }
    }
}
