using System.Collections.Concurrent;
using Drimbox.Core;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>The receive buffers of associations that receive data sets. The first
/// <see cref="Limits.ReceiveBuffersLargeMax"/> get a large one, the others a small one, so that many associations at
/// once do not take memory in proportion. Pinned: they live long and the kernel writes into them.</summary>
internal sealed class ReceiveBuffers
{
    public static readonly ReceiveBuffers Shared = new();

    private readonly ConcurrentBag<byte[]> _large = [];
    private readonly ConcurrentBag<byte[]> _small = [];
    private int _largeRented;

    public byte[] Rent()
    {
        if (Interlocked.Increment(ref _largeRented) <= Limits.ReceiveBuffersLargeMax)
            return _large.TryTake(out var large) ? large : Allocate(Limits.ReceiveBufferBytes);
        Interlocked.Decrement(ref _largeRented);
        return _small.TryTake(out var small) ? small : Allocate(Limits.ReceiveBufferBytesSmall);
    }

    public void Return(byte[] buffer)
    {
        if (buffer.Length == Limits.ReceiveBufferBytes)
        {
            Interlocked.Decrement(ref _largeRented);
            if (_large.Count < Limits.ReceiveBuffersLargeMax) _large.Add(buffer);
            return;
        }

        if (_small.Count < Limits.AssociationsMax) _small.Add(buffer);
    }

    private static byte[] Allocate(int length) => GC.AllocateUninitializedArray<byte>(length, pinned: true);
}
