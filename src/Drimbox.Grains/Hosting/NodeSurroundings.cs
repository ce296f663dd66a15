using System.Security.Cryptography;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Microsoft.Extensions.Logging;

namespace Drimbox.Grains.Hosting;

/// <summary>What a node takes from the process that it runs in.</summary>
public sealed record NodeSurroundings(TimeProvider Time, IIdSource Ids, ILoggerFactory Loggers)
{
    /// <summary>The clock of the machine and random ids.</summary>
    public static NodeSurroundings Real(ILoggerFactory loggers) => new(TimeProvider.System, new RandomIdSource(), loggers);

    /// <summary>Where the grains of the node run. Default: in this process.</summary>
    public IGrainHost Grains { get; init; } = EmbeddedGrainHost.Instance;

    /// <summary>How long what failed waits for its second attempt; each further wait is twice as long, up to
    /// <see cref="RetryDelayMax"/>. Default 1 s.</summary>
    public TimeSpan RetryDelayMin { get; init; } = Limits.RetryDelayMin;

    /// <summary>Default 5 min.</summary>
    public TimeSpan RetryDelayMax { get; init; } = Limits.RetryDelayMax;

    /// <summary>Random numbers that nobody need trust, as for the jitter of delays; their seed comes from
    /// <see cref="Ids"/>.</summary>
    public Random NewRandom() => new(Convert.ToInt32(Ids.NewUuid()[..7], 16));
}

/// <summary>Ids that nobody can foresee: version 4 UUIDs (RFC 9562 5.4) from the random numbers of the system.</summary>
public sealed class RandomIdSource : IIdSource
{
    /// <inheritdoc/>
    public Uid NewUid() => Uid.FromGuid(NewGuid());

    /// <inheritdoc/>
    public string NewUuid() => NewGuid().ToString("D");

    private static Guid NewGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        // RFC 9562 5.4: the version in the upper half of byte 6, the variant in the two upper bits of byte 8.
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
