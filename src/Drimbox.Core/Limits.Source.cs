namespace Drimbox.Core;

// What a DRIMbox source keeps, hands over, re-issues and counts: DB.SO.29 to 31, 87 and 102.
public static partial class Limits
{
    /// <summary>100 sentences about studies that an export or import left out: who has more looks for one
    /// cause.</summary>
    public const int TransferProblemsMax = 100;

    /// <summary>1,000 files of one study: a manifest, its metadata and its signature for each of 300 changes.</summary>
    public const int TransferFilesMax = 1_000;

    /// <summary>256 MiB of the files of one study, which are checked together: 6,000 manifests of a usual size of 40
    /// KB, or six of the largest (<see cref="ManifestInstancesMax"/>).</summary>
    public const long TransferStudyBytesMax = 256L * 1024 * 1024;

    /// <summary>60 manifests a minute are re-issued by default: 86,400 a day, and a submission a second is far below
    /// what a DMP takes (see <see cref="DispatchesInFlightMax"/>).</summary>
    public const int ReissuePerMinuteDefault = 60;

    /// <summary>6,000 a minute: the 100 publications/s that the dispatcher was made for.</summary>
    public const int ReissuePerMinuteMax = 6_000;

    /// <summary>20 submissions wait while manifests are re-issued: a DMP that is away is not met by a heap afterwards,
    /// and what a RIS sends meanwhile does not stand behind it.</summary>
    public const int ReissueWaitingMax = 20;

    /// <summary>5 s until counts are in the store: so much of them a crash takes at most.</summary>
    public static readonly TimeSpan StatisticsInterval = TimeSpan.FromSeconds(5);

    /// <summary>200 causes of one kind of error a day are told apart; further ones are counted together. A peer that
    /// makes up its codes fills no table.</summary>
    public const int StatisticsCausesMax = 200;

    /// <summary>64 characters of a cause: our own words and codes of XDS are shorter.</summary>
    public const int StatisticsCauseLengthMax = 64;

    /// <summary>366 days of one question about statistics.</summary>
    public const int StatisticsDaysMax = 366;

    /// <summary>1 MiB to 1 TiB of images that are kept after they were given out: less holds no image.</summary>
    public const long ImageCacheBytesMin = 1024 * 1024;

    /// <inheritdoc cref="ImageCacheBytesMin"/>
    public const long ImageCacheBytesMax = 1024L * 1024 * 1024 * 1024;

    /// <summary>10 GiB of kept images by default: 50 studies of 200 MB (the size of the national test set).</summary>
    public const long ImageCacheBytesDefault = 10L * 1024 * 1024 * 1024;

    /// <summary>1 h for which images are kept by default: as long as a consultation or a staff meeting looks at them.
    /// A PACS that changes an image without a notice shows it at the latest then.</summary>
    public static readonly TimeSpan ImageCacheAgeDefault = TimeSpan.FromHours(1);

    /// <summary>1 min between two looks for images that were kept for long enough.</summary>
    public static readonly TimeSpan ImageCacheInterval = TimeSpan.FromMinutes(1);

    /// <summary>20 runs of one speed test: some minutes.</summary>
    public const int SpeedTestRunsMax = 20;
}
