using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Storage;

namespace Drimbox.Tests.Teleradiology;

/// <summary>What the platform answers to the RIS, and what then is so.</summary>
public sealed class RequestDoorTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repeated_message_gets_the_stored_answer_even_after_a_restart()
    {
        await using var platform = await Platform.StartAsync();
        var message = TeleradiologyWriter.Write(Samples.Request("1"), Samples.Envelope("1"));

        var first = Assert.IsType<MllpExchange.Answered>(await platform.ExchangeAsync(message));
        var second = Assert.IsType<MllpExchange.Answered>(await platform.ExchangeAsync(message));
        await platform.RestartAsync();
        var third = Assert.IsType<MllpExchange.Answered>(await platform.ExchangeAsync(message));

        Assert.Contains("MSA|AA|1\r", Encoding.UTF8.GetString(first.Ack.Span), StringComparison.Ordinal);
        Assert.Equal(first.Ack.ToArray(), second.Ack.ToArray());
        Assert.Equal(first.Ack.ToArray(), third.Ack.ToArray());
        Assert.Single(await platform.Node.ListInboxAsync(new InboxFilter(), Cancellation));
        Assert.Equal(RequestStatus.Placed, await platform.StatusAsync("1"));
    }

    [Fact]
    public async Task Another_message_under_a_used_control_id_is_refused_and_the_first_stays()
    {
        await using var platform = await Platform.StartAsync();

        await platform.SendAsync(Samples.Request("1"), "1");
        var ack = await platform.SendAsync(Samples.Request("2"), "1");

        Assert.Equal((AckCode.AE, "207"), (ack.Code, ack.Errors[0].Code));
        Assert.Equal(RequestStatus.Unknown, await platform.StatusAsync("2"));
        Assert.Equal(AckCode.AA, (await platform.SendAsync(Samples.Request("1"), "1")).Code);
    }

    [Fact]
    public async Task A_second_request_under_a_known_order_number_is_refused()
    {
        await using var platform = await Platform.StartAsync();

        await platform.SendAsync(Samples.Request("1"), "1");
        var ack = await platform.SendAsync(Samples.Request("1") with { Justification = "Autre" }, "2");

        Assert.Equal((AckCode.AE, "ORC^1^2"), (ack.Code, ack.Errors[0].Location));
        var state = await platform.Node.GetRequestAsync(Samples.Order("1"), Cancellation);
        Assert.Equal("Céphalées depuis trois jours", state.Request!.Justification);
    }

    [Fact]
    public async Task A_cancelled_request_takes_no_answer_and_no_examination()
    {
        await using var platform = await Platform.StartAsync();
        Assert.Equal(AckCode.AE, (await platform.SendAsync(Samples.Cancellation("1"), "0")).Code);

        await platform.SendAsync(Samples.Request("1"), "1");
        Assert.Equal(AckCode.AA, (await platform.SendAsync(Samples.Cancellation("1"), "2")).Code);

        Assert.Equal(RequestStatus.Cancelled, await platform.StatusAsync("1"));
        Assert.NotNull(await platform.Node.AcceptAsync(Samples.Order("1"), "Scanner", "alice", Cancellation));
        Assert.Equal(AckCode.AE, (await platform.SendAsync(Samples.Examination("1"), "3")).Code);
        Assert.Empty(await platform.Node.ListOutboxAsync(new OutboxFilter([]), Cancellation));
    }

    [Fact]
    public async Task A_cancellation_that_comes_after_the_examination_is_refused()
    {
        await using var platform = await Platform.StartAsync();
        await platform.ExamineAsync("1");

        Assert.Equal(AckCode.AE, (await platform.SendAsync(Samples.Cancellation("1"), "1-CA")).Code);

        Assert.Equal(RequestStatus.Examined, await platform.StatusAsync("1"));
    }

    [Fact]
    public async Task An_examination_of_another_patient_is_refused()
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");

        var ack = await platform.SendAsync(Samples.Examination("1") with { Patient = Samples.OtherPatient }, "2");

        Assert.Equal((AckCode.AE, "PID^1^3"), (ack.Code, ack.Errors[0].Location));
        Assert.Equal(RequestStatus.Placed, await platform.StatusAsync("1"));
        ack = await platform.SendAsync(Samples.Cancellation("1") with { Patient = Samples.OtherPatient }, "3");
        Assert.Equal(AckCode.AE, ack.Code);
        Assert.Equal(RequestStatus.Placed, await platform.StatusAsync("1"));
    }

    [Fact]
    public async Task A_message_about_two_orders_changes_both_or_neither()
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");

        // The second order is unknown, so the first one is not examined either.
        var both = TwoOrders(Samples.Examination("1"), Samples.Examination("2"), "2");
        Assert.Equal(AckCode.AE, (await platform.SendAsync(both)).Code);
        Assert.Equal(RequestStatus.Placed, await platform.StatusAsync("1"));

        await platform.SendAsync(Samples.Request("2"), "3");
        both = TwoOrders(Samples.Examination("1"), Samples.Examination("2"), "4");
        Assert.Equal(AckCode.AA, (await platform.SendAsync(both)).Code);
        Assert.Equal(RequestStatus.Examined, await platform.StatusAsync("1"));
        Assert.Equal(RequestStatus.Examined, await platform.StatusAsync("2"));
    }

    /// <summary>Page st-profils of the volet, flux 4: the ORDER group is repeated for each study.</summary>
    [Fact]
    public async Task One_message_tells_of_several_studies_of_an_order()
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");

        var both = TwoOrders(Samples.Examination("1"), Samples.Examination("1", study: "2"), "2");
        Assert.Equal(AckCode.AA, (await platform.SendAsync(both)).Code);

        var state = await platform.Node.GetRequestAsync(Samples.Order("1"), Cancellation);
        Assert.Equal(
            [(Samples.Study("1"), "ACN1"), (Samples.Study("2"), "ACN2")],
            state.Examinations.Select(e => (e.StudyInstanceUid, e.Complement.AccessionNumber.Extension!)));
    }

    [Fact]
    public async Task A_message_that_is_about_one_study_twice_is_refused()
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");

        var ack = await platform.SendAsync(TwoOrders(Samples.Examination("1"), Samples.Examination("1"), "2"));

        Assert.Equal((AckCode.AE, "198", "IPC^2^3"), (ack.Code, ack.Errors[0].Code, ack.Errors[0].Location));
        Assert.Equal(RequestStatus.Placed, await platform.StatusAsync("1"));
    }

    [Fact]
    public async Task A_message_that_places_one_order_twice_is_refused()
    {
        await using var platform = await Platform.StartAsync();
        var one = Encoding.UTF8.GetString(TeleradiologyWriter.Write(Samples.Request("1"), Samples.Envelope("1")));
        var twice = one + one[one.IndexOf("ORC|", StringComparison.Ordinal)..];

        var ack = await platform.SendAsync(Encoding.UTF8.GetBytes(twice));

        Assert.Equal((AckCode.AE, "198", "ORC^2^2"), (ack.Code, ack.Errors[0].Code, ack.Errors[0].Location));
        Assert.Equal(RequestStatus.Unknown, await platform.StatusAsync("1"));
    }

    [Theory]
    [InlineData("|ORM^O01^ORM_O01|", "|ADT^A01^ADT_A01|", "200")]
    [InlineData("|ORM^O01^ORM_O01|", "|ORM^O02^ORM_O01|", "201")]
    [InlineData("|P|2.5.1|", "|X|2.5.1|", "202")]
    [InlineData("|P|2.5.1|", "|P|2.4|", "203")]
    [InlineData("|CTL|P|", "||P|", "101")]
    [InlineData("STRUCTURE_IMAGERIE", "AUTRE", "103")]
    [InlineData("OBX|1|CE|MODALITE_IMAGERIE", "OBX|1|CE|AUTRE_CHOSE", "100")]
    public async Task A_bad_message_is_answered_with_what_is_wrong_and_kept(string right, string wrong, string code)
    {
        await using var platform = await Platform.StartAsync();
        var text = Encoding.UTF8.GetString(TeleradiologyWriter.Write(Samples.Request("1"), Samples.Envelope("CTL")));
        Assert.Contains(right, text, StringComparison.Ordinal);

        var answered = Assert.IsType<MllpExchange.Answered>(
            await platform.ExchangeAsync(Encoding.UTF8.GetBytes(text.Replace(right, wrong, StringComparison.Ordinal))));

        var ack = Encoding.UTF8.GetString(answered.Ack.Span);
        Assert.Contains("MSA|AE", ack, StringComparison.Ordinal);
        Assert.Matches($@"ERR\|[^|]*\|[^|]*\|{code}\^", ack);
        Assert.Equal(RequestStatus.Unknown, await platform.StatusAsync("1"));
        var kept = Assert.Single(await platform.Node.ListInboxAsync(new InboxFilter(), Cancellation));
        Assert.Equal("AE", kept.AckCode);
        Assert.DoesNotContain("PAT-TROIS", platform.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_answer_is_in_the_character_set_of_the_message()
    {
        await using var platform = await Platform.StartAsync();
        var text = Encoding.UTF8.GetString(TeleradiologyWriter.Write(Samples.Request("1"), Samples.Envelope("1")));
        text = text.Replace("|UNICODE UTF-8|", "|8859/15|", StringComparison.Ordinal)
            .Replace("|RISFAC|", "|CHU Évian|", StringComparison.Ordinal)
            // U+2019 of the labels is no character of ISO 8859-15.
            .Replace("’", "'", StringComparison.Ordinal);

        var answered = Assert.IsType<MllpExchange.Answered>(await platform.ExchangeAsync(Encoding.Latin1.GetBytes(text)));

        var ack = Encoding.Latin1.GetString(answered.Ack.Span);
        Assert.Contains("|RISAPP|CHU Évian|", ack, StringComparison.Ordinal);
        Assert.Contains("MSA|AA|1\r", ack, StringComparison.Ordinal);
        var state = await platform.Node.GetRequestAsync(Samples.Order("1"), Cancellation);
        Assert.Equal("Céphalées depuis trois jours", state.Request!.Justification);
    }

    [Fact]
    public async Task Two_messages_without_a_control_id_are_not_taken_for_one()
    {
        await using var platform = await Platform.StartAsync();

        foreach (var number in (string[])["1", "2"])
        {
            var message = TeleradiologyWriter.Write(Samples.Request(number), Samples.Envelope(""));
            var answered = Assert.IsType<MllpExchange.Answered>(await platform.ExchangeAsync(message));
            Assert.Contains("|101^", Encoding.UTF8.GetString(answered.Ack.Span), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Bytes_without_a_header_close_the_connection_and_nothing_else()
    {
        await using var platform = await Platform.StartAsync();

        Assert.IsType<MllpExchange.NoAnswer>(await platform.ExchangeAsync("PID|1||279035121518989"u8.ToArray()));

        Assert.Empty(await platform.Node.ListInboxAsync(new InboxFilter(), Cancellation));
        Assert.Equal(AckCode.AA, (await platform.SendAsync(Samples.Request("1"), "1")).Code);
    }

    [Fact]
    public async Task Requests_are_listed_page_by_page_without_their_patients()
    {
        await using var platform = await Platform.StartAsync();
        foreach (var number in (string[])["1", "2", "3"]) await platform.SendAsync(Samples.Request(number), number);

        var first = await platform.Node.ListRequestsAsync(max: 2, cancellationToken: Cancellation);
        var rest = await platform.Node.ListRequestsAsync(first[^1].Order, cancellationToken: Cancellation);

        InstanceIdentifier[] all = [.. first.Concat(rest).Select(entry => entry.Order)];
        Assert.Equal([Samples.Order("1"), Samples.Order("2"), Samples.Order("3")], all);
        Assert.All(first, entry => Assert.Equal(RequestStatus.Placed, entry.Status));
    }

    private static byte[] TwoOrders(PostExamination first, PostExamination second, string controlId)
    {
        var one = Encoding.UTF8.GetString(TeleradiologyWriter.Write(first, Samples.Envelope(controlId)));
        var two = Encoding.UTF8.GetString(TeleradiologyWriter.Write(second, Samples.Envelope(controlId)));
        return Encoding.UTF8.GetBytes(one + two[two.IndexOf("ORC|", StringComparison.Ordinal)..]);
    }
}
