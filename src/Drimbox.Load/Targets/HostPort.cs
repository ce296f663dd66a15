using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Drimbox.Load.Targets;

/// <summary>A host and a TCP port: <c>host:port</c>, <c>[address]:port</c> for IPv6.</summary>
public readonly record struct HostPort(string Host, int Port)
{
    public static bool TryParse([NotNullWhen(true)] string? text, out HostPort result)
    {
        result = default;
        if (text is null) return false;
        var colon = text.LastIndexOf(':');
        if (colon < 1 || !int.TryParse(
            text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)) return false;
        var host = text[..colon];
        if (host is ['[', .., ']']) host = host[1..^1];
        else if (host.Contains(':', StringComparison.Ordinal)) return false;
        if (host.Length == 0 || port is < 1 or > 65535) return false;
        result = new HostPort(host, port);
        return true;
    }

    public override string ToString() =>
        Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
