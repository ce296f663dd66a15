using System.Text;
using Drimbox.Core;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Demo;

namespace Drimbox.Tests.Flow;

/// <summary>The messages that the ANS publishes, sent to running nodes. What each is answered, and why, stands in
/// docs/conformance/hl7.md, "Samples". The documents of the samples name the structure 120456789 where PRT-8 names
/// 300017985, so the RIS is configured for both.</summary>
public sealed class SampleMessagesTests
{
    /// <summary>Each alone, as it is (most have MSH-10 <c>015</c>), to a node that has seen nothing before.</summary>
    [Theory]
    // A request as it must be.
    [InlineData("teleradiology/flux1-ORM_O01-NW.hl7", "AA")]
    // Well-formed, but an empty platform has no such request to cancel or to complete: 207.
    [InlineData("teleradiology/flux2-ORM_O01-CA.hl7", "AE 207")]
    [InlineData("teleradiology/flux4-OMI_O23-SR.hl7", "AE 207")]
    // Its protocol is no base64.
    [InlineData("teleradiology/flux3-ORU_R01-OK.hl7", "AE 102")]
    // The one report sample with its document.
    [InlineData("cda-transmission/MDM_T02-initial-with-document.er7", "AA")]
    // A placeholder for the document.
    [InlineData("cda-transmission/MDM_T10-replacement.er7", "AE 102")]
    // A placeholder is enough: TXA-12 names the document, and a deletion may come before what it deletes.
    [InlineData("cda-transmission/MDM_T04-deletion.er7", "AA")]
    // Placeholders, and nothing else in an ORU would name the document.
    [InlineData("cda-transmission/ORU_R01-initial.hl7", "AE 102")]
    [InlineData("cda-transmission/ORU_R01-replacement.er7", "AE 102")]
    [InlineData("cda-transmission/ORU_R01-deletion.er7", "AE 102")]
    // Well-formed, about message 015, which this RIS has not sent: 207, and in this volet 906.
    [InlineData("cda-transmission/ZAM_Z02-reception-DMP.hl7", "AE 207 906")]
    // What the site says of a patient.
    [InlineData("consent/NonConsentementConsultation_OppositionAlimentation.er7", "AA")]
    public async Task A_sample_sent_to_an_empty_node_is_answered_as_its_page_says(string file, string expected)
    {
        var sample = Sample(file);
        var isForPlatform = file.Contains("ORM", StringComparison.Ordinal) || file.Contains("OMI", StringComparison.Ordinal);
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(isForPlatform ? GatewayUnderTest.PlatformAlone : RisOfTheSamples);

        Assert.Equal(expected, await AnswerAsync(PortOf(gateway), sample, ControlIdOf(sample)));
    }

    /// <summary>All to the same RIS, MSH-10 rewritten to a number of their own: the answers are the same.</summary>
    [Fact]
    public async Task The_samples_in_sequence_with_control_ids_of_their_own_are_answered_the_same()
    {
        (string File, string Expected)[] sequence =
        [
            ("cda-transmission/MDM_T02-initial-with-document.er7", "AA"),
            ("cda-transmission/MDM_T10-replacement.er7", "AE 102"),
            ("cda-transmission/ORU_R01-initial.hl7", "AE 102"),
            ("cda-transmission/ORU_R01-replacement.er7", "AE 102"),
            ("cda-transmission/ORU_R01-deletion.er7", "AE 102"),
            ("cda-transmission/MDM_T04-deletion.er7", "AA"),
            ("cda-transmission/ZAM_Z02-reception-DMP.hl7", "AE 207 906"),
            ("teleradiology/flux3-ORU_R01-OK.hl7", "AE 102"),
        ];
        var messages = sequence.Select((s, i) => (Rewritten(Sample(s.File), $"S{i}"), $"S{i}", s.Expected)).ToList();
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(RisOfTheSamples);

        foreach (var (message, control, expected) in messages)
            Assert.Equal($"{control} {expected}", $"{control} {await AnswerAsync(gateway.RisPort, message, control)}");
    }

    /// <summary>As they are, the second message is another one under the control id of the first: 906.</summary>
    [Fact]
    public async Task Two_samples_with_the_same_control_id_are_a_reused_control_id()
    {
        var (first, second) = (
            Sample("cda-transmission/MDM_T02-initial-with-document.er7"), Sample("cda-transmission/MDM_T04-deletion.er7"));
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(RisOfTheSamples);

        Assert.Equal("AA", await AnswerAsync(gateway.RisPort, first, "015"));
        Assert.Equal("AE 207 906", await AnswerAsync(gateway.RisPort, second, "015"));
        Assert.Equal("AA", await AnswerAsync(gateway.RisPort, first, "015"));
    }

    /// <summary>A request, its complement after the examination, and a cancellation that comes too late.</summary>
    [Fact]
    public async Task The_teleradiology_samples_in_sequence_are_one_request()
    {
        var messages = ((string[])["flux1-ORM_O01-NW", "flux4-OMI_O23-SR", "flux2-ORM_O01-CA"])
            .Select(name => Sample($"teleradiology/{name}.hl7")).ToList();
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(GatewayUnderTest.PlatformAlone);

        var answers = new List<string>();
        foreach (var message in messages)
            answers.Add(await AnswerAsync(PortOf(gateway), message, ControlIdOf(message)));

        Assert.Equal(["AA", "AA", "AE 207"], answers);
    }

    private static GatewayConfiguration RisOfTheSamples(GatewayConfiguration all)
    {
        var alone = GatewayUnderTest.RisAlone(all);
        return alone with
        {
            Ris = alone.Ris! with
            {
                Structures = [DemoIdentities.Site, new StructureOptions { Id = "120456789", Name = "Organisation-Y" }],
            },
        };
    }

    private static int PortOf(GatewayUnderTest gateway) =>
        (gateway.Configuration.Teleradiology?.Hl7 ?? gateway.Configuration.Ris!.Hl7).Port;

    /// <summary>MSA-1, then ERR-3.1 and ERR-5.1 where there are any.</summary>
    private static async Task<string> AnswerAsync(int port, byte[] message, string control)
    {
        var ack = await MllpWire.SendAsync(port, message, TestContext.Current.CancellationToken);
        Assert.NotNull(ack);
        Assert.Equal(control, ack["MSA", 2]);
        if (ack.Find("ERR") is null) return ack["MSA", 1];
        return $"{ack["MSA", 1]} {ack["ERR", 3].Split('^')[0]} {ack["ERR", 5].Split('^')[0]}".TrimEnd();
    }

    private static string ControlIdOf(byte[] message) => Encoding.UTF8.GetString(message).Split('|')[9];

    /// <summary>The declared rewrite: MSH-10 and nothing else.</summary>
    private static byte[] Rewritten(byte[] message, string control)
    {
        var fields = Encoding.UTF8.GetString(message).Split('|');
        fields[9] = control;
        return Encoding.UTF8.GetBytes(string.Join('|', fields));
    }

    /// <summary>A sample as it goes on the wire: the files have LF or CR between segments.</summary>
    private static byte[] Sample(string file)
    {
        var folder = Environment.GetEnvironmentVariable("DRIMBOX_SAMPLES");
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); folder is null && at is not null; at = at.Parent)
        {
            var beside = Path.Combine(at.FullName, "shared", "data");
            if (Directory.Exists(beside)) folder = beside;
        }

        var path = folder is null ? null : Path.Combine(folder, "hl7", file);
        if (path is null || !File.Exists(path)) Assert.Skip($"the published sample {file} is not there (DRIMBOX_SAMPLES)");
        return Template.ToWire(File.ReadAllText(path!));
    }
}
