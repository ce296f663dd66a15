using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Tests.Teleradiology.Desk;

/// <summary>How a request is answered: flux 3, and what does not become one.</summary>
public sealed class AnswerTests
{
    private static readonly byte[] Pdf = "%PDF-1.4 protocol"u8.ToArray();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_acceptance_carries_every_protocol_in_its_order_texts_and_documents()
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");

        Assert.Null(await platform.Node.AcceptAsync(
            Samples.Order("1"),
            [
                new ImagingProtocol.PlainText("Hélice sans injection.\nReconstructions 1 mm."),
                new ImagingProtocol.PlainText("Temps portal à 70 s."),
                new ImagingProtocol.Encapsulated("PDF", Pdf),
            ],
            "alice", Cancellation));

        var response = await NextResponseAsync(platform);
        Assert.True(response.Accepted);
        Assert.Equal(3, response.Protocols.Count);
        Assert.Equal(
            ["Hélice sans injection.\nReconstructions 1 mm.", "Temps portal à 70 s."],
            response.Protocols.OfType<ImagingProtocol.PlainText>().Select(p => p.Text));
        var document = Assert.IsType<ImagingProtocol.Encapsulated>(response.Protocols[2]);
        Assert.Equal(Pdf, document.Content.ToArray());
    }

    [Fact]
    public async Task A_refusal_carries_its_code_with_its_coding_system()
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");

        Assert.Null(await platform.Node.RefuseAsync(
            Samples.Order("1"), new Code("NJ", "SITE", "Examen non justifié"), "alice", Cancellation));

        Assert.Equal(new Code("NJ", "SITE", "Examen non justifié"), (await NextResponseAsync(platform)).Reason);
    }

    [Fact]
    public async Task An_answer_can_be_changed_until_the_images_are_made()
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");
        await platform.Node.AcceptAsync(Samples.Order("1"), "Avec injection", "alice", Cancellation);
        await platform.Node.AcceptAsync(Samples.Order("1"), "Sans injection", "alice", Cancellation);

        await NextResponseAsync(platform);
        var second = await NextResponseAsync(platform);
        Assert.Equal([new ImagingProtocol.PlainText("Sans injection")], second.Protocols);
        await platform.SendAsync(Samples.Examination("1"), "2");
        Assert.Equal(
            RefusalReason.WrongState,
            (await platform.Node.AcceptAsync(Samples.Order("1"), "Trop tard", "alice", Cancellation))!.Reason);
    }

    public static TheoryData<string, RefusalReason> Unanswerable => new()
    {
        { "no protocol", RefusalReason.RequiredFieldMissing },
        { "an empty one among others", RefusalReason.RequiredFieldMissing },
        { "too many", RefusalReason.OverLimit },
        { "too long", RefusalReason.OverLimit },
        { "a document that is no PDF", RefusalReason.DataType },
    };

    [Theory]
    [MemberData(nameof(Unanswerable))]
    public async Task An_acceptance_that_says_nothing_or_too_much_is_refused_and_nothing_leaves(
        string what, RefusalReason reason)
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");
        IReadOnlyList<ImagingProtocol> protocols = what switch
        {
            "no protocol" => [],
            "an empty one among others" =>
                [new ImagingProtocol.PlainText("Hélice"), new ImagingProtocol.PlainText(" ")],
            "too many" => [.. Enumerable.Repeat(new ImagingProtocol.PlainText("x"), Limits.ProtocolsMax + 1)],
            "too long" => [new ImagingProtocol.PlainText(new string('é', Limits.ProtocolBytesMax / 2)),
                new ImagingProtocol.PlainText("x")],
            _ => [new ImagingProtocol.Encapsulated("PDF", "<html>"u8.ToArray())],
        };

        var refusal = await platform.Node.AcceptAsync(Samples.Order("1"), protocols, "alice", Cancellation);

        Assert.Equal(reason, refusal!.Reason);
        Assert.Equal(RequestStatus.Placed, await platform.StatusAsync("1"));
        Assert.Empty(await platform.Node.ListOutboxAsync(new([]), Cancellation));
    }

    [Theory]
    [InlineData("", "", "")]
    [InlineData("NJ", "", "Examen non justifié")]
    [InlineData("", "SITE", "Examen non justifié")]
    public async Task A_refusal_without_a_text_or_with_half_a_code_is_refused(string code, string system, string text)
    {
        await using var platform = await Platform.StartAsync();
        await platform.SendAsync(Samples.Request("1"), "1");

        var refusal = await platform.Node.RefuseAsync(
            Samples.Order("1"), new Code(code, system, text), "alice", Cancellation);

        Assert.Equal(RefusalReason.RequiredFieldMissing, refusal!.Reason);
        Assert.Equal(RequestStatus.Placed, await platform.StatusAsync("1"));
    }

    private static async Task<RequestResponse> NextResponseAsync(Platform platform)
    {
        var reading = MessageValidator.Read(await platform.Ris!.NextAsync(), [TeleradiologyProfiles.Flux3])!;
        Assert.Null(reading.Refusal);
        return Assert.Single(TeleradiologyReader.TryReadResponses(reading, out _)!);
    }
}
