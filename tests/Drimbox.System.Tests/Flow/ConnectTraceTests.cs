using Drimbox.Core;

namespace Drimbox.Tests.Flow;

/// <summary>The platform has no way to the DMP: the kernel is asked where its process connects to.</summary>
public sealed class ConnectTraceTests
{
    [Fact]
    public async Task A_process_with_only_the_platform_connects_to_the_RIS_and_never_to_the_DMP()
    {
        var cancellation = TestContext.Current.CancellationToken;
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
            TracerTo(trace));
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

        var connects = await File.ReadAllTextAsync(trace, cancellation);
        Assert.Contains(PortText(ris.Port), connects, StringComparison.Ordinal);
        Assert.DoesNotContain(PortText(gateway.Dmp.BaseAddress.Port), connects, StringComparison.Ordinal);
        Assert.Empty(gateway.Dmp.Submissions);
    }

    /// <summary>The same eyes on a process that does publish: they see it.</summary>
    [Fact]
    public async Task A_process_with_a_RIS_is_seen_to_connect_to_the_DMP()
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var folder = new StoreFolder();
        var trace = Path.Combine(folder.Path, "connect.trace");
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(GatewayUnderTest.RisAlone, TracerTo(trace));
        var exam = new ExaminationCase();
        await MllpWire.SendAsync(gateway.RisPort, exam.Mdm("t02", exam.Cda(1), 1), cancellation);
        await gateway.RegistryShowsAsync(exam.Ins, e => e.Any(d => d.IsReport), "the report");
        await gateway.Child.KillAsync(cancellation);

        var connects = await File.ReadAllTextAsync(trace, cancellation);
        Assert.Contains(PortText(gateway.Dmp.BaseAddress.Port), connects, StringComparison.Ordinal);
    }

    /// <summary>strace of the program and all its threads, the connect calls alone.</summary>
    private static string[] TracerTo(string file) => [Peer.Require("strace"), "-f", "-e", "trace=connect", "-o", file];

    /// <summary>A port as strace writes it: <c>sin_port=htons(2575)</c>, or sin6_port.</summary>
    private static string PortText(int port) => $"_port=htons({port})";
}
