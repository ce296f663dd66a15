using Drimbox.Core.Reports;
using Drimbox.Hl7.Profiles;
using Drimbox.Teleradiology.Templates;

namespace Drimbox.Tests.Teleradiology.Desk;

/// <summary>Templates that ask for something else than the default of a publication, and how the RIS is told.</summary>
public sealed class TemplatePublicationTests : IDisposable
{
    private const string Signed = "\"Results\": \"\", \"Conclusion\": \"\"";

    private readonly StoreFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Requirement("FAQ/DMP.7")]
    public async Task A_report_of_a_forensic_template_tells_the_RIS_that_it_is_not_to_be_sent()
    {
        Write("medico-legal", "{ " + Signed + ", \"Publication\": [\"Withhold\"] }");
        await using var platform = await StartAsync();

        var flags = await SignAsync(platform, "1", "medico-legal");

        Assert.Equal("N", flags["DESTDMP"]);
        Assert.Equal("N", flags["INVISIBLE_PATIENT"]);
        Assert.Equal("Y", (await SignAsync(platform, "2", null))["DESTDMP"]);
    }

    [Theory]
    [Requirement("FAQ/DMP.7")]
    [InlineData(PublicationDecision.HideFromPatient, "INVISIBLE_PATIENT")]
    [InlineData(PublicationDecision.HideFromLegalRepresentatives, "INVISIBLE_REP_LEGAUX")]
    [InlineData(PublicationDecision.MaskFromProfessionals, "MASQUE_PS")]
    public async Task What_a_template_hides_is_hidden_by_the_metadata_of_the_message(
        PublicationDecision restriction, string flag)
    {
        Write("a", "{ " + Signed + $", \"Publication\": [\"{restriction}\"] }}");
        await using var platform = await StartAsync();

        var flags = await SignAsync(platform, "1", "a");

        Assert.Equal(
            [flag, "DESTDMP"], flags.Where(f => f.Value == "Y").Select(f => f.Key));
    }

    [Fact]
    [Requirement("FAQ/DMP.7")]
    public async Task A_correction_and_a_withdrawal_say_what_the_report_said()
    {
        Write("a", "{ " + Signed + ", \"Publication\": [\"Withhold\", \"HideFromPatient\"] }");
        await using var platform = await StartAsync();
        await SignAsync(platform, "1", "a");

        // Without a template: what was hidden stays so.
        await platform.Node.CorrectReportAsync(Samples.Order("1"), Samples.Text, "alice", Cancellation);
        Assert.Equal(("N", "Y"), Of(await FlagsAsync(platform)));
        await platform.Node.WithdrawReportAsync(Samples.Order("1"), "alice", Cancellation);
        Assert.Equal(("N", "Y"), Of(await FlagsAsync(platform)));

        static (string, string) Of(Dictionary<string, string> flags) => (flags["DESTDMP"], flags["INVISIBLE_PATIENT"]);
    }

    [Fact]
    [Requirement("FAQ/DMP.7")]
    public async Task A_draft_keeps_what_its_template_asks_for_over_a_restart()
    {
        Write("a", "{ " + Signed + ", \"Publication\": [\"Withhold\"] }");
        await using var platform = await StartAsync();
        await platform.ExamineAsync("1");
        await platform.Node.DraftReportAsync(
            Samples.Order("1"), await TextAsync(platform, "1", "a"), "alice", Cancellation);
        await platform.RestartAsync();

        Assert.Null((await platform.Node.SignReportAsync(Samples.Order("1"), "bob", Cancellation)).Refusal);

        Assert.Equal("N", (await FlagsAsync(platform))["DESTDMP"]);
    }

    [Fact]
    [Requirement("FAQ/DMP.2")]
    public async Task A_template_that_restricts_is_never_proposed_by_itself()
    {
        // It fits the examination better than any other.
        Write("a", "{ \"Modalities\": [\"CT\"], \"Regions\": [\"774007\"], \"Publication\": [\"Withhold\"] }");
        await using var platform = await StartAsync();
        await platform.ExamineAsync("1");

        var text = await platform.Node.FillTemplateAsync(Samples.Order("1"), cancellationToken: Cancellation);

        Assert.Equal(PublicationChoices.Default, text!.Publication);
    }

    [Theory]
    [Requirement("FAQ/DMP.2")]
    [InlineData("default", "[\"Withhold\"]", "a template of its own")]
    [InlineData("a", "[\"Send\"]", "only restricts")]
    [InlineData("a", "[\"ShowToPatient\"]", "only restricts")]
    [InlineData("a", "[\"Forget\"]", "a.json")]
    public void What_would_change_the_default_of_all_reports_is_no_template(
        string name, string publication, string expected)
    {
        Write(name, $"{{ \"Publication\": {publication} }}");

        var error = Assert.Throws<FormatException>(() => ReportTemplates.Load(_folder.Path));

        Assert.Contains($"{name}.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private Task<Platform> StartAsync() =>
        Platform.StartAsync(o => o with { Desk = o.Desk with { Templates = _folder.Path } });

    private static async Task<Dictionary<string, string>> SignAsync(Platform platform, string number, string? template)
    {
        await platform.ExamineAsync(number);
        var text = template is null ? Samples.Text : await TextAsync(platform, number, template);
        var reply = await platform.Node.WriteReportAsync(Samples.Order(number), text, "alice", Cancellation);
        Assert.Null(reply.Refusal);
        return await FlagsAsync(platform);
    }

    private static async Task<Drimbox.Teleradiology.Reports.ReportText> TextAsync(
        Platform platform, string number, string template) =>
        (await platform.Node.FillTemplateAsync(Samples.Order(number), template, Cancellation))! with
        {
            Conclusion = "Examen normal.",
        };

    /// <summary>The MetaDMPMSS observations of the next message; it fits its profile.</summary>
    private static async Task<Dictionary<string, string>> FlagsAsync(Platform platform)
    {
        var reading = MessageValidator.Read(await platform.Ris!.NextAsync(), [CdaProfiles.Mdm21])!;
        Assert.Null(reading.Refusal);
        return reading.Message.All("OBX").Where(obx => obx[3].Component(3).Code == "MetaDMPMSS")
            .ToDictionary(obx => obx[3].Component(1).Code, obx => obx[5].Component(1).Code);
    }

    private void Write(string name, string json) =>
        File.WriteAllText(Path.Combine(_folder.Path, $"{name}.json"), json);
}
