namespace Drimbox.Core;

// A cluster of processes (docs/adr/0038).
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

    /// <summary>5 sessions of a silo for the membership tables, of which it uses one or two at a time; a server has 100 by
    /// default.</summary>
    public const int SiloDatabaseSessionsMax = 5;
}
