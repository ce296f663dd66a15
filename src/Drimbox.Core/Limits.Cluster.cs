namespace Drimbox.Core;

// A cluster of processes (docs/adr/0038, 0040).
public static partial class Limits
{
    /// <summary>3 s for the answer to a probe of another silo. The default of Orleans is made for networks that are slower
    /// than a hospital's; a silo that is taken for dead by mistake ends, so it is not 1 s.</summary>
    public static readonly TimeSpan SiloProbeTimeout = TimeSpan.FromSeconds(3);

    /// <summary>3 probes without an answer, one after the other: the default of Orleans. With
    /// <see cref="SiloProbeTimeout"/> a silo is missed within some 15 s.</summary>
    public const int SiloProbesMissedMax = 3;

    /// <summary>30 s for a turn that is taken elsewhere: the default of Orleans, and less than
    /// <see cref="OutboxLease"/>. After it nobody knows whether it was taken.</summary>
    public static readonly TimeSpan GrainCallTimeout = TimeSpan.FromSeconds(30);

    /// <summary>6 h that a file may have had its name when it gets its row, by the clock of the database: more than any
    /// instance takes to arrive, or any clock of a machine is wrong by mistake of an hour or two.</summary>
    public static readonly TimeSpan SharedArrivalAgeMax = TimeSpan.FromHours(6);

    /// <summary>24 h, then a file without a row is swept: so long after <see cref="SharedArrivalAgeMax"/> that no
    /// transaction which took it for young is still open.</summary>
    public static readonly TimeSpan SharedSweepAge = TimeSpan.FromHours(24);

    /// <summary>100,000 files are looked for in the index at once, 10 MB of names: each look reads its tables from end to
    /// end.</summary>
    public const int SweptFilesAtOnce = 100_000;

    /// <summary>A day from one sweep to the next.</summary>
    public static readonly TimeSpan SharedSweepInterval = TimeSpan.FromDays(1);

    /// <summary>A minute from one look to the next at what processes that are gone have left, and the first.</summary>
    public static readonly TimeSpan SharedUpkeepInterval = TimeSpan.FromMinutes(1);

    /// <summary>5 sessions of a silo for the membership tables, of which it uses one or two at a time; a server has 100 by
    /// default.</summary>
    public const int SiloDatabaseSessionsMax = 5;
}
