using Drimbox.Emulators.Dmp;

namespace Drimbox.Tests.Ris;

/// <summary>The patient's answer about the feeding of the DMP (PAM-FR, ZFA-9), from the ADT to the DMP.</summary>
public sealed class OppositionTests
{
    private const string Morning = "20261102090000+0100";
    private const string Noon = "20261102120000+0100";

    [Fact]
    [Requirement("FAQ/DMP.9")]
    public async Task A_report_of_a_patient_who_opposes_does_not_go_to_the_DMP_until_the_opposition_is_taken_back()
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.TakesAsync(PublishingRis.Adt("1", Morning, "IO"));

        await ris.ReportAsync("A");

        Assert.Equal(0, await ris.WaitingSubmissionsAsync());
        Assert.True((await ris.StateAsync("A")).IsHeldBack);
        // The images stay out of the DMP as well.
        Assert.Equal("N", (await ris.CopyAsync()).Flags["DESTDMP"]);

        await ris.TakesAsync(PublishingRis.Adt("2", Noon, "INO"));

        await ris.PublishedAsync("A");
        Assert.Equal("Y", (await ris.CopyAsync()).Flags["DESTDMP"]);
    }

    [Fact]
    [Requirement("FAQ/DMP.9")]
    public async Task What_was_published_before_the_opposition_stays_and_is_corrected()
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.ReportAsync("A");
        await ris.PublishedAsync("A");

        await ris.TakesAsync(PublishingRis.Adt("1", Noon, "IO"));
        Assert.Equal(["A"], await ris.SeenByAsync(Audience.Professional));

        await ris.ReportAsync("B", "A");
        await ris.PublishedAsync("B");
        Assert.Equal(["B"], await ris.SeenByAsync(Audience.Professional));
    }

    [Fact]
    public async Task An_opposition_that_comes_after_the_report_holds_back_what_has_not_left()
    {
        await using var ris = await PublishingRis.StartAsync();
        ris.Dmp.Faults.Add(new FaultRule(FaultKind.HttpStatus, Status: 503));
        await ris.ReportAsync("A");
        await ris.Log.WhenAsync(3004); // an attempt failed

        await ris.TakesAsync(PublishingRis.Adt("1", Noon, "IO"));
        await ris.CopyAsync();
        Assert.Equal("N", (await ris.CopyAsync()).Flags["DESTDMP"]);
        ris.Dmp.Faults.Clear();

        await ris.Log.WhenAsync(3008); // the submission was revoked
        Assert.Equal(0, await ris.WaitingSubmissionsAsync());
        Assert.Empty(ris.Dmp.Submissions);
    }

    [Fact]
    public async Task The_latest_answer_counts_whichever_message_comes_last()
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.TakesAsync(PublishingRis.Adt("2", Noon, "IO"));
        await ris.TakesAsync(PublishingRis.Adt("1", Morning, "INO"));
        // Not collected on the next stay: that takes nothing back.
        await ris.TakesAsync(PublishingRis.Adt("3", "20261103090000+0100", "NA"));

        await ris.RestartAsync();
        await ris.ReportAsync("A");

        Assert.True((await ris.StateAsync("A")).IsHeldBack);
    }

    [Fact]
    public async Task An_answer_under_the_number_of_the_site_alone_counts_for_the_reports_that_name_it()
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.TakesAsync(PublishingRis.Adt("1", Morning, "IO", ipp: "IPP999", ins: null));
        await ris.ReportAsync("A");
        await ris.PublishedAsync("A");

        await ris.TakesAsync(PublishingRis.Adt("2", Noon, "IO", ins: null));
        await ris.ReportAsync("C");
        Assert.True((await ris.StateAsync("C")).IsHeldBack);
    }
}
