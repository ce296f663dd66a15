namespace Drimbox.Core;

// Resynchronisation of a DRIMbox source: DB.SO.28.
public static partial class Limits
{
    /// <summary>60 studies a minute by default: one C-FIND a second beside the clinical load; Orthanc on SQLite answers
    /// one in 50 to 70 ms.</summary>
    public const int ResyncPerMinuteDefault = 60;

    /// <summary>6,000 a minute: ten milliseconds each, more than a PACS on the same machine answers.</summary>
    public const int ResyncPerMinuteMax = 6_000;

    /// <summary>36,600 days, a century: older examinations than the archives of any site.</summary>
    public const int ResyncDaysMax = 36_600;

    /// <summary>500 studies listed at once: a page that is written in one short transaction.</summary>
    public const int ResyncPageMax = 500;

    /// <summary>10,000 studies in one answer about a part of a day; a PACS that has more is asked about parts of that
    /// part. The largest groups make some 5,000 examinations a day.</summary>
    public const int ResyncDayPartStudiesMax = 10_000;

    /// <summary>20 studies in a row that the PACS holds no longer stop a run: one that was restored empty, or another
    /// than before, would have every manifest taken out of the DMP.</summary>
    public const int ResyncAbsentInARowMax = 20;

    /// <summary>1,000 studies that failed are listed for a run; all are counted.</summary>
    public const int ResyncFailuresListedMax = 1_000;

    /// <summary>3 attempts at a day that the PACS refuses to list, then the studies of the day that are known here are
    /// gone through alone.</summary>
    public const int ResyncDayAttemptsMax = 3;

    /// <summary>92 days, a quarter, for a plan that asks the PACS how many studies it has of each: the caller waits.
    /// </summary>
    public const int ResyncAskedDaysMax = 92;
}
