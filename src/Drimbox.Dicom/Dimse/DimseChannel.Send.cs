using System.Buffers;
using System.Runtime.CompilerServices;
using Drimbox.Core;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Dimse;

/// <summary>The sending side of the channel.</summary>
internal sealed partial class DimseChannel
{
    private const int CommandBytesMax = CommandSetCodec.EncodedBytesMax;
    private const int Headers = PduHeader.Size + PdvHeader.Size;

    private readonly byte[] _answer = new byte[Headers + CommandBytesMax];

    /// <summary>Sends a message that is a command alone.</summary>
    /// <exception cref="AssociationAbortedException">The association no longer stands.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(PresentationContext context, CommandSet command)
    {
        Invariant.Holds(!command.HasDataSet);
        await Provider.SendLock.WaitAsync();
        try
        {
            var length = WriteCommand(_answer, context, command);
            await Provider.SendPDataAsync(_answer.AsMemory(0, length));
        }
        finally
        {
            Provider.SendLock.Release();
        }
    }

    /// <summary>Sends a message whose data set is in memory.</summary>
    /// <inheritdoc cref="SendAsync(PresentationContext, CommandSet)"/>
    public async ValueTask SendAsync(PresentationContext context, CommandSet command, ReadOnlyMemory<byte> dataSet)
    {
        using var content = new MemoryContent(dataSet);
        await SendAsync(context, command, content);
    }

    /// <summary>Sends a message whose data set is read as it goes: no more than one buffer of it is in memory, and
    /// each system call sends as many PDUs as the buffer holds.</summary>
    /// <exception cref="AssociationAbortedException">The association no longer stands.</exception>
    /// <exception cref="IOException">The content cannot be read. The message is then cut short, so the association
    /// has been aborted.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(PresentationContext context, CommandSet command, InstanceContent content)
    {
        if ((content.Length & 1) != 0)
            throw new InvalidDataException("The data set has an odd number of bytes (PS3.5 7.1).");
        command.DataSetType = CommandSet.WithDataSet;
        var buffer = ArrayPool<byte>.Shared.Rent((2 * (Limits.PduLengthSendMax + Headers)) - CommandBytesMax);
        await Provider.SendLock.WaitAsync();
        try
        {
            var filled = WriteCommand(buffer, context, command);
            var remaining = content.Length;
            do
            {
                if (buffer.Length - filled < Headers + Math.Min(remaining, association.SendLengthMax - PdvHeader.Size))
                {
                    await Provider.SendPDataAsync(buffer.AsMemory(0, filled));
                    filled = 0;
                }

                var count = (int)Math.Min(remaining, association.SendLengthMax - PdvHeader.Size);
                remaining -= count;
                PduHeader.Write(buffer.AsSpan(filled), PduType.PDataTf, PdvHeader.Size + count);
                var pdv = buffer.AsSpan(filled + PduHeader.Size);
                PdvHeader.Write(pdv, count, context.Id, isCommand: false, isLast: remaining == 0);
                ReadExactly(content, buffer.AsSpan(filled + Headers, count));
                filled += Headers + count;
            }
            while (remaining > 0);

            await Provider.SendPDataAsync(buffer.AsMemory(0, filled));
        }
        catch (Exception e) when (e is not AssociationAbortedException)
        {
            // Half a message cannot be taken back or completed.
            Provider.Expire("A data set could not be read to its end.", orderly: true);
            throw;
        }
        finally
        {
            Provider.SendLock.Release();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int WriteCommand(Span<byte> destination, PresentationContext context, CommandSet command)
    {
        var length = CommandSetCodec.Encode(command, destination[Headers..]);
        PduHeader.Write(destination, PduType.PDataTf, PdvHeader.Size + length);
        PdvHeader.Write(destination[PduHeader.Size..], length, context.Id, isCommand: true, isLast: true);
        return Headers + length;
    }

    private static void ReadExactly(InstanceContent content, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var count = content.Read(destination);
            if (count == 0) throw new EndOfStreamException("The data set ended before its length.");
            destination = destination[count..];
        }
    }
}
