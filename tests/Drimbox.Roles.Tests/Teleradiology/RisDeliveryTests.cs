using System.Text;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Hl7.Er7;
using Drimbox.Storage;

namespace Drimbox.Tests.Teleradiology;

/// <summary>A message for the RIS leaves once it is decided, in order, until it was answered.</summary>
public sealed class RisDeliveryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_refused_message_becomes_a_dead_letter_until_a_person_sends_it_again()
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");
        platform.Ris!.RefuseNext(new Refusal(RefusalReason.UnknownTarget, "Unknown.", "ORC^1^2"));
        await platform.Node.AcceptAsync(Samples.Order("1"), "Scanner", "alice", Cancellation);
        var refused = await platform.Ris.NextAsync();

        // A stop lets the attempt end, so that its result is on record afterwards.
        await platform.RestartAsync();
        var letter = Assert.Single(await platform.Node.ListDeadLettersAsync(Cancellation));
        Assert.Equal("AE; 207/- at ORC^1^2", letter.LastDetail);
        Assert.True(platform.Ris.IsQuiet);

        Assert.True(await platform.Node.RequeueAsync(letter.Id, "bob", Cancellation));
        Assert.Equal(refused, await platform.Ris.NextAsync());
        await platform.Log.WhenAsync(LoggedEvents.MessageDelivered);
        Assert.Empty(await platform.Node.ListDeadLettersAsync(Cancellation));
    }

    [Fact]
    public async Task A_dead_letter_does_not_hold_back_the_messages_behind_it()
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");
        await platform.SendAsync(Samples.Request("2"), "2");
        platform.Ris!.RefuseNext(new Refusal(RefusalReason.UnknownTarget, "Unknown."));

        await platform.Node.AcceptAsync(Samples.Order("1"), "Scanner", "alice", Cancellation);
        await platform.Node.AcceptAsync(Samples.Order("2"), "Scanner", "alice", Cancellation);

        Assert.Equal("1", OrderOf(await platform.Ris.NextAsync()));
        Assert.Equal("2", OrderOf(await platform.Ris.NextAsync()));
    }

    [Fact]
    public async Task A_message_that_cannot_be_taken_now_is_sent_again_before_the_ones_behind_it()
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");
        await platform.SendAsync(Samples.Request("2"), "2");
        platform.Ris!.RefuseNext(new Refusal(RefusalReason.Unavailable, "Draining."));

        await platform.Node.AcceptAsync(Samples.Order("1"), "Scanner", "alice", Cancellation);
        await platform.Node.AcceptAsync(Samples.Order("2"), "Scanner", "alice", Cancellation);

        var first = await platform.Ris.NextAsync();
        Assert.Equal(first, await platform.Ris.NextAsync());
        Assert.Equal("2", OrderOf(await platform.Ris.NextAsync()));
    }

    [Fact]
    public async Task A_message_without_an_answer_is_sent_again_with_the_same_bytes()
    {
        await using var platform = await Platform.StartAsync();
        await platform.ExamineAsync("1");
        platform.Ris!.StaySilentNext();

        await platform.Node.WriteReportAsync(Samples.Order("1"), Samples.Text, "alice", Cancellation);

        var first = await platform.Ris.NextAsync();
        Assert.Equal(first, await platform.Ris.NextAsync());
        await platform.Log.WhenAsync(LoggedEvents.MessageDelivered);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MSH|^~\\&|RISAPP|RISFAC|TLRAPP|TLRFAC|20261102||ACK^R01^ACK|9|P|2.5.1\rMSA|AA|another\r")]
    [InlineData("MSH|^~\\&|RISAPP|RISFAC|TLRAPP|TLRFAC|20261102||ACK^R01^ACK|9|P|2.5.1\r")]
    public async Task An_answer_that_says_nothing_of_the_message_leaves_it_to_be_sent_again(string answer)
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");
        platform.Ris!.AnswerNext(Encoding.UTF8.GetBytes(answer));

        await platform.Node.AcceptAsync(Samples.Order("1"), "Scanner", "alice", Cancellation);

        Assert.Equal(await platform.Ris.NextAsync(), await platform.Ris.NextAsync());
        await platform.Log.WhenAsync(LoggedEvents.MessageDelivered);
    }

    [Fact]
    public async Task What_the_RIS_says_of_the_request_later_does_not_change_a_report_that_is_on_its_way()
    {
        await using var platform = await Platform.StartWithoutRisAsync();
        await platform.ExamineAsync("1");
        await platform.Node.WriteReportAsync(Samples.Order("1"), Samples.Text, "alice", Cancellation);
        await platform.Log.WhenAsync(LoggedEvents.MessageNotDelivered);

        var renamed = Samples.Patient with { Identity = Samples.Patient.Identity with { UsedName = "AUTRE" } };
        await platform.SendAsync(Samples.Examination("1") with { Patient = renamed }, "again");
        platform.StartRis();

        var message = Er7Message.TryRead(await platform.Ris!.NextAsync(), out _)!;
        Assert.Single(message.Find("PID")!.Value[5].Repetitions);
    }

    [Fact]
    public async Task A_RIS_that_comes_back_gets_what_waited_for_it()
    {
        await using var platform = await Platform.StartWithoutRisAsync();
        await platform.SendAsync(Samples.Request("1"), "1");
        await platform.Node.AcceptAsync(Samples.Order("1"), "Scanner", "alice", Cancellation);
        await platform.Log.WhenAsync(LoggedEvents.MessageNotDelivered);

        platform.StartRis();

        Assert.Equal("1", OrderOf(await platform.Ris!.NextAsync()));
        await platform.Log.WhenAsync(LoggedEvents.MessageDelivered);
    }

    [Fact]
    public async Task What_was_decided_before_a_crash_is_sent_after_it_once()
    {
        await using var platform = await Platform.StartWithoutRisAsync();
        await platform.ExamineAsync("1");
        // The folder is copied file by file: the images that are still coming would change their names meanwhile.
        await platform.Log.WhenAsync(LoggedEvents.StudyFetched);
        var document = (await platform.Node.WriteReportAsync(
            Samples.Order("1"), Samples.Text, "alice", Cancellation)).Document!;

        await using var revived = await platform.CrashAndStartAsync();

        var message = Er7Message.TryRead(await revived.Ris!.NextAsync(), out _)!;
        Assert.Equal("T02", message.Header[9].Component(2).Code);
        Assert.Equal(document.DocumentId.Extension, message.Find("TXA")!.Value[12].Component(1).Code);
        await revived.RestartAsync();
        Assert.True(revived.Ris.IsQuiet);
        var row = Assert.Single(await revived.Node.ListOutboxAsync(
            new OutboxFilter([], Kind: "request.message"), Cancellation));
        Assert.Equal((OutboxState.Done, DispatchOutcome.Done), (row.State, row.LastOutcome));
    }

    private static string OrderOf(byte[] message) =>
        Er7Message.TryRead(message, out _)!.Find("ORC")!.Value[2].Component(1).Code;
}
