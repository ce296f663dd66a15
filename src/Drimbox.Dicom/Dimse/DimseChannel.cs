using System.Buffers;
using System.Runtime.CompilerServices;
using Drimbox.Core;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Dimse;

/// <summary>A command that came, or the end of the association.</summary>
/// <param name="End">What ended the association; <see cref="IndicationKind.None"/> while it stands.</param>
internal readonly record struct DimseMessage(
    CommandSet Command, PresentationContext Context, IndicationKind End = IndicationKind.None)
{
    public bool IsEnd => End != IndicationKind.None;

    public static DimseMessage Ended(IndicationKind kind) => new(null!, null!, kind);
}

/// <summary>DIMSE messages over an association: puts fragments together, or passes them on as they come, and cuts
/// messages into fragments. Source: PS3.7 6.3, PS3.8 annex E. Read by one task; sent to by any.</summary>
internal sealed partial class DimseChannel(Association association)
{
    private readonly byte[] _command = new byte[1024];
    private PresentationContext? _context;

    /// <summary>What data sets that are read whole are taken from; without limit where the peer is one of our
    /// choice.</summary>
    public DataSetBudget Budget { get; set; } = new(long.MaxValue);

    private UpperLayerProvider Provider => association.Provider;

    /// <summary>Reads the next command set. The data set of the message before must have been read to its
    /// end.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<DimseMessage> ReadCommandAsync()
    {
        byte[]? rented = null;
        var buffer = _command;
        var length = 0;
        _context = null;
        try
        {
            while (true)
            {
                var piece = await Provider.ReadAsync();
                if (piece.Kind != IndicationKind.Fragment) return DimseMessage.Ended(piece.Kind);
                Provider.IsInMessage = true;
                if (await RefuseAsync(piece, isCommand: true) is { } refusal) return DimseMessage.Ended(refusal);
                if (length + piece.Payload.Length > Limits.CommandSetBytesMax)
                    return DimseMessage.Ended((await Provider.ViolatedAsync(AbortReason.InvalidParameterValue)).Kind);
                if (length + piece.Payload.Length > buffer.Length)
                {
                    rented = ArrayPool<byte>.Shared.Rent(Limits.CommandSetBytesMax);
                    buffer.AsSpan(0, length).CopyTo(rented);
                    buffer = rented;
                }

                piece.Payload.Span.CopyTo(buffer.AsSpan(length));
                length += piece.Payload.Length;
                if (!piece.IsLast) continue;
                if (!CommandSetCodec.TryDecode(buffer.AsSpan(0, length), _context!.AbstractSyntax, out var command))
                    return DimseMessage.Ended((await Provider.ViolatedAsync(AbortReason.InvalidParameterValue)).Kind);
                Provider.IsInMessage = command.HasDataSet;
                return new DimseMessage(command, _context);
            }
        }
        finally
        {
            if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Reads the next piece of the data set; <c>IsLast</c> on the one that ends it. Any other kind than a
    /// fragment is the end of the association.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<UpperLayerIndication> ReadDataAsync()
    {
        var piece = await Provider.ReadAsync();
        if (piece.Kind != IndicationKind.Fragment)
        {
            // PS3.8 7.2: a release in the midst of a message is a fault of the peer, whatever it meant.
            return piece.Kind == IndicationKind.ReleaseRequested
                ? await Provider.ViolatedAsync(AbortReason.UnexpectedPdu)
                : piece;
        }

        if (await RefuseAsync(piece, isCommand: false) is { } refusal) return refusal;
        if (piece.IsLast) Provider.IsInMessage = false;
        return piece;
    }

    /// <summary>Reads a whole data set of a query or of a DIMSE-N operation, whose size is bounded.</summary>
    /// <returns>The bytes, null in place of them if there are more than <paramref name="bytesMax"/> (they were read all
    /// the same), and what ended the association.</returns>
    public async ValueTask<(byte[]? DataSet, IndicationKind End)> ReadDataSetAsync(
        int bytesMax = Limits.IdentifierBytesMax)
    {
        var collected = new ArrayBufferWriter<byte>(1024);
        var isTooLong = false;
        // What every association may collect without asking; more comes in steps, as it arrives.
        var granted = Limits.DataSetBytesGranted;
        try
        {
            while (true)
            {
                var piece = await ReadDataAsync();
                if (piece.Kind != IndicationKind.Fragment) return (null, piece.Kind);
                var length = collected.WrittenCount + piece.Payload.Length;
                isTooLong |= length > bytesMax;
                while (!isTooLong && length > granted)
                {
                    if (Budget.TryTake(Limits.DataSetBytesGranted)) granted += Limits.DataSetBytesGranted;
                    else isTooLong = true;
                }

                if (!isTooLong) collected.Write(piece.Payload.Span);
                if (piece.IsLast) return (isTooLong ? null : collected.WrittenSpan.ToArray(), IndicationKind.None);
            }
        }
        finally
        {
            Budget.Return(granted - Limits.DataSetBytesGranted);
        }
    }

    /// <summary>Reads a data set that nobody wants, to stay in step.</summary>
    /// <returns>What ended the association, if anything did.</returns>
    public async ValueTask<IndicationKind> SkipDataSetAsync()
    {
        while (true)
        {
            var piece = await ReadDataAsync();
            if (piece.Kind != IndicationKind.Fragment) return piece.Kind;
            if (piece.IsLast) return IndicationKind.None;
        }
    }

    // PS3.8 E.1: the fragments of a message come in one context, the command before the data set, never mixed.
    private ValueTask<IndicationKind?> RefuseAsync(in UpperLayerIndication piece, bool isCommand)
    {
        if (piece.IsCommand != isCommand) return ViolateAsync(AbortReason.UnexpectedPdu);
        if (_context is null)
        {
            _context = association.FindContext(piece.ContextId);
            if (_context is null) return ViolateAsync(AbortReason.InvalidParameterValue);
        }

        return _context.Id == piece.ContextId ? default : ViolateAsync(AbortReason.InvalidParameterValue);
    }

    private async ValueTask<IndicationKind?> ViolateAsync(AbortReason reason) =>
        (await Provider.ViolatedAsync(reason)).Kind;
}
