using Drimbox.Core;
using Drimbox.Core.Requests;
using Drimbox.Ris.Requests;
using Drimbox.Tests.Cda;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Ris;
using Drimbox.Tests.Teleradiology;
using FakeRis = Drimbox.Tests.Flow.FakeRis;

namespace Drimbox.Tests.Requests;

/// <summary>What the ANS's own schema and schematrons say of the document that a RIS makes of a PDF.</summary>
public sealed class ScannedRequestTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_scan_in_a_document_of_the_RIS_passes_the_schema_and_the_schematrons()
    {
        // Its body is a PDF: the header is what there is to check.
        string[] schematrons = ["profils/IHE.sch", "profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch"];
        var ans = Schematrons.Require(_folder.Path, schematrons);
        var document = await ScanAsync();

        await ans.ValidateAsync(document);
        foreach (var schematron in schematrons)
        {
            var findings = await ans.CheckAsync(schematron, document);
            Assert.True(findings.Count == 0, $"{schematron}:\n{string.Join('\n', findings)}");
        }
    }

    private async Task<string> ScanAsync()
    {
        await using var platform = new FakeRis();
        await using var ris = await RisFixture.StartAsync(changeRis: o => o with
        {
            Teleradiology = new Hl7PeerOptions
            {
                Host = "127.0.0.1", Port = platform.Port, Application = "TLR", Facility = "LEVANT",
            },
        });
        var scan = new DocumentFile("%PDF-1.4 a scan"u8.ToArray(), RequestDocumentRole.Request);
        var cancellation = TestContext.Current.CancellationToken;
        var reply = await ris.Node.PlaceRequestsAsync(
            [new RequestOrder(Samples.Request("OPN1"), [])], scan, "alice", cancellation);
        Assert.Null(reply.Refusal);
        await platform.Messages.Reader.ReadAsync(cancellation);
        var message = await platform.Messages.Reader.ReadAsync(cancellation).AsTask()
            .WaitAsync(TimeSpan.FromMinutes(1), cancellation);
        var obx = message.Split('\r').Single(s => s.StartsWith("OBX|1|", StringComparison.Ordinal));
        var path = Path.Combine(_folder.Path, "scan.xml");
        await File.WriteAllBytesAsync(path, Convert.FromBase64String(obx.Split('|')[5].Split('^')[4]), cancellation);
        return path;
    }
}
