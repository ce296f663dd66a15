using System.Text;
using Drimbox.Core.Reports;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Ris;

/// <summary>ERR-5 of the CDA volet (page error-codes), each as the RIS gives it: 900 to 905.</summary>
public sealed class ApplicationErrorTests
{
    private const string Time = "20261102090000+0100";

    [Fact]
    public async Task A_replacement_of_a_document_that_is_no_longer_the_head_is_900()
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.ReportAsync("A");
        await ris.ReportAsync("B", "A");

        Assert.Equal("207 900 TXA^1^13", await ris.RefusesAsync(PublishingRis.Mdm("C", "A")));
        Assert.Equal(2, (await ris.StateAsync("A")).Versions.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // and when the deletion comes first: the answer is the same
    public async Task A_deletion_by_an_organisation_that_is_none_of_the_RIS_is_901(bool afterTheReport)
    {
        await using var ris = await PublishingRis.StartAsync();
        if (afterTheReport) await ris.ReportAsync("A");

        Assert.Equal("207 901 PRT^1^8", await ris.RefusesAsync(Deletion("300099999")));

        if (!afterTheReport) await ris.ReportAsync("A");
        Assert.False((await ris.StateAsync("A")).HeadIsWithdrawn);
    }

    [Theory]
    [InlineData("300017985")]
    [InlineData("1300017985")] // Struct_IdNat: the FINESS number behind a 1
    [InlineData("300017999")] // another structure of the RIS
    public async Task A_deletion_by_the_author_or_by_another_structure_of_the_RIS_is_taken(string structure)
    {
        await using var ris = await PublishingRis.StartAsync(options => options with
        {
            Structures = [.. options.Structures, options.Structures[0] with { Id = "300017999" }],
        });
        await ris.ReportAsync("A");

        await ris.TakesAsync(Deletion(structure));

        Assert.True((await ris.StateAsync("A")).HeadIsWithdrawn);
    }

    [Fact]
    public async Task A_patient_whom_nobody_told_of_is_902_where_the_RIS_takes_known_patients_only()
    {
        await using var ris = await PublishingRis.StartAsync(options => options with { KnownPatientsOnly = true });

        Assert.Equal("207 902 PID^1^3", await ris.RefusesAsync(PublishingRis.Mdm("A")));

        await ris.TakesAsync(PublishingRis.Adt("1", Time, "INO"));
        await ris.TakesAsync(SourceReports.Mdm("M2", ReportAction.Initial, SourceReports.Report("A")));
    }

    [Fact]
    public async Task A_document_without_INS_is_903()
    {
        await using var ris = await PublishingRis.StartAsync();
        var report = SourceReports.Report("A");

        Assert.Equal("207 903 PID^1^3", await ris.RefusesAsync(SourceReports.Mdm(
            "M1", ReportAction.Initial, report with { Patient = report.Patient with { Ins = null } })));
    }

    [Fact]
    public async Task A_trait_that_differs_between_message_and_document_is_904()
    {
        await using var ris = await PublishingRis.StartAsync();
        var report = SourceReports.Report("A");

        Assert.Equal("207 904 PID^1^7", await ris.RefusesAsync(SourceReports.Mdm(
            "M1", ReportAction.Initial, report,
            edit: document => document.Replace($"\"{report.Patient.BirthDate}\"", "\"19790329\"", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task A_trait_that_differs_from_the_local_base_is_904()
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.TakesAsync(PublishingRis.Adt("1", Time, "INO", birthPlace: "75056"));

        Assert.Equal("207 904 PID^1^11", await ris.RefusesAsync(PublishingRis.Mdm("A")));

        // The site corrects its record: the same report is taken.
        await ris.TakesAsync(PublishingRis.Adt("2", "20261102100000+0100", "INO"));
        await ris.TakesAsync(SourceReports.Mdm("M2", ReportAction.Initial, SourceReports.Report("A")));
    }

    [Fact]
    public async Task An_INS_without_all_its_traits_is_905()
    {
        await using var ris = await PublishingRis.StartAsync();
        var report = SourceReports.Report("A");

        Assert.Equal("207 905 PID^1^5", await ris.RefusesAsync(SourceReports.Mdm(
            "M1", ReportAction.Initial, report with { Patient = report.Patient with { BirthPlace = "" } })));
    }

    [Fact]
    [Requirement("IEPS 8")]
    public async Task Two_records_with_the_same_five_traits_are_a_warning_that_the_register_shows()
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.TakesAsync(PublishingRis.Adt("1", Time, "INO"));
        Assert.Empty(await ris.Node.ListDuplicatesAsync(PublishingRis.Token));

        await ris.TakesAsync(PublishingRis.Adt("2", Time, "NA", ipp: "IPP202", ins: null));

        var warning = await ris.Log.WhenAsync(3007);
        Assert.DoesNotContain("IPP", warning, StringComparison.Ordinal);
        await ris.ReportAsync("A");
        var state = await ris.StateAsync("A");
        var twin = Assert.Single(await ris.Node.DuplicatesOfAsync(state, PublishingRis.Token));
        Assert.Equal("IPP202", twin.Extension);

        // The record was of somebody else: its traits are corrected, and the warning goes.
        await ris.TakesAsync(PublishingRis.Adt(
            "3", "20261102100000+0100", "NA", ipp: "IPP202", birthPlace: "75056", ins: null));
        Assert.Empty(await ris.Node.ListDuplicatesAsync(PublishingRis.Token));
    }

    /// <summary>MDM^T04 of document A, sent by an organisation (PRT-8). Its document is a placeholder: the identifier
    /// in TXA-12 is what it goes by.</summary>
    private static byte[] Deletion(string structure)
    {
        var message = Encoding.UTF8.GetString(
            SourceReports.Mdm("D-A", ReportAction.Delete, SourceReports.Report("A")));
        var lines = message.Split('\r').Select(line => line switch
        {
            _ when line.StartsWith("OBX|1|ED", StringComparison.Ordinal) => Placeholder(line),
            _ when line.StartsWith("PRT|", StringComparison.Ordinal) => line.Replace(
                SourceReports.Structure.Id.Extension!, structure, StringComparison.Ordinal),
            _ => line,
        });
        return Encoding.UTF8.GetBytes(string.Join('\r', lines));
    }

    private static string Placeholder(string obx)
    {
        var fields = obx.Split('|');
        var data = fields[5].Split('^');
        data[^1] = "c2FucyBkb2N1bWVudA==";
        fields[5] = string.Join('^', data);
        return string.Join('|', fields);
    }
}
