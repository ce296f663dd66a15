namespace Drimbox.Core;

// Outages of what a node needs (docs/adr/0032).
public static partial class Limits
{
    /// <summary>5 s between two attempts to write to a store that failed: campaign D5 wants the first success within
    /// 5 s once there is space.</summary>
    public static readonly TimeSpan StoreRetryDelayMax = TimeSpan.FromSeconds(5);

    /// <summary>64 MiB of free space, below which a node takes no more messages: what waits already must still become a
    /// manifest (<see cref="KosBytesMax"/>) and have its end recorded.</summary>
    public const long FlowFreeBytesMin = 64L * 1024 * 1024;

    /// <summary>80 MiB of free space, from which on a node takes messages again: a mark that is crossed back and forth
    /// would be an alert each time.</summary>
    public const long FlowFreeBytesResume = 80L * 1024 * 1024;

    /// <summary>4 KiB are written to find out whether a disk that was full takes files again: a block, a name and an
    /// fsync are what may be missing.</summary>
    public const int SpaceProbeBytes = 4096;
}
