using Drimbox.Emulators.Dmp;

namespace Drimbox.Tests.Flow;

/// <summary>What a professional and the patient decide about a publication: the command line, message files on a bare
/// socket, and the DMP asked by hand.</summary>
public sealed class PublicationByHandTests(GatewayUnderTest gateway) : IClassFixture<GatewayUnderTest>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Requirement("FAQ/DMP.4")]
    [Requirement("FAQ/DMP.8")]
    public async Task A_report_hidden_by_the_command_line_leaves_the_view_of_the_patient_and_the_register_says_by_whom()
    {
        var exam = new ExaminationCase();
        await TakesAsync(exam.Mdm("t02", exam.Cda(1), 1));
        await gateway.RegistryShowsAsync(exam.Ins, e => e.Count(d => d.IsReport) == 1, "the report");
        Assert.Equal([exam.UniqueId(1)], await gateway.SeenByAsync(exam.Ins, Audience.Patient));

        await DecideAsync(exam, "HideFromPatient");

        await Eventually.HoldsAsync(
            () => gateway.SeenByAsync(exam.Ins, Audience.Patient), seen => seen.Count == 0,
            seen => $"the patient still sees {string.Join("; ", seen)}\n{gateway.Child.Output}");
        Assert.Equal([exam.UniqueId(1)], await gateway.SeenByAsync(exam.Ins, Audience.Professional));
        var register = await gateway.AskAsync("reports", "show", exam.UniqueId(1));
        var decision = Assert.Single(register.GetProperty("decisions").EnumerateArray());
        Assert.Equal("HideFromPatient", decision.GetProperty("decision").GetString());
        Assert.Equal("801234567897 ADAM HODA", decision.GetProperty("by").GetString());
    }

    [Fact]
    [Requirement("FAQ/DMP.9")]
    public async Task A_patient_who_opposes_by_an_ADT_has_no_report_in_the_DMP_until_a_later_ADT_takes_it_back()
    {
        var exam = new ExaminationCase();
        Assert.Equal("ACK^A01^ACK", (await TakesAsync(Adt(exam, "20260314090000", "IO")))["MSH", 9]);

        await TakesAsync(exam.Mdm("t02", exam.Cda(1), 1));

        var register = await gateway.AskAsync("reports", "show", exam.UniqueId(1));
        Assert.Equal("opposed by the patient", register.GetProperty("publication").GetString());
        Assert.DoesNotContain(await gateway.Registry.FindAsync(exam.Ins), d => d.IsReport);

        await TakesAsync(Adt(exam, "20260314100000", "INO"));

        await gateway.RegistryShowsAsync(
            exam.Ins, e => e.Any(d => d is { IsReport: true, IsApproved: true }), "the report after all");
        foreach (var secret in (string[])[exam.Ins, ExaminationCase.BirthName, "DOSSIER7"])
            Assert.DoesNotContain(secret, gateway.Child.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_amendment_is_in_the_register_with_who_why_and_what_changed()
    {
        var exam = new ExaminationCase();
        await TakesAsync(exam.Mdm("t02", exam.Cda(1), 1));

        await gateway.CommandAsync(
            "reports", "amend", exam.UniqueId(1), "--conclusion", "Pas de lésion.", "--title", "CR complété",
            "--reason", "Conclusion oubliée");

        var register = await gateway.AskAsync("reports", "show", exam.UniqueId(1));
        var version = register.GetProperty("versions").EnumerateArray().Last();
        Assert.Equal("Conclusion oubliée", version.GetProperty("reason").GetString());
        Assert.False(string.IsNullOrEmpty(version.GetProperty("actor").GetString()));
        var changes = await gateway.AskAsync("reports", "changes", exam.UniqueId(1), "2");
        var fields = changes.GetProperty("header").EnumerateArray().ToDictionary(
            c => c.GetProperty("field").GetString()!,
            c => c.TryGetProperty("after", out var after) ? after.GetString() : null);
        Assert.Equal("CR complété", fields["title"]);
        Assert.Equal(exam.UniqueId(1), fields["relatedDocument RPLC"]);
        Assert.DoesNotContain("recordTarget birth name", fields.Keys);
        // The first version is a PDF of another maker: its size and hash are what can be told.
        Assert.False(changes.TryGetProperty("text", out _));
        Assert.Contains("files differ", changes.GetProperty("note").GetString(), StringComparison.Ordinal);
        var file = Assert.Single(changes.GetProperty("filesBefore").EnumerateArray());
        Assert.Equal(
            ("application/pdf", 8), (file.GetProperty("mediaType").GetString(), file.GetProperty("length").GetInt32()));

        await gateway.CommandAsync("reports", "amend", exam.UniqueId(1), "--conclusion", "Pas de lésion osseuse.");
        changes = await gateway.AskAsync("reports", "changes", exam.UniqueId(1), "3");
        var change = Assert.Single(changes.GetProperty("text").EnumerateArray());
        Assert.Equal(
            ("Conclusion", "lésion.", "lésion osseuse."),
            (change.GetProperty("section").GetString(), change.GetProperty("removed").GetString(),
                change.GetProperty("added").GetString()));
        var printed = await gateway.CommandAsync("reports", "changes", exam.UniqueId(1), "3");
        Assert.Contains("lésion osseuse.", printed, StringComparison.Ordinal);
    }

    [Fact]
    [Requirement("IEPS 8")]
    public async Task Two_patients_with_the_same_five_traits_are_listed()
    {
        var (one, other) = (new ExaminationCase(), new ExaminationCase());
        await TakesAsync(Adt(one, "20260314090000", "NA"));
        await TakesAsync(Adt(other, "20260314090000", "NA"));

        var duplicates = await gateway.CommandAsync("reports", "duplicates");

        Assert.Contains(one.Ins, duplicates, StringComparison.Ordinal);
        Assert.Contains(other.Ins, duplicates, StringComparison.Ordinal);
    }

    private Task<string> DecideAsync(ExaminationCase exam, string decision) => gateway.CommandAsync(
        "reports", "publication", exam.UniqueId(1), decision, "--by", "801234567897", "--family", "ADAM", "--given",
        "HODA");

    private async Task<AckText> TakesAsync(byte[] message)
    {
        var ack = await MllpWire.SendAsync(gateway.RisPort, message, Cancellation);
        Assert.Equal("AA", ack!["MSA", 1]);
        return ack;
    }

    private static byte[] Adt(ExaminationCase exam, string time, string feeding) => Template.ToWire(Template.Fill(
        "Messages/adt-zfa.er7", ("control", $"{exam.Number}-{feeding}"), ("time", time), ("ins", exam.Ins),
        ("feeding", feeding)));
}
