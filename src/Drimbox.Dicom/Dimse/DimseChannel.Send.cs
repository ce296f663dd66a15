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
    private GatheredSend? _gathered;

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

    /// <summary>Sends a message whose data set is read as it goes: no more than one buffer of it is copied, nothing of
    /// what lies in memory, and each system call sends as many PDUs as fit.</summary>
    /// <exception cref="AssociationAbortedException">The association no longer stands.</exception>
    /// <exception cref="IOException">The content cannot be read. The message is then cut short, so the association
    /// has been aborted.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(PresentationContext context, CommandSet command, InstanceContent content)
    {
        if ((content.Length & 1) != 0)
            throw new InvalidDataException("The data set has an odd number of bytes (PS3.5 7.1).");
        command.DataSetType = CommandSet.WithDataSet;
        await Provider.SendLock.WaitAsync();
        _gathered ??= new GatheredSend(Provider.CanGather);
        try
        {
            _gathered.Begin();
            _gathered.Commit(WriteCommand(_gathered.Free, context, command));
            var remaining = content.Length;
            do
            {
                var count = (int)Math.Min(remaining, association.SendLengthMax - PdvHeader.Size);
                remaining -= count;
                if (!_gathered.HasRoomFor(Headers)) await FlushAsync(_gathered);
                WriteHeaders(_gathered.Free, context, count, isLast: remaining == 0);
                _gathered.Commit(Headers);
                while (count > 0)
                {
                    var added = _gathered.Add(content, count);
                    count -= added;
                    if (added == 0) await FlushAsync(_gathered);
                }
            }
            while (remaining > 0);

            await FlushAsync(_gathered);
        }
        catch (Exception e) when (e is not AssociationAbortedException)
        {
            // Half a message cannot be taken back or completed.
            Provider.Expire("A data set could not be read to its end.", orderly: true);
            throw;
        }
        finally
        {
            _gathered.End();
            Provider.SendLock.Release();
        }
    }

    private async ValueTask FlushAsync(GatheredSend gathered)
    {
        await Provider.SendPDataAsync(gathered.Pieces);
        gathered.Clear();
    }

    private static void WriteHeaders(Span<byte> destination, PresentationContext context, int count, bool isLast)
    {
        PduHeader.Write(destination, PduType.PDataTf, PdvHeader.Size + count);
        PdvHeader.Write(destination[PduHeader.Size..], count, context.Id, isCommand: false, isLast);
    }

    private static int WriteCommand(Span<byte> destination, PresentationContext context, CommandSet command)
    {
        var length = CommandSetCodec.Encode(command, destination[Headers..]);
        PduHeader.Write(destination, PduType.PDataTf, PdvHeader.Size + length);
        PdvHeader.Write(destination[PduHeader.Size..], length, context.Id, isCommand: true, isLast: true);
        return Headers + length;
    }
}
