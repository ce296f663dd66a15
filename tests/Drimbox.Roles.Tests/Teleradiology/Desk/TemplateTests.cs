using Drimbox.Core;
using Drimbox.Teleradiology.Reports;
using Drimbox.Teleradiology.Templates;

namespace Drimbox.Tests.Teleradiology.Desk;

/// <summary>The texts that reports begin with.</summary>
public sealed class TemplateTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_template_that_is_always_there_says_what_was_done_and_nothing_of_what_was_seen()
    {
        await using var platform = await Platform.StartAsync();
        await platform.ExamineAsync("1");

        var text = await platform.Node.FillTemplateAsync(Samples.Order("1"), cancellationToken: Cancellation);

        Assert.Equal(
            new ReportText(
                "Céphalées depuis trois jours",
                "Scanner de la tête. Scanner, tête et/ou cou. Produit de contraste, lot LOT7.",
                "[[Résultats]]", "[[Conclusion]]"),
            text);
        // As it is, nobody can sign it: not with one blank left either.
        Assert.Equal(RefusalReason.RequiredFieldMissing, await SignAsync(text!));
        Assert.Equal(RefusalReason.RequiredFieldMissing, await SignAsync(text! with { Results = "Normal." }));
        Assert.Null(await SignAsync(text! with { Results = "Normal.", Conclusion = "Examen normal." }));

        async Task<RefusalReason?> SignAsync(ReportText signed) => (await platform.Node.WriteReportAsync(
            Samples.Order("1"), signed, "alice", Cancellation)).Refusal?.Reason;
    }

    [Fact]
    public async Task Of_the_files_of_the_folder_the_one_that_fits_best_is_taken()
    {
        Write("ct", """{ "Modalities": ["CT"], "Technique": "CT" }""");
        Write("ct-head", """{ "Modalities": ["CT", "MR"], "Regions": ["774007"], "Technique": "Tête : {act}" }""");
        Write("head", """{ "Regions": ["774007"], "Technique": "Tête" }""");
        Write("mr", """{ "Modalities": ["MR"], "Technique": "IRM" } // another modality""");
        await using var platform = await Platform.StartAsync(
            o => o with { Desk = o.Desk with { Templates = _folder.Path } });
        await platform.ExamineAsync("1");

        Assert.Equal("Tête : Scanner de la tête", await TechniqueAsync(null));
        Assert.Equal("IRM", await TechniqueAsync("mr"));
        Assert.Null(await TechniqueAsync("absent"));
        Assert.Equal(["ct", "ct-head", "default", "head", "mr"], platform.Node.Templates.Select(t => t.Name));

        async Task<string?> TechniqueAsync(string? name) => (await platform.Node.FillTemplateAsync(
            Samples.Order("1"), name, Cancellation))?.Technique;
    }

    [Fact]
    public void A_file_named_default_takes_the_place_of_ours()
    {
        Write("default", """{ "Technique": "La nôtre", "Results": "", "Conclusion": "" }""");

        var templates = ReportTemplates.Load(_folder.Path);

        Assert.Equal(
            new ReportText("{justification}", "La nôtre", "", ""), Assert.Single(templates.All).Text);
        Assert.Equal("La nôtre", templates.BestFor("US", "1").Text.Technique);
    }

    [Theory]
    [InlineData("Upper", "{ }", "lower case")]
    [InlineData("a", "{ \"Conclusion\": \"Examen normal.\" }", "[[Conclusion]]")]
    [InlineData("a", "{ \"Results\": \"Pas d'anomalie.\" }", "[[Conclusion]]")]
    [InlineData("a", "{ \"Technique\": \"{patient}\" }", "{patient}")]
    [InlineData("a", "{ \"Tecnique\": \"\" }", "Tecnique")]
    [InlineData("a", "{", "a.json")]
    [InlineData("a", "null", "empty")]
    public void A_file_that_is_no_template_is_named_with_what_is_wrong(string name, string json, string expected)
    {
        Write(name, json);

        var error = Assert.Throws<FormatException>(() => ReportTemplates.Load(_folder.Path));

        Assert.Contains($"{name}.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_not_there_and_a_file_too_large_are_refused()
    {
        Assert.Throws<FormatException>(() => ReportTemplates.Load(Path.Combine(_folder.Path, "absent")));
        Write("a", new string(' ', Limits.ReportTemplateBytesMax) + "{}");
        Assert.Throws<FormatException>(() => ReportTemplates.Load(_folder.Path));
    }

    [Fact]
    public async Task What_the_RIS_wrote_in_braces_is_no_word_of_the_template()
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1") with { Justification = "{act} {x} [[y]]" }, "1");
        await platform.SendAsync(Samples.Examination("1"), "2");

        var text = await platform.Node.FillTemplateAsync(Samples.Order("1"), cancellationToken: Cancellation);

        Assert.Equal("{act} {x} [[y]]", text!.Indication);
    }

    private void Write(string name, string json) =>
        File.WriteAllText(Path.Combine(_folder.Path, $"{name}.json"), json);
}
