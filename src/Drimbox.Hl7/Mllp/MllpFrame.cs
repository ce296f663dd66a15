namespace Drimbox.Hl7.Mllp;

/// <summary>The frame around a message: 0B, message, 1C 0D.</summary>
public static class MllpFrame
{
    public static byte[] Wrap(ReadOnlySpan<byte> message)
    {
        var frame = new byte[message.Length + 3];
        frame[0] = MllpFrameBuffer.StartBlock;
        message.CopyTo(frame.AsSpan(1));
        frame[^2] = MllpFrameBuffer.EndBlock;
        frame[^1] = (byte)'\r';
        return frame;
    }
}
