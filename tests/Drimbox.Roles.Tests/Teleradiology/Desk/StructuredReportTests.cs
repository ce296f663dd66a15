using System.Text;
using System.Xml.Linq;
using Drimbox.Core.Publications;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Profiles;
using Drimbox.Teleradiology;

namespace Drimbox.Tests.Teleradiology.Desk;

/// <summary>A platform whose reports are CDA level 3.</summary>
public sealed class StructuredReportTests
{
    private static readonly XNamespace V3 = "urn:hl7-org:v3";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_structured_report_says_in_sections_what_was_written_and_attaches_it_printed()
    {
        await using var platform = await Platform.StartAsync(
            o => o with { Desk = o.Desk with { Body = ReportBody.Structured } });
        await platform.ExamineAsync("1");

        var reply = await platform.Node.WriteReportAsync(Samples.Order("1"), Samples.Text, "alice", Cancellation);

        Assert.Null(reply.Refusal);
        var reading = MessageValidator.Read(await platform.Ris!.NextAsync(), [CdaProfiles.Mdm21])!;
        Assert.Null(reading.Refusal);
        var (report, cda) = ReportMessageReader.TryRead(reading.Message, out var refusal)!;
        Assert.Null(refusal);
        Assert.True(report.Cda!.IsLevel3);
        Assert.Equal(reply.Document!.DocumentId, report.Cda.DocumentId);
        // What the RIS publishes it as.
        var entry = ReportEntry.TryFrom(
            report.Cda, "Document01", new string('0', 40), 1, Visibility.Normal, new ReportEntryDefaults(), out refusal);
        Assert.Null(refusal);
        Assert.Equal("urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013", entry!.FormatCode.Value);

        var document = XDocument.Parse(Encoding.UTF8.GetString(cda.Span));
        var texts = document.Descendants(V3 + "section").ToLookup(
            section => (string?)section.Element(V3 + "code")!.Attribute("code"),
            section => section.Element(V3 + "text")!.Value);
        Assert.Contains("Pas d'anomalie décelable.", Assert.Single(texts["59776-5"]), StringComparison.Ordinal);
        Assert.Contains("Examen normal.", Assert.Single(texts["19005-8"]), StringComparison.Ordinal);
        Assert.Contains("Recherche d'une lésion", Assert.Single(texts["55115-0"]), StringComparison.Ordinal);
        Assert.Contains(
            "Acquisition hélicoïdale sans injection.", Assert.Single(texts["55111-9"]), StringComparison.Ordinal);
        Assert.Equal("24028007", (string?)document.Descendants(V3 + "qualifier").Elements(V3 + "value").Single()
            .Attribute("code"));
        var id = Uri.EscapeDataString(report.DocumentId.ToString());
        Assert.EndsWith(
            $"idCDA={id}", (string?)document.Descendants(V3 + "linkHtml").Single().Attribute("href"),
            StringComparison.Ordinal);
        var pdf = Convert.FromBase64String(
            document.Descendants(V3 + "observationMedia").Single().Element(V3 + "value")!.Value);
        Assert.StartsWith("%PDF-1.4", Encoding.Latin1.GetString(pdf), StringComparison.Ordinal);
    }
}
