using System.Collections.Concurrent;
using Drimbox.Core;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>The receive buffers of associations that receive data sets. Pinned: they live long and the kernel writes
/// into them.</summary>
internal sealed class ReceiveBuffers
{
    public static readonly ReceiveBuffers Shared = new();

    private readonly ConcurrentBag<byte[]> _free = [];

    public byte[] Rent() => _free.TryTake(out var buffer)
        ? buffer
        : GC.AllocateUninitializedArray<byte>(Limits.ReceiveBufferBytes, pinned: true);

    public void Return(byte[] buffer)
    {
        if (_free.Count < Limits.AssociationsMax) _free.Add(buffer);
    }
}
