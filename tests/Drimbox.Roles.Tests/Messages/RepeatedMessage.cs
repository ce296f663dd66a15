using System.Text;
using Drimbox.Hl7.Mllp;

namespace Drimbox.Tests.Messages;

/// <summary>A door of a node, as a sender sees it that repeats itself.</summary>
/// <param name="exchange">Sends a message and reads the answer.</param>
/// <param name="restart">Stops the node, and starts it again on the same stores.</param>
internal sealed class RepeatedMessage(Random random, Func<byte[], Task<MllpExchange>> exchange, Func<Task> restart)
{
    /// <summary>P4: the message once to five times, a restart somewhere in between, then other bytes under its control
    /// id, then itself once more: always the first answer, byte for byte, and AE for what is another message.</summary>
    public async Task PlayAsync(byte[] message)
    {
        var first = await AnswerAsync(message);
        Assert.Contains("MSA|AA|", Text(first), StringComparison.Ordinal);
        var repeats = random.Next(5);
        var restartAfter = random.Next(5);
        for (var i = 0; i < repeats; i++)
        {
            if (i == restartAfter) await restart();
            Assert.Equal(first, await AnswerAsync(message));
        }

        if (restartAfter >= repeats) await restart();
        // MSH-11: a test message, which it was not.
        var other = Encoding.UTF8.GetBytes(ReplaceFirst(Text(message), "|P|", "|T|"));
        var refused = Text(await AnswerAsync(other));
        Assert.Contains("MSA|AE|", refused, StringComparison.Ordinal);
        Assert.Contains("ERR||MSH^1^10|207^", refused, StringComparison.Ordinal);
        Assert.Equal(first, await AnswerAsync(message));
    }

    private async Task<byte[]> AnswerAsync(byte[] message) =>
        Assert.IsType<MllpExchange.Answered>(await exchange(message)).Ack.ToArray();

    private static string Text(byte[] message) => Encoding.UTF8.GetString(message);

    private static string ReplaceFirst(string text, string from, string to)
    {
        var at = text.IndexOf(from, StringComparison.Ordinal);
        Assert.True(at > 0);
        return text[..at] + to + text[(at + from.Length)..];
    }
}
