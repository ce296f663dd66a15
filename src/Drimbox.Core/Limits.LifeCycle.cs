namespace Drimbox.Core;

// What an archive does with what it holds.
public static partial class Limits
{
    /// <summary>Free space is looked at every second: at 1 GB/s a second is half of the smallest low-water mark, and a
    /// look costs microseconds.</summary>
    public static readonly TimeSpan DiskLookInterval = TimeSpan.FromSeconds(1);

    /// <summary>A study is not purged before a day has passed since its newest instance: by then it is complete, and
    /// whoever waits for it has it or has said so.</summary>
    public static readonly TimeSpan PurgeAgeMin = TimeSpan.FromDays(1);

    /// <summary>Rules that count days are looked at every hour.</summary>
    public static readonly TimeSpan RetentionInterval = TimeSpan.FromHours(1);

    /// <summary>Rules that look at the free space, every minute: between the target and the low-water mark lies more
    /// than a minute of receiving.</summary>
    public static readonly TimeSpan RetentionSpaceInterval = TimeSpan.FromMinutes(1);

    /// <summary>1,000 studies in one purge, the least recently used: the rest follows in the next, and a wrong rule has
    /// not emptied the archive before someone looks.</summary>
    public const int PurgeStudiesMax = 1_000;

    /// <summary>After 64 unlinked files the journal of the file system has a rest of 50 ms.</summary>
    public const int UnlinkGroup = 64;

    public static readonly TimeSpan UnlinkPause = TimeSpan.FromMilliseconds(50);

    /// <summary>A deleted study is kept for 30 days by default: longer than a holiday in which nobody misses it.</summary>
    public const int TrashDays = 30;

    /// <summary>100,000 studies of which this day's retrieval is known to be recorded, some 10 MB.</summary>
    public const int StudiesNotedMax = 100_000;

    /// <summary>The scrubber waits a minute after a start, and after a fault.</summary>
    public static readonly TimeSpan ScrubStartDelay = TimeSpan.FromMinutes(1);

    /// <summary>Where it stands is written every 5 s: that much is read twice after a crash.</summary>
    public static readonly TimeSpan ScrubPersistInterval = TimeSpan.FromSeconds(5);

    /// <summary>256 KiB at a time: the disk is free for others between two reads.</summary>
    public const int ScrubChunkBytes = 256 * 1024;

    /// <summary>Rests shorter than 2 ms are saved up: a timer is not more exact.</summary>
    public static readonly TimeSpan ScrubRestMin = TimeSpan.FromMilliseconds(2);

    public static readonly TimeSpan ScrubWaitMax = TimeSpan.FromDays(1);

    /// <summary>1,000 studies in one page of a list for a person.</summary>
    public const int StudyListMax = 1_000;

    /// <summary>64 calling AE titles that see what was rejected for quality: those of a department.</summary>
    public const int ShowRejectedToMax = 64;

    /// <summary>1 day: the longest that a study may wait for its sender (Archive:Completeness:LongQuietTime), so that
    /// one whose newest image is older was complete before its index was lost.</summary>
    public static readonly TimeSpan RebuildStudyOld = TimeSpan.FromDays(1);

    /// <summary>Rows that the scrubber is asked to read before its round. More than these is a lost disk, which it
    /// finds by itself.</summary>
    public const int ScrubFirstMax = 10_000;
}
