using System.Diagnostics;
using System.Text.Json;
using Drimbox.Emulators;
using Drimbox.Hl7.Samples;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Hl7;

/// <summary>Messages exchanged with python-hl7 and node-hl7-client: they send to a running RIS, and take what
/// <c>drimbox hl7 send</c> sends.</summary>
public sealed class Hl7ExchangePeerTests(GatewayUnderTest gateway) : IClassFixture<GatewayUnderTest>, IDisposable
{
    private readonly SampleFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Python_hl7_sends_a_report_and_a_wrong_one_on_one_connection()
    {
        var (good, wrong) = Reports();
        await using var peer = PeerProcess.Python("send", $"{gateway.RisPort}", good, wrong, good);
        var answers = await peer.EndAsync();

        Assert.Equal(["AA", "AE", "AA"], answers.Select(a => a.GetProperty("code").GetString()));
        Assert.Equal(IdOf(good), answers[0].GetProperty("id").GetString());
        Assert.StartsWith("101^", answers[1].GetProperty("errors")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mllp_send_sends_a_report()
    {
        var file = _files.Write("CDA-MDM-2.1");
        using var process = Process.Start(new ProcessStartInfo(
            Peer.Require("mllp_send"), ["--loose", "--file", file, "--port", $"{gateway.RisPort}", "127.0.0.1"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);

        Assert.Contains($"MSA|AA|{IdOf(file)}", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_hl7_client_sends_a_report_and_a_wrong_one()
    {
        var (good, wrong) = Reports();
        await using var peer = PeerProcess.Node("send", $"{gateway.RisPort}", good, wrong);
        var answers = await peer.EndAsync();

        Assert.Equal(["AA", "AE"], answers.Select(a => a.GetProperty("code").GetString()));
        Assert.Equal(IdOf(wrong), answers[1].GetProperty("id").GetString());
        Assert.Equal("101", answers[1].GetProperty("error").GetString());
    }

    [Fact]
    public async Task A_server_of_python_hl7_takes_what_hl7_send_sends()
    {
        string[] files = [_files.Write("TLR-1"), _files.Write("CDA-ORU-2.1", new SampleChoice(IsFull: true))];
        await using var peer = PeerProcess.Python("serve");
        var port = (await peer.ReadAsync()).GetProperty("port").GetInt32();
        var run = await CommandRun.SucceedAsync(["hl7", "send", $"127.0.0.1:{port}", .. files, "--json"]);

        var sent = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(2, sent.GetProperty("outcomes").GetProperty("AA").GetInt32());
        foreach (var (file, type) in files.Zip((string[])["ORM^O01^ORM_O01", "ORU^R01^ORU_R01"]))
        {
            var received = await peer.ReadAsync();
            Assert.Equal(type, received.GetProperty("type").GetString());
            Assert.Equal(IdOf(file), received.GetProperty("id").GetString());
        }
    }

    [Fact]
    public async Task A_server_of_node_hl7_server_takes_what_hl7_send_sends()
    {
        var file = _files.Write("TLR-4", new SampleChoice(IsFull: true));
        var port = LoopbackPorts.Take();
        await using var peer = PeerProcess.Node("serve", $"{port}");
        Assert.True((await peer.ReadAsync()).GetProperty("listens").GetBoolean());
        var run = await CommandRun.SucceedAsync("hl7", "send", $"127.0.0.1:{port}", file);

        Assert.Contains($"{file} ({IdOf(file)}): AA in ", run.Output, StringComparison.Ordinal);
        Assert.Equal(IdOf(file), (await peer.ReadAsync()).GetProperty("id").GetString());
    }

    private static string IdOf(string file) => SampleFiles.Read(file).Get("MSH-10");

    // A report, and another one without its document number.
    private (string Good, string Wrong) Reports()
    {
        var good = _files.Write("CDA-MDM-2.1");
        var other = File.ReadAllText(_files.Write("CDA-MDM-2.1"));
        var start = other.IndexOf("TXA|1|18748-4|TEXT|", StringComparison.Ordinal);
        var end = other.IndexOf('\r', start);
        return (good, _files.Write("wrong.hl7", other[..start] + "TXA|1|18748-4|TEXT||||||||||||||AU" + other[end..]));
    }
}
