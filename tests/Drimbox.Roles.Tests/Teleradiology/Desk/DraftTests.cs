using System.Text;
using Drimbox.Core;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Tests.Teleradiology.Desk;

/// <summary>What is written first and signed later.</summary>
public sealed class DraftTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_draft_is_kept_over_a_restart_and_leaves_when_it_is_signed()
    {
        await using var platform = await Platform.StartAsync();
        await platform.ExamineAsync("1");
        Assert.Null(await platform.Node.DraftReportAsync(
            Samples.Order("1"), Samples.Text with { Conclusion = "À revoir." }, "alice", Cancellation));
        Assert.Null(await platform.Node.DraftReportAsync(Samples.Order("1"), Samples.Text, "bob", Cancellation));
        await platform.RestartAsync();

        Assert.Equal(Samples.Text, await platform.Node.ReadDraftAsync(Samples.Order("1"), Cancellation));
        Assert.True(platform.Ris!.IsQuiet);
        var reply = await platform.Node.SignReportAsync(Samples.Order("1"), "carol", Cancellation);

        Assert.Null(reply.Refusal);
        var message = Encoding.UTF8.GetString(await platform.Ris.NextAsync());
        Assert.Contains("|MDM^T02^MDM_T02|", message, StringComparison.Ordinal);
        Assert.Null(await platform.Node.ReadDraftAsync(Samples.Order("1"), Cancellation));
        Assert.DoesNotContain(Samples.Text.Conclusion, platform.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_of_a_reported_examination_is_signed_as_a_correction()
    {
        await using var platform = await Platform.StartAsync();
        await platform.ExamineAsync("1");
        var first = await platform.Node.WriteReportAsync(Samples.Order("1"), Samples.Text, "alice", Cancellation);
        await platform.Ris!.NextAsync();

        await platform.Node.DraftReportAsync(
            Samples.Order("1"), Samples.Text with { Conclusion = "Lésion de 3 mm." }, "alice", Cancellation);
        await platform.Node.SignReportAsync(Samples.Order("1"), "alice", Cancellation);

        var reading = MessageValidator.Read(await platform.Ris.NextAsync(), [CdaProfiles.Mdm21])!;
        Assert.Equal("T10", reading.Message.Header[9].Component(2).Code);
        var (report, _) = ReportMessageReader.TryRead(reading.Message, out var refusal)!;
        Assert.Null(refusal);
        Assert.Equal(first.Document!.DocumentId, report.Parent);
    }

    [Fact]
    public async Task A_draft_is_signed_once()
    {
        await using var platform = await Platform.StartAsync();
        await platform.ExamineAsync("1");
        await platform.Node.DraftReportAsync(Samples.Order("1"), Samples.Text, "alice", Cancellation);

        var replies = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ =>
            platform.Node.SignReportAsync(Samples.Order("1"), "alice", Cancellation)));

        Assert.Single(replies, reply => reply.Refusal is null);
        Assert.Single((await platform.Node.GetRequestAsync(Samples.Order("1"), Cancellation)).Documents);
        var again = await platform.Node.SignReportAsync(Samples.Order("1"), "alice", Cancellation);
        Assert.Equal(RefusalReason.WrongState, again.Refusal!.Reason);
    }

    [Fact]
    public async Task There_is_nothing_to_draft_before_the_images_and_no_draft_without_end()
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");

        Assert.Equal(RefusalReason.WrongState, await DraftAsync(""));
        await platform.SendAsync(Samples.Examination("1"), "2");
        Assert.Equal(RefusalReason.OverLimit, await DraftAsync(new string('a', Limits.ReportCharactersMax)));
        Assert.Equal(
            RefusalReason.WrongState,
            (await platform.Node.SignReportAsync(Samples.Order("1"), "alice", Cancellation)).Refusal!.Reason);

        async Task<RefusalReason?> DraftAsync(string more)
        {
            var text = Samples.Text with { Results = Samples.Text.Results + more };
            return (await platform.Node.DraftReportAsync(Samples.Order("1"), text, "alice", Cancellation))?.Reason;
        }
    }
}
