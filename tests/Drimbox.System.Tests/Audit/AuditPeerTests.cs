using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Source.Audit;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Audit;

/// <summary>A collector of another maker: the TLS, the regular expressions and the XML of Python.</summary>
public sealed class AuditPeerTests
{
    private const int Sent = 6103;

    private const string Collector = """
        import json, re, socket, ssl, sys
        import xml.etree.ElementTree as xml
        ca, cert, key, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca)
        context.load_cert_chain(cert, key)
        context.verify_mode = ssl.CERT_REQUIRED
        server = socket.create_server(('127.0.0.1', 0))
        print(server.getsockname()[1], flush=True)
        syslog = re.compile(r'<(\d+)>1 (\S+) (\S+) (\S+) (\S+) (\S+) - \ufeff(.*)', re.S)
        seen = 0
        while seen < count:
            with context.wrap_socket(server.accept()[0], server_side=True) as peer:
                stream = peer.makefile('rb')
                while True:
                    digits = b''
                    while (one := stream.read(1)) not in (b' ', b''):
                        digits += one
                    if not digits:
                        break
                    fields = syslog.fullmatch(stream.read(int(digits)).decode('utf-8')).groups()
                    event = xml.fromstring(fields[6].encode('utf-8')).find('EventIdentification')
                    print(json.dumps({
                        'priority': fields[0], 'application': fields[3], 'id': fields[5],
                        'event': event.find('EventID').get('csd-code'),
                        'type': event.find('EventTypeCode').get('csd-code'),
                        'peer': dict(pair[0] for pair in peer.getpeercert()['subject'])['commonName'],
                    }), flush=True)
                    seen += 1
        """;

    [Fact]
    [Requirement("DB.CS.96")]
    public async Task Python_takes_the_trail_of_a_source_as_syslog_over_TLS()
    {
        var python = Peer.Require("python3");
        using var folder = new StoreFolder();
        using var authority = new TestAuthority(folder.Path);
        var (server, client) = (authority.Certify("collector"), authority.Certify("drimbox"));
        using var process = Process.Start(new ProcessStartInfo(
            python, ["-c", Collector, authority.CertificateFile, server.CertificateFile, server.KeyFile, "3"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        try
        {
            var first = await process.StandardOutput.ReadLineAsync(SourceFixture.Token);
            var port = int.Parse(first!, CultureInfo.InvariantCulture);
            await using var source = await SourceFixture.StartAsync();
            source.Audit = new AuditOptions
            {
                Forward =
                [
                    new AuditForwardOptions
                    {
                        Host = "127.0.0.1",
                        Port = port,
                        Tls = new DicomPeerTlsOptions
                        {
                            Authorities = authority.CertificateFile,
                            Certificate = client.CertificateFile,
                            Key = client.KeyFile,
                        },
                    },
                ],
            };
            await source.RestartAsync();
            var output = await process.StandardOutput.ReadToEndAsync(SourceFixture.Token)
                .WaitAsync(TimeSpan.FromMinutes(1), SourceFixture.Token);
            await source.Events.WhenAsync(Sent, 1);

            var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonDocument.Parse(line).RootElement).ToList();
            Assert.Equal(["110120", "110121", "110120"], lines.Select(line => line.GetProperty("type").GetString()));
            Assert.All(lines, line => Assert.Equal(
                "85 drimbox IHE+RFC-3881 110100 drimbox",
                string.Join(' ', ((string[])["priority", "application", "id", "event", "peer"])
                    .Select(name => line.GetProperty(name).GetString()))));
        }
        finally
        {
            if (!process.HasExited) process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }
}
