using System.Text;
using System.Xml.Linq;
using Drimbox.Core.Identity;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Pdf;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Tests.Teleradiology.Desk;

/// <summary>What the PDF of a report says of the patient's INS.</summary>
public sealed class PrintedInsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Requirement("FAQ MSSanté INS")]
    public async Task The_INS_is_printed_for_a_qualified_identity_alone_and_without_it_the_report_can_go_to_MSSante()
    {
        await using var platform = await Platform.StartAsync();
        var matricule = Samples.Patient.Identity.Ins!.Value.Extension!;

        var (qualified, qualifiedCda) = await ReportAsync(platform, "1", "VALI");
        Assert.Contains(matricule, qualified.Everything, StringComparison.Ordinal);
        Assert.Null(Rendition(qualifiedCda));

        var (provisional, provisionalCda) = await ReportAsync(platform, "2", "PROV");
        Assert.DoesNotContain(matricule, provisional.Everything, StringComparison.Ordinal);
        Assert.Contains("PAT-TROIS", provisional.Everything, StringComparison.Ordinal);
        var rendition = Encoding.UTF8.GetString(Rendition(provisionalCda)!);
        Assert.DoesNotContain(matricule, rendition, StringComparison.Ordinal);
    }

    private static async Task<(ReportPdfText Printed, ReadOnlyMemory<byte> Cda)> ReportAsync(
        Platform platform, string number, string reliability)
    {
        platform.Pacs.Hold(Samples.Study(number), 1);
        var patient = Samples.Patient with { Reliability = [reliability] };
        await platform.SendAsync(Samples.Request(number) with { Patient = patient }, $"{number}-NW");
        await platform.SendAsync(Samples.Examination(number) with { Patient = patient }, $"{number}-SR");
        var reply = await platform.Node.WriteReportAsync(Samples.Order(number), Samples.Text, "alice", Cancellation);
        Assert.Null(reply.Refusal);
        var reading = MessageValidator.Read(await platform.Ris!.NextAsync(), [CdaProfiles.Mdm21])!;
        var cda = ReportMessageReader.TryRead(reading.Message, out var refusal)!.Cda;
        Assert.Null(refusal);
        var pdf = XDocument.Parse(Encoding.UTF8.GetString(cda.Span)).Descendants()
            .Single(e => (string?)e.Attribute("mediaType") == "application/pdf").Value;
        return (ReportPdfText.TryRead(Convert.FromBase64String(pdf))!, cda);
    }

    private static byte[]? Rendition(ReadOnlyMemory<byte> cda) => MailRendition.TryWrite(
        cda, InstanceIdentifier.Create("1.2.250.1.999.30", "R1"), InstanceIdentifier.Create("1.2.250.1.999.30", "S1"),
        null, out _);
}
