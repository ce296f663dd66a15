using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Mllp;
using Drimbox.Storage;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>Which messages a source takes, and what it keeps of them.</summary>
public sealed class CopyDoorTests
{
    [Fact]
    [Requirement("DB.SO.03")]
    public async Task A_repeated_message_gets_the_stored_answer_and_does_nothing()
    {
        await using var source = await StartAsync();
        source.Pacs.Instances = Images(2);
        var message = Oru("M1", ReportAction.Initial, Report("A"));

        var first = Assert.IsType<MllpExchange.Answered>(await source.ExchangeAsync(message));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 1);
        var second = Assert.IsType<MllpExchange.Answered>(await source.ExchangeAsync(message));

        Assert.Equal(first.Ack.ToArray(), second.Ack.ToArray());
        var stored = Assert.Single(await source.Node.ListInboxAsync(new InboxFilter(), Token));
        Assert.Equal(("ORU^R01", "AA", message.Length), (stored.MessageType, stored.AckCode, (int)stored.BodyLength));
        Assert.Equal(1, source.Pacs.Associations);
    }

    [Fact]
    public async Task A_control_id_that_is_used_again_for_another_message_is_refused()
    {
        await using var source = await StartAsync();
        await source.SendAsync(Oru("M1", ReportAction.Initial, Report("A")));

        var ack = await source.SendAsync(Oru("M1", ReportAction.Initial, Report("C")));

        Assert.Equal(AckCode.AE, ack.Code);
        Assert.Equal(("207", "906"), (ack.Errors[0].Code, ack.Errors[0].ApplicationCode));
    }

    [Fact]
    [Requirement("DB.SO.19")]
    [Requirement("FAQ/STR.1")]
    public async Task A_report_of_another_structure_is_refused_and_kept()
    {
        await using var source = await StartAsync();
        var stranger = Structure with
        {
            Id = InstanceIdentifier.Create(NationalAuthorities.Organizations, "330000777"),
        };
        var report = Report("A");
        report = report with { LegalAuthenticator = report.LegalAuthenticator with { Organization = stranger } };

        // PRT-8 is the structure of the document too, else that difference is what is refused.
        var message = Encoding.UTF8.GetString(Oru("M1", ReportAction.Initial, report))
            .Replace("^FINEG^^^300017985", "^FINEG^^^330000777", StringComparison.Ordinal);
        var ack = await source.SendAsync(Encoding.UTF8.GetBytes(message));

        Assert.Equal((AckCode.AE, "901"), (ack.Code, ack.Errors[0].ApplicationCode));
        Assert.Equal("AE", Assert.Single(await source.Node.ListInboxAsync(new InboxFilter(), Token)).AckCode);
        Assert.Null(await source.Node.GetStudyAsync(Study, Token));
    }

    [Fact]
    public async Task A_document_that_is_no_CDA_is_refused()
    {
        await using var source = await StartAsync();
        var good = Encoding.UTF8.GetString(Oru("M1", ReportAction.Initial, Report("A")));
        var start = good.IndexOf("Base64^", StringComparison.Ordinal) + "Base64^".Length;
        var end = good.IndexOf('|', start);
        var bad = good[..start] + Convert.ToBase64String("no XML"u8) + good[end..];

        var ack = await source.SendAsync(Encoding.UTF8.GetBytes(bad));

        Assert.Equal((AckCode.AE, "102"), (ack.Code, ack.Errors[0].Code));
    }

    [Theory]
    [InlineData("|ORU^R01^ORU_R01|", "|ADT^A01^ADT_A01|", "200")]
    [InlineData("|ORU^R01^ORU_R01|", "|ORU^R02^ORU_R01|", "201")]
    [InlineData("|P|2.5|", "|P|2.3|", "203")]
    [Requirement("DB.SO.03")]
    public async Task A_message_of_no_profile_is_refused_with_its_code(string from, string to, string code)
    {
        await using var source = await StartAsync();
        var message = Encoding.UTF8.GetString(Oru("M1", ReportAction.Initial, Report("A")))
            .Replace(from, to, StringComparison.Ordinal);

        var ack = await source.SendAsync(Encoding.UTF8.GetBytes(message));

        Assert.Equal((AckCode.AE, code), (ack.Code, ack.Errors[0].Code));
    }

    [Fact]
    public async Task A_frame_without_a_readable_header_closes_the_connection()
    {
        await using var source = await StartAsync();

        Assert.IsType<MllpExchange.NoAnswer>(await source.ExchangeAsync("EVN|R01"u8.ToArray()));
        Assert.Empty(await source.Node.ListInboxAsync(new InboxFilter(), Token));
    }

    [Fact]
    public async Task A_notice_about_an_unknown_study_is_taken_and_leads_to_nothing()
    {
        await using var source = await StartAsync();

        Assert.Equal(AckCode.AA, (await source.SendAsync(Omi("P1", Study, OtherStudy))).Code);
        Assert.Empty(await source.Node.ListStudiesAsync(cancellationToken: Token));
    }
}
