using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using static Drimbox.Tests.Requests.RequestSamples;

namespace Drimbox.Tests.Requests;

/// <summary>The documents of a request on the platform: what is to be read in the end depends on what was sent, not on
/// the order in which it came.</summary>
public sealed class AttachmentOrderTests
{
    [Fact]
    public void Every_order_of_request_documents_replacement_and_deletion_with_duplicates_ends_the_same()
    {
        // A was replaced by B; C was taken back; D is of another patient.
        PlatformRequestCommand[] messages =
        [
            new ReceiveRequest(Request("OPN1")),
            new ReceiveAttachment(Attachment("A")),
            new ReceiveAttachment(Attachment("B", replaces: "A")),
            new ReceiveAttachment(Attachment("C")),
            new ReceiveAttachmentDeletion(Id("C")),
            new ReceiveAttachment(Attachment("D", ins: "279035121518990")),
        ];
        var histories = 0;
        foreach (var order in Permutations(messages))
        {
            // Once as it is, once with each message again at the end.
            foreach (var history in (IReadOnlyList<PlatformRequestCommand>[])[order, [.. order, .. order]])
            {
                histories++;
                var state = After(history);
                Assert.Equal(RequestStatus.Placed, state.Status);
                Assert.Equal([Id("B")], state.Attachments.Current.Select(a => a.DocumentId));
            }
        }

        Assert.Equal(1440, histories);
    }

    [Fact]
    public void A_document_of_another_patient_is_refused_where_the_request_is_known()
    {
        var state = After([new ReceiveRequest(Request("OPN1"))]);
        var refused = Decide(state, new ReceiveAttachment(Attachment("D", ins: "279035121518990")));
        Assert.Equal((RefusalReason.PatientMismatch, "PID^1^3"), (refused.Refusal?.Reason, refused.Refusal?.Location));
    }

    [Fact]
    public void Other_bytes_under_the_identifier_of_a_document_are_refused()
    {
        var state = After([new ReceiveAttachment(Attachment("A"))]);
        var refused = Decide(
            state, new ReceiveAttachment(Attachment("A") with { File = new StoredObject("other", 5) }));
        Assert.Equal(RefusalReason.IdentifierReused, refused.Refusal?.Reason);
    }

    private static RequestAttachment Attachment(string name, string? replaces = null, string ins = "279035121518989") =>
        new(
            Id(name), new Code("11502-2", "2.16.840.1.113883.6.1", "CR d'examens biologiques"),
            replaces is null ? null : Id(replaces),
            InstanceIdentifier.Create(NationalAuthorities.InsNirTest, ins), new StoredObject(name, 1));

    private static InstanceIdentifier Id(string name) => InstanceIdentifier.Create("1.2.250.1.999.7", name);

    private static PlatformRequestDecision Decide(PlatformRequestState state, PlatformRequestCommand command) =>
        PlatformRequestDecider.Decide(state, command, new DecisionContext(Now, new SequentialIds()));

    // A refused message leaves no trace, as in the node.
    private static PlatformRequestState After(IReadOnlyList<PlatformRequestCommand> history) => history.Aggregate(
        PlatformRequestState.Empty,
        (state, command) => Decide(state, command).Events.Aggregate(state, PlatformRequestDecider.Evolve));

    private static IEnumerable<IReadOnlyList<PlatformRequestCommand>> Permutations(PlatformRequestCommand[] items)
    {
        if (items.Length <= 1)
        {
            yield return items;
            yield break;
        }

        for (var i = 0; i < items.Length; i++)
        {
            foreach (var rest in Permutations([.. items.Where((_, at) => at != i)]))
                yield return [items[i], .. rest];
        }
    }
}
