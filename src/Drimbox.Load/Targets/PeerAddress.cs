using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Drimbox.Core.Identity;

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

/// <summary>A DICOM application: <c>AET@host:port</c>.</summary>
public readonly record struct DicomAddress(AeTitle AeTitle, HostPort Endpoint)
{
    public static bool TryParse([NotNullWhen(true)] string? text, out DicomAddress result)
    {
        result = default;
        var at = text?.LastIndexOf('@') ?? -1;
        if (at < 1 || !AeTitle.TryParse(text![..at], out var title)
            || !HostPort.TryParse(text[(at + 1)..], out var endpoint))
        {
            return false;
        }

        result = new DicomAddress(title, endpoint);
        return true;
    }

    public override string ToString() => $"{AeTitle}@{Endpoint}";
}
