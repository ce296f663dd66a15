using System.Buffers;
using System.Buffers.Text;
using Drimbox.Core;

namespace Drimbox.Hl7.Er7;

/// <summary>ED-5 with encoding Base64. Source: HL7 v2.5.1 2.A.24.5; RFC 4648.</summary>
public static class Er7Base64
{
    /// <summary>Decodes a component. Line breaks inside and padding left away are tolerated: the examples of the
    /// CI-SIS themselves have both.</summary>
    /// <param name="bytesMax">Longer content is refused before it is decoded.</param>
    /// <returns>The bytes, or null: the value is empty or not base64 (<see cref="RefusalReason.DataType"/>) or too long
    /// (<see cref="RefusalReason.OverLimit"/>).</returns>
    public static ReadOnlyMemory<byte>? TryDecode(
        Er7Message message, Er7Value component, int bytesMax, out RefusalReason reason)
    {
        reason = RefusalReason.DataType;
        var source = component.Raw;
        if (source.Span.Contains(message.Separators.Escape))
        {
            // A line break written as \.br\ or \X0D0A\: rare, so it may cost a copy.
            var unescaped = new byte[source.Length];
            source = unescaped.AsMemory(0, Er7Escape.Decode(source.Span, message.Separators, unescaped));
        }

        if (source.IsEmpty) return null;
        if (Base64.GetMaxDecodedFromUtf8Length(source.Length) > (long)bytesMax + 3)
        {
            reason = RefusalReason.OverLimit;
            return null;
        }

        var target = new byte[Base64.GetMaxDecodedFromUtf8Length(source.Length) + 3];
        var status = Base64.DecodeFromUtf8(source.Span, target, out var consumed, out var written);
        if (status != OperationStatus.Done)
        {
            // Without padding the last two or three characters are left over; complete them.
            status = Base64.DecodeFromUtf8(source.Span, target, out consumed, out written, isFinalBlock: false);
            if (status is not (OperationStatus.Done or OperationStatus.NeedMoreData)) return null;
            Span<byte> tail = stackalloc byte[4];
            var count = 0;
            foreach (var b in source.Span[consumed..])
            {
                if (b is (byte)' ' or (byte)'\r' or (byte)'\n' or (byte)'\t') continue;
                if (count == 3 || b == (byte)'=') return null;
                tail[count++] = b;
            }

            if (count < 2) return null;
            tail[count..].Fill((byte)'=');
            if (Base64.DecodeFromUtf8(tail, target.AsSpan(written), out _, out var last) != OperationStatus.Done)
                return null;
            written += last;
        }

        return target.AsMemory(0, written);
    }
}
