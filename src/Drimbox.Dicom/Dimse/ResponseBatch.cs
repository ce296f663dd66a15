using System.Buffers;
using Drimbox.Core;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Dimse;

/// <summary>Responses of one operation that go out by one system call: an answer to a query has some 400 bytes, and a
/// call for each costs more than finding it. For one task at a time.</summary>
internal sealed class ResponseBatch(UpperLayerProvider provider, PresentationContext context, int pduLengthMax)
    : IDisposable
{
    private const int Headers = PduHeader.Size + PdvHeader.Size;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Limits.ResponseBatchBytes);
    private int _used;

    /// <summary>What was added should be sent before more is.</summary>
    public bool IsFull => _used >= Limits.ResponseBatchBytes / 2;

    /// <summary>A command, in PDU form, that <see cref="Add"/> takes as often as it is the same.</summary>
    public byte[] Encode(CommandSet command)
    {
        var bytes = new byte[Headers + CommandSetCodec.EncodedBytesMax];
        var length = CommandSetCodec.Encode(command, bytes.AsSpan(Headers));
        WriteHeaders(bytes, length, isCommand: true, isLast: true);
        return bytes[..(Headers + length)];
    }

    /// <param name="command">As <see cref="Encode"/> made it.</param>
    /// <param name="dataSet">Its data set, of even length; empty if it has none.</param>
    public void Add(ReadOnlySpan<byte> command, ReadOnlySpan<byte> dataSet)
    {
        command.CopyTo(Take(command.Length));
        while (!dataSet.IsEmpty)
        {
            var count = Math.Min(dataSet.Length, pduLengthMax - PdvHeader.Size);
            WriteHeaders(Take(Headers), count, isCommand: false, isLast: count == dataSet.Length);
            dataSet[..count].CopyTo(Take(count));
            dataSet = dataSet[count..];
        }
    }

    /// <summary>What was added and not sent is forgotten: whole responses, so that the peer sees nothing of them.
    /// </summary>
    public void Clear() => _used = 0;

    /// <exception cref="AssociationAbortedException">The association no longer stands.</exception>
    public async ValueTask FlushAsync()
    {
        if (_used == 0) return;
        await provider.SendLock.WaitAsync();
        try
        {
            await provider.SendPDataAsync(_buffer.AsMemory(0, _used));
            _used = 0;
        }
        finally
        {
            provider.SendLock.Release();
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void WriteHeaders(Span<byte> destination, int count, bool isCommand, bool isLast)
    {
        PduHeader.Write(destination, PduType.PDataTf, PdvHeader.Size + count);
        PdvHeader.Write(destination[PduHeader.Size..], count, context.Id, isCommand, isLast);
    }

    private Span<byte> Take(int count)
    {
        if (_buffer.Length - _used < count)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _used + count));
            _buffer.AsSpan(0, _used).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        _used += count;
        return _buffer.AsSpan(_used - count, count);
    }
}
