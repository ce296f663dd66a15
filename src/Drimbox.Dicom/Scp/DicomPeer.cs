using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Tls;

namespace Drimbox.Dicom.Scp;

/// <summary>An AE that we may call.</summary>
public sealed record DicomPeer(AeTitle AeTitle, string Host, int Port)
{
    /// <summary>TLS towards it; null: none.</summary>
    public TlsClientOptions? Tls { get; init; }

    /// <summary>Associations that it takes from us at once, 1 to <see cref="Core.Limits.MoveAssociationsMax"/>: a C-MOVE to
    /// it shares the work among so many. Default: 1.</summary>
    public int Associations { get; init; } = 1;

    /// <summary>Reads <c>AET@host:port</c>. An IPv6 address stands in brackets, as in a URL (RFC 3986 3.2.2).</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, [NotNullWhen(true)] out DicomPeer? peer)
    {
        peer = null;
        if (s is null) return false;
        // The last of each: an AE title may hold both characters.
        var colon = s.LastIndexOf(':');
        var at = colon < 0 ? -1 : s.LastIndexOf('@', colon);
        if (at < 1 || !AeTitle.TryParse(s[..at], out var title)) return false;
        var host = s[(at + 1)..colon];
        if (host is ['[', _, .., ']']) host = host[1..^1];
        else if (host.Contains(':', StringComparison.Ordinal)) return false;
        if (string.IsNullOrWhiteSpace(host)
            || !int.TryParse(s[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is < 1 or > 65_535)
        {
            return false;
        }

        peer = new DicomPeer(title, host, port);
        return true;
    }

    /// <summary>The form that <see cref="TryParse"/> reads.</summary>
    public override string ToString() =>
        Host.Contains(':', StringComparison.Ordinal) ? $"{AeTitle}@[{Host}]:{Port}" : $"{AeTitle}@{Host}:{Port}";
}
