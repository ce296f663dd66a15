using System.Net.Sockets;
using System.Text;

namespace Drimbox.Tests.Flow;

/// <summary>MLLP (HL7 Transport Specification, Minimal Lower Layer Protocol) on a bare socket: 0B message 1C 0D.</summary>
internal static class MllpWire
{
    private const byte StartBlock = 0x0B;
    private const byte EndBlock = 0x1C;
    private const byte CarriageReturn = 0x0D;

    /// <summary>Sends one message and reads one answer.</summary>
    /// <returns>The answer, or null if the peer closed the connection without one.</returns>
    public static async Task<AckText?> SendAsync(int port, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port, deadline.Token);
        var stream = client.GetStream();
        await WriteAsync(stream, message, deadline.Token);
        return await ReadAsync(stream, deadline.Token) is { } answer ? new AckText(answer) : null;
    }

    public static async Task WriteAsync(Stream stream, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        await stream.WriteAsync((byte[])[StartBlock, .. message.Span, EndBlock, CarriageReturn], cancellation);
        await stream.FlushAsync(cancellation);
    }

    /// <summary>The text of the next frame, or null at the end of the stream.</summary>
    public static async Task<string?> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        var received = new List<byte>();
        var buffer = new byte[4096];
        while (true)
        {
            int count;
            try
            {
                count = await stream.ReadAsync(buffer, cancellation);
            }
            catch (IOException)
            {
                count = 0;
            }

            if (count == 0)
            {
                Assert.Empty(received);
                return null;
            }

            received.AddRange(buffer.AsSpan(0, count));
            if (received is not [StartBlock, .., EndBlock, CarriageReturn]) continue;
            return Encoding.UTF8.GetString([.. received[1..^2]]);
        }
    }
}

/// <summary>An acknowledgement as text, taken apart at its separators and not otherwise understood.</summary>
internal sealed class AckText(string text)
{
    private readonly string[] _segments = text.Split('\r', StringSplitOptions.RemoveEmptyEntries);

    public string Text => text;

    /// <summary>A field as written, by its HL7 number: MSH-1 is the separator itself.</summary>
    public string this[string segment, int field] => Field(segment, field);

    public string? Find(string segment) => _segments.FirstOrDefault(s => s.StartsWith(segment, StringComparison.Ordinal));

    private string Field(string name, int number)
    {
        var segment = Find(name);
        Assert.True(segment is not null, $"no {name} in {text}");
        var fields = segment.Split('|');
        var index = name == "MSH" ? number - 1 : number;
        return index < fields.Length ? fields[index] : "";
    }
}
