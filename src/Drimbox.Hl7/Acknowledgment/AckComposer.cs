using Drimbox.Core;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Acknowledgment;

/// <summary>Writes the acknowledgement of a message inside the turn that decides it, from the message's MSH alone.
/// </summary>
public sealed class AckComposer(TimeProvider time, IIdSource ids) : IAckComposer
{
    /// <summary>The MSH segment of a message as text, for <see cref="Compose"/>.</summary>
    public static string HeaderOf(Er7Message message)
    {
        var end = message.Bytes.Span.IndexOfAny((byte)'\r', (byte)'\n');
        return message.Charset.GetString((end < 0 ? message.Bytes : message.Bytes[..end]).Span);
    }

    /// <inheritdoc/>
    public (string Ack, string Code) Compose(string header, Refusal? refusal)
    {
        var message = Read(header, Er7Charset.Utf8);
        // MSH-18 decides how the text becomes bytes; it is ASCII itself, so any of the character sets can read it.
        if (message.Charset != Er7Charset.Utf8) message = Read(header, message.Charset);
        var ack = AckWriter.Write(message, refusal, time.GetUtcNow(), ids.NewControlId());
        var code = refusal is null ? AckCode.AA : AckMap.For(refusal.Reason).Code;
        return (message.Charset.GetString(ack), code.ToString());
    }

    /// <summary>Answers bytes that never become a whole frame; null where they have no readable MSH.</summary>
    public ReadOnlyMemory<byte>? ForBeginning(ReadOnlyMemory<byte> beginning, Refusal refusal) =>
        AckWriter.WriteForBeginning(beginning, refusal, time.GetUtcNow(), ids.NewControlId());

    private static Er7Message Read(string header, Er7Charset charset)
    {
        var message = Er7Message.TryRead(charset.GetBytes(header), out _);
        // Only a message whose MSH could be read comes here.
        Invariant.Holds(message is not null);
        return message;
    }
}
