using System.Text;
using Drimbox.Core;
using Drimbox.Hl7.Mllp;

namespace Drimbox.Tests.Hl7;

public sealed class MllpFrameBufferTests
{
    [Fact]
    public void Frames_are_the_same_wherever_the_stream_is_split()
    {
        // Two frames with what real senders leave between them, and one that is empty.
        var stream = Encoding.ASCII.GetBytes("\vMSH|1\rPID|\r\u001c\r\r\n--\v\u001c\r\vMSH|2\u001c\r");
        for (var first = 0; first <= stream.Length; first++)
        {
            for (var second = first; second <= stream.Length; second++)
            {
                var buffer = new MllpFrameBuffer(1000);
                var frames = new List<string>();
                foreach (var part in new[] { stream[..first], stream[first..second], stream[second..] })
                    Feed(buffer, part, frames);

                Assert.Equal(["MSH|1\rPID|\r", "", "MSH|2"], frames);
                Assert.False(buffer.HasRest);
            }
        }
    }

    [Theory]
    [InlineData("\vMSH|1\vMSH|2", RefusalReason.Malformed)] // a block in a block
    [InlineData("\vMSH|1\u001cX", RefusalReason.Malformed)] // no carriage return
    [InlineData("MSH|1\r\u001c", RefusalReason.Malformed)] // no start of block
    [InlineData("\vMSH|1234567890123456789012345678901234567890", RefusalReason.OverLimit)]
    public void A_stream_that_is_no_MLLP_is_a_violation(string stream, RefusalReason reason)
    {
        var buffer = new MllpFrameBuffer(40);
        var (read, refusal) = Feed(buffer, Encoding.ASCII.GetBytes(stream), []);

        Assert.Equal(MllpRead.Violation, read);
        Assert.Equal(reason, refusal!.Reason);
        Assert.StartsWith("MSH|1", Encoding.ASCII.GetString(buffer.Beginning.Span), StringComparison.Ordinal);
    }

    [Fact]
    public void A_frame_of_exactly_the_cap_passes()
    {
        var frames = new List<string>();
        Feed(new MllpFrameBuffer(40), [0x0B, .. Enumerable.Repeat((byte)'a', 40), 0x1C, 0x0D], frames);

        Assert.Equal(40, Assert.Single(frames).Length);
    }

    [Fact]
    public void Bytes_without_a_start_of_block_are_borne_up_to_their_limit()
    {
        var buffer = new MllpFrameBuffer(1000);

        Assert.Equal(MllpRead.NeedMore, Feed(buffer, new byte[Limits.MllpGarbageBytesMax], []).Read);
        Assert.Equal(MllpRead.Violation, Feed(buffer, new byte[1], []).Read);
    }

    [Fact]
    public void Growing_and_shrinking_loses_nothing()
    {
        var random = Seeded.Random();
        var buffer = new MllpFrameBuffer(4 * 1024 * 1024);
        var expected = new List<int>();
        var frames = new List<string>();
        foreach (var length in new[] { 10, 70_000, 3_000_000, 5, 4 * 1024 * 1024, 0, 20_000 })
        {
            expected.Add(length);
            var frame = MllpFrame.Wrap(Enumerable.Repeat((byte)'x', length).ToArray());
            for (var at = 0; at < frame.Length;)
            {
                var count = Math.Min(frame.Length - at, random.Next(1, 400_000));
                Feed(buffer, frame[at..(at + count)], frames);
                at += count;
            }
        }

        Assert.Equal(expected, frames.Select(f => f.Length));
    }

    private static (MllpRead Read, Refusal? Refusal) Feed(MllpFrameBuffer buffer, byte[] bytes, List<string> frames)
    {
        var read = MllpRead.NeedMore;
        Refusal? refusal = null;
        for (var at = 0; at < bytes.Length;)
        {
            var free = buffer.Writable();
            var count = Math.Min(free.Length, bytes.Length - at);
            bytes.AsSpan(at, count).CopyTo(free.Span);
            buffer.Advance(count);
            at += count;
            while ((read = buffer.TryRead(out var frame, out refusal)) == MllpRead.Frame)
                frames.Add(Encoding.ASCII.GetString(frame.Span));
            if (read == MllpRead.Violation) break;
        }

        return (read, refusal);
    }
}
