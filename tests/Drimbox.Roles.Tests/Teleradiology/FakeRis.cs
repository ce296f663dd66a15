using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Drimbox.Core;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Mllp;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Teleradiology;

/// <summary>A RIS on the wire: takes what the platform sends, and answers AA or what it was told to.</summary>
internal sealed class FakeRis : IAsyncDisposable
{
    private readonly Channel<byte[]> _received = Channel.CreateUnbounded<byte[]>();
    private readonly ConcurrentQueue<Func<Er7Message, byte[]?>> _script = new();
    private readonly MllpListener _listener;
    private int _acks;

    public FakeRis(int port = 0)
    {
        _listener = new MllpListener(
            new MllpListenerOptions { Port = port },
            (frame, _, _) => ValueTask.FromResult(Answer(frame.ToArray())),
            static (_, _) => null,
            TimeProvider.System,
            NullLogger<MllpListener>.Instance);
        _listener.Start();
    }

    public int Port => _listener.LocalEndPoint.Port;

    /// <summary>The next message that has no answer yet gets this refusal.</summary>
    public void RefuseNext(Refusal refusal) =>
        _script.Enqueue(message => AckWriter.Write(message, refusal, Samples.Now, NextControlId()));

    /// <summary>The next message is received, and the connection closed without an answer.</summary>
    public void StaySilentNext() => _script.Enqueue(_ => null);

    /// <summary>The next message is answered with these bytes.</summary>
    public void AnswerNext(byte[] answer) => _script.Enqueue(_ => answer);

    /// <summary>The next message that was received, in order.</summary>
    public async Task<byte[]> NextAsync() =>
        await _received.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask()
            .WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

    /// <summary>True if nothing was received that was not taken by <see cref="NextAsync"/>.</summary>
    public bool IsQuiet => _received.Reader.Count == 0;

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private ReadOnlyMemory<byte>? Answer(byte[] frame)
    {
        var message = Er7Message.TryRead(frame, out _)!;
        var answer = _script.TryDequeue(out var scripted)
            ? scripted(message)
            : AckWriter.Write(message, null, Samples.Now, NextControlId());
        _received.Writer.TryWrite(frame);
        return answer is null ? (ReadOnlyMemory<byte>?)null : answer;
    }

    private string NextControlId() => $"ACK{Interlocked.Increment(ref _acks)}";
}
