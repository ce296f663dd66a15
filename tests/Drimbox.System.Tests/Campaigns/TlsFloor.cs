using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Campaigns;

/// <summary>What TLS alone gives on a machine: bytes from one SslStream to another over loopback, in one process, written in
/// pieces of the size that image access writes.</summary>
internal static class TlsFloor
{
    private const long Bytes = 2_000_000_000;
    private const int Piece = 128 * 1024;

    public static async Task<double> GigabitsPerSecondAsync(ImageAccessPeers peers, CancellationToken cancellation)
    {
        using var pem = X509Certificate2.CreateFromPemFile(
            peers.Options.Tls!.Certificate!, peers.Options.Tls.Key);
        using var certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pfx), null);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, cancellation);
        using var server = await listener.AcceptTcpClientAsync(cancellation);
        server.NoDelay = true;
        await using var from = new SslStream(server.GetStream());
        // Its own certificate, that the peers would know.
        await using var to = new SslStream(client.GetStream(), false, (_, shown, _, _) => shown?.Subject == "CN=drimbox");
        await Task.WhenAll(
            from.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions { ServerCertificate = certificate }, cancellation),
            to.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = "localhost" }, cancellation));
        var watch = Stopwatch.StartNew();
        var writing = Task.Run(
            async () =>
            {
                var piece = new byte[Piece];
                for (var left = Bytes; left > 0; left -= Piece) await from.WriteAsync(piece, cancellation);
                await from.ShutdownAsync();
            },
            cancellation);
        var buffer = new byte[Piece];
        long bytes = 0;
        int read;
        while ((read = await to.ReadAsync(buffer, cancellation)) > 0) bytes += read;
        var seconds = watch.Elapsed.TotalSeconds;
        await writing;
        return bytes * 8 / seconds / 1e9;
    }
}
