namespace Drimbox.Dicom.Part10;

/// <summary>Bytes that were read ahead, followed by the stream they were read from; counts what was taken.</summary>
internal sealed class JoinedStream(ReadOnlyMemory<byte> head, Stream? tail) : Stream
{
    private ReadOnlyMemory<byte> _head = head;

    internal long Consumed { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        int count;
        if (_head.Length > 0)
        {
            count = Math.Min(_head.Length, buffer.Length);
            _head.Span[..count].CopyTo(buffer);
            _head = _head[count..];
        }
        else
        {
            count = tail?.Read(buffer) ?? 0;
        }

        Consumed += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
