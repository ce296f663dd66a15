using System.ComponentModel.DataAnnotations;

namespace Drimbox.Archive;

/// <summary>Below how much free space an archive takes no more instances. The low-water mark is the larger of the two
/// minima.</summary>
public sealed record DiskSpaceOptions
{
    /// <summary>No mark: instances are taken until the disk is full.</summary>
    public static readonly DiskSpaceOptions NoMark = new() { FreeBytesMin = 0, FreePercentMin = 0 };

    /// <summary>Bytes, 0 or more. Default 2 GiB: the writes of a busy hour in which nobody looks, and the database's
    /// own.</summary>
    [Range(0, long.MaxValue)]
    public long FreeBytesMin { get; init; } = 2L * 1024 * 1024 * 1024;

    /// <summary>Percent of the file system, 0 to 90. Default 5: file systems slow down and fragment below it.</summary>
    [Range(0, 90)]
    public double FreePercentMin { get; init; } = 5;

    /// <summary>Instances are taken again at this percentage of the low-water mark, 100 to 1000. Default 120: a mark
    /// that is crossed back and forth would make every other instance fail.</summary>
    [Range(100, 1000)]
    public double ResumePercent { get; init; } = 120;

    /// <summary>The low-water mark of a file system, in bytes.</summary>
    public long Mark(long totalBytes) => Math.Max(FreeBytesMin, (long)(totalBytes * (FreePercentMin / 100)));

    /// <summary>From how many free bytes on instances are taken again.</summary>
    public long ResumeMark(long totalBytes) => (long)Math.Min(long.MaxValue / 2, Mark(totalBytes) * (ResumePercent / 100));

    /// <summary>The decision: whether instances are taken, given whether they were until now.</summary>
    public bool Takes(bool tookBefore, long freeBytes, long totalBytes) =>
        freeBytes >= (tookBefore ? Mark(totalBytes) : ResumeMark(totalBytes));
}
