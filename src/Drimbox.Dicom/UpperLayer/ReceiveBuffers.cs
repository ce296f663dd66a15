using Drimbox.Core;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>The receive buffers of associations that receive data sets. Pinned: they live long and the kernel writes
/// into them.</summary>
internal sealed class ReceiveBuffers
{
    public static readonly ReceiveBuffers Shared = new();

    // A stack for each processor: what was returned last is what its cache still holds.
    private readonly Stack<byte[]>[] _free =
        [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Stack<byte[]>())];

    public byte[] Rent()
    {
        var own = Own;
        for (var i = 0; i < _free.Length; i++)
        {
            var free = _free[(own + i) % _free.Length];
            lock (free)
            {
                if (free.TryPop(out var buffer)) return buffer;
            }
        }

        return GC.AllocateUninitializedArray<byte>(Limits.ReceiveBufferBytes, pinned: true);
    }

    public void Return(byte[] buffer)
    {
        var free = _free[Own];
        lock (free)
        {
            if (free.Count < Limits.AssociationsMax) free.Push(buffer);
        }
    }

    private int Own => Thread.GetCurrentProcessorId() % _free.Length;
}
