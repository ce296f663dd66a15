using System.Net.Sockets;
using Drimbox.Core;

namespace Drimbox.Hl7.Mllp;

/// <summary>How the sending of one message ended.</summary>
public abstract record MllpExchange
{
    private MllpExchange()
    {
    }

    /// <summary>Not one byte left us: the same message may be sent again without a thought.</summary>
    public sealed record NotSent(string Why) : MllpExchange;

    /// <summary>The message may have been taken or not. Sending the same bytes again is safe towards a receiver that
    /// knows its control ids (ours does).</summary>
    public sealed record NoAnswer(string Why) : MllpExchange;

    public sealed record Answered(ReadOnlyMemory<byte> Ack) : MllpExchange;
}

/// <summary>Where an MLLP client sends and how long it waits.</summary>
public sealed record MllpClientOptions
{
    /// <summary>Host name or address.</summary>
    public required string Host { get; init; }

    /// <summary>TCP port, 1 to 65535.</summary>
    public required int Port { get; init; }

    /// <summary>Time to open a connection. Default: <see cref="Limits.MllpConnectTimeout"/>.</summary>
    public TimeSpan ConnectTimeout { get; init; } = Limits.MllpConnectTimeout;

    /// <summary>Time from the first byte sent to the last byte of the answer. Default:
    /// <see cref="Limits.MllpAnswerTimeout"/>.</summary>
    public TimeSpan AnswerTimeout { get; init; } = Limits.MllpAnswerTimeout;

    /// <summary>Makes a connection secure before anything is sent on it, within <see cref="ConnectTimeout"/>; throws
    /// <see cref="IOException"/> with a sentence where that fails. Default: null, plain MLLP.</summary>
    public Func<Stream, CancellationToken, Task<Stream>>? Secure { get; init; }
}

/// <summary>Sends messages over one connection, which is kept between them: one message, one answer, one at a time.
/// After anything but an answer the connection is dropped, so that a late answer is never taken for the next
/// one.</summary>
public sealed class MllpClient(MllpClientOptions options, TimeProvider time) : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private Socket? _socket;
    private Stream? _stream;

    /// <summary>Sends one message and waits for its answer.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before the first byte was sent. After that a
    /// cancellation is a <see cref="MllpExchange.NoAnswer"/>.</exception>
    public async Task<MllpExchange> SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (await ConnectAsync(cancellationToken) is { } failure) return failure;
            var exchange = await ExchangeAsync(_stream!, message, cancellationToken);
            if (exchange is not MllpExchange.Answered) Drop();
            return exchange;
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync();
        Drop();
        _turn.Dispose();
    }

    private async Task<MllpExchange?> ConnectAsync(CancellationToken cancellationToken)
    {
        // A kept connection with something to read has been closed by the peer, or speaks out of turn.
        if (_socket is { } kept && kept.Poll(0, SelectMode.SelectRead)) Drop();
        if (_socket is not null) return null;

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var timer = new CancellationTokenSource(options.ConnectTimeout, time);
        await using var registration = cancellationToken.UnsafeRegister(
            static state => ((CancellationTokenSource)state!).Cancel(), timer);
        try
        {
            await socket.ConnectAsync(options.Host, options.Port, timer.Token);
            var plain = new NetworkStream(socket, ownsSocket: false);
            _stream = options.Secure is { } secure ? await secure(plain, timer.Token) : plain;
            _socket = socket;
            return null;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            return new MllpExchange.NotSent($"connect: {e.SocketErrorCode}");
        }
        catch (IOException e) when (options.Secure is not null)
        {
            socket.Dispose();
            return new MllpExchange.NotSent($"no secure connection: {e.Message}");
        }
        catch (OperationCanceledException)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            return new MllpExchange.NotSent("connect: timeout");
        }
    }

    private async Task<MllpExchange> ExchangeAsync(
        Stream stream, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(options.AnswerTimeout, time);
        await using var registration = cancellationToken.UnsafeRegister(
            static state => ((CancellationTokenSource)state!).Cancel(), timer);
        try
        {
            await stream.WriteAsync(MllpFrame.Wrap(message.Span), timer.Token);
            var buffer = new MllpFrameBuffer(Limits.MllpAckBytesMax);
            while (true)
            {
                var count = await stream.ReadAsync(buffer.Writable(), timer.Token);
                if (count == 0) return new MllpExchange.NoAnswer("the peer closed the connection");
                buffer.Advance(count);
                switch (buffer.TryRead(out var frame, out var refusal))
                {
                    case MllpRead.Frame: return new MllpExchange.Answered(frame.ToArray());
                    case MllpRead.Violation: return new MllpExchange.NoAnswer($"the answer: {refusal!.Detail}");
                }
            }
        }
        catch (OperationCanceledException)
        {
            return new MllpExchange.NoAnswer(
                cancellationToken.IsCancellationRequested ? "cancelled" : "no answer in time");
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            var cause = e as SocketException ?? e.InnerException as SocketException;
            return new MllpExchange.NoAnswer(
                cause is null ? "the connection broke" : $"the connection broke: {cause.SocketErrorCode}");
        }
    }

    private void Drop()
    {
        _stream?.Dispose();
        _socket?.Dispose();
        _stream = null;
        _socket = null;
    }
}
