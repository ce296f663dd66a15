using Drimbox.Core;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Mllp;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Tests.Hl7;

/// <summary>What a frame of the largest size costs in memory (attack A15).</summary>
public sealed class LargeFrameTests
{
    private const int MiB = 1024 * 1024;

    /// <summary>31 MiB: a CDA with a PDF of 17 MiB, base64 twice. The array grows in steps, of which the last two are
    /// 8 MiB and the cap: never two arrays that could hold the frame.</summary>
    [Fact]
    public void A_frame_of_31_MiB_is_held_once_and_its_document_not_copied()
    {
        var stream = MllpFrame.Wrap(Er7Text.Bytes(Er7Text.Set(Fixtures.Oru, "OBX-5.5", new string('A', 31 * MiB))));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var buffer = new MllpFrameBuffer(Limits.MllpFrameBytesMax);
        var read = Feed(buffer, stream, out var frame, out _);
        var received = GC.GetAllocatedBytesForCurrentThread() - before;
        var reading = MessageValidator.Read(frame, [CdaProfiles.Oru21])!;
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(MllpRead.Frame, read);
        Assert.Null(reading.Refusal);
        Assert.Equal(31 * MiB, reading.Message.At(Er7Path.Parse("OBX-5.5")).Raw.Length);
        // 16 KiB, 128 KiB, 1 MiB, 8 MiB, 32 MiB and a little.
        Assert.InRange(received, 32 * MiB, 42 * MiB);
        Assert.InRange(allocated - received, 0, MiB);
    }

    [Fact]
    public void A_frame_over_the_cap_is_never_held_and_its_header_is_there_to_be_answered()
    {
        var stream = MllpFrame.Wrap(Er7Text.Bytes(Er7Text.Set(Fixtures.Oru, "OBX-5.5", new string('A', 40 * MiB))));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var buffer = new MllpFrameBuffer(Limits.MllpFrameBytesMax);
        var read = Feed(buffer, stream, out _, out var refusal);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal((MllpRead.Violation, RefusalReason.OverLimit), (read, refusal!.Reason));
        Assert.InRange(allocated, 0, 42 * MiB);
        Assert.Equal("MSG00001", Er7Message.TryRead(buffer.Beginning[..1000], out _)!.Get("MSH-10"));
    }

    private static MllpRead Feed(
        MllpFrameBuffer buffer, byte[] stream, out ReadOnlyMemory<byte> frame, out Refusal? refusal)
    {
        MllpRead read;
        var at = 0;
        while ((read = buffer.TryRead(out frame, out refusal)) == MllpRead.NeedMore && at < stream.Length)
        {
            var free = buffer.Writable();
            var count = Math.Min(Math.Min(free.Length, 64 * 1024), stream.Length - at);
            stream.AsSpan(at, count).CopyTo(free.Span);
            buffer.Advance(count);
            at += count;
        }

        return read;
    }
}
