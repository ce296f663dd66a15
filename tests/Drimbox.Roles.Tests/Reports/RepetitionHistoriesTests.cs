using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Reports;
using Drimbox.Grains.Streams;
using static Drimbox.Tests.Reports.ReportFixture;

namespace Drimbox.Tests.Reports;

/// <summary>P4: the messages of a report in any order, each once to five times under its control id, over restarts, and
/// control ids that are used again for other bytes. A twin gets each message once, in the order of its first arrival:
/// both end alike.</summary>
public sealed class RepetitionHistoriesTests
{
    [Fact]
    [Requirement("reliability P4")]
    public async Task A_message_that_comes_again_gets_its_first_answer_and_has_no_further_effect()
    {
        var random = new Random(Seed.Get());
        var count = Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN") switch
        {
            null or "" => 100,
            "R" => 10_000,
            var n => int.Parse(n, CultureInfo.InvariantCulture),
        };
        await using var ris = await ReportHistory.BeginAsync();
        await using var twin = await ReportHistory.BeginAsync();
        for (var number = 0; number < count; number++)
        {
            var messages = MessagesOf(number, "ABC"[random.Next(3)]);
            var answers = new Dictionary<int, GrainReply>();
            var steps = Enumerable.Range(0, messages.Length)
                .SelectMany(m => Enumerable.Repeat(m, 1 + random.Next(5))).ToArray();
            random.Shuffle(steps);
            foreach (var step in steps)
            {
                var controlId = $"{number}-{step}";
                var reply = await ris.ReceiveAsync(messages[step], controlId);
                if (answers.TryAdd(step, reply))
                {
                    Assert.False(reply.Repeated);
                    Assert.Null(reply.Refusal);
                    await twin.ReceiveAsync(messages[step], controlId);
                }
                else
                {
                    Assert.True(reply.Repeated);
                    Assert.Equal((answers[step].Ack, answers[step].AckCode), (reply.Ack, reply.AckCode));
                }

                if (random.Next(4) == 0) await ReuseAsync(ris, messages[(step + 1) % messages.Length], controlId);
                if (random.Next(50) == 0) await ris.RestartAsync();
                if (random.Next(3) > 0) continue;
                await ris.PublishAllAsync();
                await twin.PublishAllAsync();
            }

            await ris.PublishAllAsync();
            await twin.PublishAllAsync();
            await AssertAlikeAsync(ris, twin, number, string.Join(' ', steps));
        }

        Assert.Equal(await twin.CopiedAsync(), await ris.CopiedAsync());
        Assert.Equal(twin.Registry.Submissions, ris.Registry.Submissions);
    }

    private static ReceiveReport[] MessagesOf(int number, char deleted) =>
    [
        Initial($"A{number}"),
        Replace($"B{number}", $"A{number}"),
        Replace($"C{number}", $"B{number}"),
        Delete($"{deleted}{number}"),
    ];

    private static async Task ReuseAsync(ReportHistory ris, ReceiveReport other, string controlId)
    {
        var reply = await ris.ReceiveAsync(other, controlId, bytes: "other");
        Assert.Equal(RefusalReason.IdentifierReused, reply.Refusal!.Reason);
        Assert.Equal("AE", reply.AckCode);
    }

    private static async Task AssertAlikeAsync(ReportHistory ris, ReportHistory twin, int number, string because)
    {
        var (is1, is2) = (await ris.StateOfAsync($"C{number}"), await twin.StateOfAsync($"C{number}"));
        Assert.True(is1.Head == is2.Head && is1.HeadIsWithdrawn == is2.HeadIsWithdrawn, because);
        Assert.True(
            is1.Versions.Select(v => (v.Sequence, v.DocumentId)).SequenceEqual(
                is2.Versions.Select(v => (v.Sequence, v.DocumentId))), because);
        foreach (var document in (string[])[$"A{number}", $"B{number}", $"C{number}"])
        {
            Assert.True(
                ris.Registry.IsApproved(Document(document)) == twin.Registry.IsApproved(Document(document)),
                $"{document}: {because}");
        }
    }
}
