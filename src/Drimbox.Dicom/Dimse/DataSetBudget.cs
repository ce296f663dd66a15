namespace Drimbox.Dicom.Dimse;

/// <summary>Bytes of data sets that are held whole at once, over all associations of an acceptor: an identifier may be
/// a megabyte and becomes up to twelve of objects, and each association may have sixteen under way (attack
/// A13).</summary>
internal sealed class DataSetBudget(long bytesMax)
{
    private long _taken;

    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= bytesMax) return true;
        Interlocked.Add(ref _taken, -bytes);
        return false;
    }

    public void Return(int bytes) => Interlocked.Add(ref _taken, -bytes);
}
