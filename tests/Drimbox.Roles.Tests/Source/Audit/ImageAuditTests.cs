using System.Net;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Emulators.Psc;
using Drimbox.Storage;

namespace Drimbox.Tests.Source;

/// <summary>What the trail keeps of requests for images: before they are answered, and after.</summary>
public sealed class ImageAuditTests
{
    private const string Physician = "899700218896";

    [Fact]
    [Requirement("DB.SO.46")]
    public async Task Images_that_are_given_out_are_told_of_before_they_go_and_after()
    {
        await using var access = await ImageAccessFixture.StartAsync();
        var series = SeriesOf(access);
        var gate = new TaskCompletionSource();
        access.Source.Pacs.BeforeImage =
            (number, token) => number == 1 ? gate.Task.WaitAsync(token) : Task.CompletedTask;

        // With the header of the answer the first image is on its way; its record is there already, the end is not.
        using var response = await access.SendAsync(access.Request(SourceReports.Study, series));
        var begun = Assert.Single(await access.Source.AuditAsync("110102"));
        Assert.Empty(Ended(await access.Source.AuditAsync("ITI-43")));
        gate.SetResult();
        await ImageAccessFixture.ReadAsync(response);
        await access.Source.Events.WhenAsync(ImagesSent, 1);

        var came = Assert.Single(await access.Source.AuditAsync("110104"));
        var went = Assert.Single(Ended(await access.Source.AuditAsync("ITI-43")));
        foreach (var row in (AuditRow[])[begun, went])
        {
            Assert.Equal([Physician], row.ValuesOf(AuditKeyKind.User));
            Assert.Equal([SourceReports.Study.ToString()], row.ValuesOf(AuditKeyKind.Study));
            Assert.Equal([access.KosUid.ToString()], row.ValuesOf(AuditKeyKind.Document));
            Assert.Contains(SourceReports.Ins.Extension!, row.ValuesOf(AuditKeyKind.Patient));
            Assert.Equal(AuditOutcome.Success, row.Record.Outcome);
        }

        foreach (var row in (AuditRow[])[came, went])
        {
            var sopClass = Assert.Single(row.Xml().Descendants("SOPClass"));
            Assert.Equal(("1.2.840.10008.5.1.4.1.1.2", "2"), (
                (string?)sopClass.Attribute("UID"), (string?)sopClass.Attribute("NumberOfInstances")));
        }

        Assert.Contains("AETITLES=PACS", came.Record.Message, StringComparison.Ordinal);
        var verdict = await access.Source.Node.Audit.VerifyAsync(null, "auditor", SourceFixture.Token);
        Assert.True(verdict.Holds, verdict.Why);
    }

    [Theory]
    [InlineData("unlisted", "110113", "110126", AuditOutcome.SeriousFailure, "national list")]
    [InlineData("no token", "110114", "110122", AuditOutcome.SeriousFailure, "bearer token")]
    [InlineData("ended token", "110114", "110122", AuditOutcome.SeriousFailure, "not active")]
    [InlineData("psc down", "110114", "110122", AuditOutcome.MinorFailure, "could not be asked")]
    [InlineData("profession", "110106", "ITI-43", AuditOutcome.SeriousFailure, "profession")]
    [InlineData("unknown study", "110106", "ITI-43", AuditOutcome.SeriousFailure, "No manifest")]
    [InlineData("other manifest", "110106", "ITI-43", AuditOutcome.SeriousFailure, "present manifest")]
    [InlineData("pacs refuses", "110106", "ITI-43", AuditOutcome.MinorFailure, "The PACS answered")]
    [InlineData("not acceptable", "110106", "ITI-43", AuditOutcome.MinorFailure, "transfer syntaxes")]
    [Requirement("DB.SO.46")]
    [Requirement("DB.SO.47")]
    public async Task Images_that_are_not_given_are_told_of_with_the_reason(
        string why, string code, string type, AuditOutcome outcome, string reason)
    {
        await using var access = await ImageAccessFixture.StartAsync();
        var (request, client) = access.Refused(why);
        using (request)
        using (client)
        {
            using var response = await access.SendAsync(request, client);
            Assert.NotEqual(HttpStatusCode.OK, response.StatusCode);
        }

        // The end of what was begun is told of after the answer.
        if (why is "pacs refuses" or "not acceptable") await access.Source.Events.WhenAsync(ImagesSent, 1);

        var row = (await access.Source.AuditAsync(type))[^1];
        Assert.Equal((code, outcome), (row.Record.Event, row.Record.Outcome));
        Assert.Contains(reason, row.OutcomeDescription(), StringComparison.Ordinal);
        // Who it was is told as far as it was found out, and the token by nobody.
        Assert.Equal(
            why switch
            {
                "unlisted" or "no token" or "ended token" or "psc down" => [],
                "profession" => ["899700218897"],
                _ => [Physician],
            },
            row.ValuesOf(AuditKeyKind.User));
        Assert.DoesNotContain("token-of", row.Record.Message, StringComparison.Ordinal);
        if (why == "unlisted") Assert.Contains("CN=db2.example", row.Record.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Requirement("DB.CS.08")]
    public async Task Without_a_record_no_image_goes_out_and_the_PACS_is_not_asked()
    {
        await using var access = await ImageAccessFixture.StartAsync();
        access.Source.BreakAudit();

        using var response = await access.SendAsync(access.Request(SourceReports.Study, SeriesOf(access)));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.StartsWith("text/plain", response.Content.Headers.ContentType!.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, access.Source.Pacs.Moves);
    }

    [Fact]
    [Requirement("DB.CS.08")]
    public async Task A_refusal_that_cannot_be_recorded_is_not_given_either()
    {
        await using var access = await ImageAccessFixture.StartAsync();
        access.Source.BreakAudit();

        using var response = await access.SendAsync(
            access.Request(SourceReports.Study, SeriesOf(access), token: null));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Fact]
    [Requirement("DB.SO.47")]
    public async Task A_caller_that_goes_away_is_told_of_as_a_failure()
    {
        await using var access = await ImageAccessFixture.StartAsync();
        var gate = new TaskCompletionSource();
        access.Source.Pacs.BeforeImage =
            (number, token) => number == 1 ? gate.Task.WaitAsync(token) : Task.CompletedTask;
        using (var response = await access.SendAsync(access.Request(SourceReports.Study, SeriesOf(access))))
        {
            // One image has come; the caller hangs up.
            using var hangUp = new CancellationTokenSource();
            var reading = response.Content.CopyToAsync(Stream.Null, hangUp.Token);
            await hangUp.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        }

        // The stop waits for the request to end, which it does when the end of the connection is seen.
        await access.Source.Node.StopAsync(SourceFixture.Token);
        gate.SetResult();

        var went = Assert.Single(Ended(await access.Source.AuditAsync("ITI-43")));
        Assert.Equal(AuditOutcome.MinorFailure, went.Record.Outcome);
        Assert.Contains("before the last image", went.OutcomeDescription(), StringComparison.Ordinal);
    }

    [Fact]
    [Requirement("DB.SO.98")]
    public async Task A_caller_whose_certificate_is_not_accepted_is_told_of_once_a_minute()
    {
        await using var access = await ImageAccessFixture.StartAsync();
        using var client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.Subject == "CN=drimbox" },
        });
        for (var i = 0; i < 3; i++)
        {
            using var request = access.Request(SourceReports.Study, SeriesOf(access));
            await Assert.ThrowsAsync<HttpRequestException>(() => access.SendAsync(request, client));
        }

        await access.Source.Node.StopAsync(SourceFixture.Token);

        var alert = Assert.Single(await access.Source.AuditAsync("110113"));
        Assert.Equal(("110126", AuditOutcome.SeriousFailure), (alert.Record.Type, alert.Record.Outcome));
        Assert.Contains("ParticipantObjectID=\"127.0.0.1\"", alert.Record.Message, StringComparison.Ordinal);
    }

    private const int ImagesSent = 3132;

    private static IReadOnlyList<AuditRow> Ended(IReadOnlyList<AuditRow> rows) =>
        [.. rows.Where(row => row.Record.Event == "110106")];

    private static Uid SeriesOf(ImageAccessFixture access) =>
        access.Source.Pacs.Instances.Select(i => i.GetUid(Tag.SeriesInstanceUID)).First();
}
