using Drimbox.Core;

namespace Drimbox.Tests.Flow;

/// <summary>The platform has no way to the DMP: the kernel is asked where its process connects to.</summary>
public sealed class ConnectTraceTests
{
    [Fact]
    public async Task A_process_with_only_the_platform_connects_to_the_RIS_and_never_to_the_DMP()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var strace = Peer.Require("strace");
        using var folder = new StoreFolder();
        var trace = Path.Combine(folder.Path, "connect.trace");
        await using var ris = new FakeRis();
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(
            all => GatewayUnderTest.PlatformAlone(all) with
            {
                Teleradiology = all.Teleradiology! with
                {
                    Ris = new Hl7PeerOptions
                    {
                        Host = "127.0.0.1", Port = ris.Port, Application = "RIS", Facility = "TILLEULS",
                    },
                },
            },
            strace, "-f", "-e", "trace=connect", "-o", trace);
        var platform = gateway.Configuration.Teleradiology!.Hl7.Port;
        var exam = new ExaminationCase();
        (string, string)[] common =
            [("ins", exam.Ins), ("order", exam.Order), ("time", "20260314080500+0100")];
        var order = $"1.2.250.1.999.20.3^{exam.Order}";

        var placed = await MllpWire.SendAsync(
            platform, Template.ToWire(Template.Fill("Messages/orm-o01-nw.er7", [.. common, ("control", "TRACE-1")])), cancellation);
        Assert.True(placed!["MSA", 1] == "AA", placed.Text);
        await gateway.CommandAsync("platform", "accept", order, "--protocol", "Angioscanner");
        var examined = await MllpWire.SendAsync(
            platform,
            Template.ToWire(Template.Fill(
                "Messages/omi-o23-sr.er7",
                [.. common, ("control", "TRACE-2"), ("study", exam.Study), ("accession", exam.Accession)])),
            cancellation);
        Assert.True(examined!["MSA", 1] == "AA", examined.Text);
        await gateway.CommandAsync("platform", "report", order, "--conclusion", "Pas de lésion.");
        await Eventually.HoldsAsync(
            () => Task.FromResult(ris.Received.ToList()),
            received => received.SequenceEqual(["ORU^R01^ORU_R01", "MDM^T02^MDM_T02"]),
            received => $"the RIS received {string.Join(", ", received)}\n{gateway.Child.Output}");
        await gateway.Child.KillAsync(cancellation);

        var connects = await File.ReadAllLinesAsync(trace, cancellation);
        Assert.Contains(connects, line => line.Contains($"htons({ris.Port})", StringComparison.Ordinal));
        Assert.DoesNotContain(
            connects, line => line.Contains($"htons({gateway.Dmp.BaseAddress.Port})", StringComparison.Ordinal));
        Assert.Empty(gateway.Dmp.Submissions);
    }
}
