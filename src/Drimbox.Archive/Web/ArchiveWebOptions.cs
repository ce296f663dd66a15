using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Tls;

namespace Drimbox.Archive.Web;

/// <summary>What a caller may do.</summary>
[Flags]
public enum WebRights
{
    None = 0,

    /// <summary>QIDO-RS and WADO-RS.</summary>
    Read = 1,

    /// <summary>STOW-RS.</summary>
    Store = 2,
    All = Read | Store,
}

/// <summary>Who may call, by what it shows.</summary>
/// <param name="Name">Stands as the sender of what it stores.</param>
public sealed record WebCaller(AeTitle Name, WebRights Rights)
{
    /// <summary>A file that holds its bearer token, 32 characters or more; null: none. Read at the start.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The certificate that it shows; null: none.</summary>
    public CertificateBinding? Certificate { get; init; }

    /// <summary>It shows something; else the name stands for whoever is on this machine.</summary>
    public bool IsIdentified => TokenFile is not null || Certificate is not null;
}

/// <summary>The DICOMweb side of an archive.</summary>
public sealed record ArchiveWebOptions
{
    /// <summary>Where to listen. One that is not of the loopback needs <see cref="Tls"/> and
    /// <see cref="Callers"/>.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>TCP port; 0 takes a free one.</summary>
    public required int Port { get; init; }

    /// <summary>TLS for every connection; null: none.</summary>
    public TlsServerOptions? Tls { get; init; }

    /// <summary>Names by which clients call it, beside its address and those of the loopback.</summary>
    public IReadOnlyList<string> HostNames { get; init; } = [];

    /// <summary>Who may call; empty: whoever is on this machine.</summary>
    public IReadOnlyList<WebCaller> Callers { get; init; } = [];

    /// <summary>Bytes of one request to store.</summary>
    public long StoreBytesMax { get; init; } = Core.Limits.WebStoreBytesMax;

    /// <summary>Why it must not start so, or null.</summary>
    public string? Unsafe => WhyUnsafe(Address, Tls is not null, Callers.Count > 0);

    /// <inheritdoc cref="Unsafe"/>
    public static string? WhyUnsafe(IPAddress address, bool hasTls, bool hasCallers) =>
        IPAddress.IsLoopback(address) || (hasTls && hasCallers)
            ? null
            : "DICOMweb on an address that is not of the loopback needs Tls and Callers";
}
