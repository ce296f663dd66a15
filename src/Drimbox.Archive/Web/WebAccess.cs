using System.Net;
using System.Security.Cryptography;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Tls;
using Microsoft.AspNetCore.Http;

namespace Drimbox.Archive.Web;

/// <summary>Who calls, and what they may do.</summary>
internal sealed class WebAccess
{
    private const string Bearer = "Bearer ";

    /// <summary>The sender of what is stored by a caller without a name.</summary>
    private static readonly WebCaller Anyone = new(AeTitle.Parse("DICOMWEB"), WebRights.All);

    private readonly ArchiveWebOptions _options;
    private readonly List<(WebCaller Caller, byte[] TokenHash)> _tokens = [];

    /// <exception cref="IOException">A token file cannot be read, or holds no token.</exception>
    public WebAccess(ArchiveWebOptions options)
    {
        _options = options;
        foreach (var caller in options.Callers)
        {
            if (caller.TokenFile is not { } file) continue;
            var token = File.ReadAllText(file).Trim();
            if (token.Length < Limits.BearerTokenLengthMin)
            {
                throw new IOException(
                    $"{file}: a bearer token has {Limits.BearerTokenLengthMin} characters or more.");
            }

            _tokens.Add((caller, HashOf(token)));
        }
    }

    /// <summary>A page of another site whose name now points here (DNS rebinding) must not read through a browser.
    /// </summary>
    public bool IsOurs(HttpContext context)
    {
        var host = context.Request.Host.Host;
        return host is "localhost" || _options.HostNames.Contains(host, StringComparer.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host.Trim('[', ']'), out var address)
                && (IPAddress.IsLoopback(address) || address.Equals(Unmapped(context.Connection.LocalIpAddress))));
    }

    /// <returns>Null: 401.</returns>
    public WebCaller? Identify(HttpContext context)
    {
        if (_options.Callers.Count == 0) return Anyone;
        return ByToken(context.Request.Headers.Authorization.ToString()) ?? ByCertificate(context);
    }

    private WebCaller? ByToken(string authorization)
    {
        if (!authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)) return null;
        var hash = HashOf(authorization[Bearer.Length..].Trim());
        WebCaller? found = null;
        // All are compared, each in the same time.
        foreach (var (caller, known) in _tokens)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, known)) found = caller;
        }

        return found;
    }

    private WebCaller? ByCertificate(HttpContext context)
    {
        var shown = TlsHandshakes.Describe(context.Connection.ClientCertificate);
        return _options.Callers.FirstOrDefault(caller => caller.Certificate?.Matches(shown) == true);
    }

    private static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private static IPAddress? Unmapped(IPAddress? address) =>
        address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
}
