using Drimbox.Core;
using Drimbox.Grains.Streams;

namespace Drimbox.Orleans.Turns;

/// <summary>The draft of a message on its way to a grain: its body is an object, durable by then.</summary>
[GenerateSerializer, Immutable, Alias("drimbox.message")]
public sealed record MessageCall(
    [property: Id(0)] InboxKey Key,
    [property: Id(1)] string Sha256,
    [property: Id(2)] StoredObject? Body,
    [property: Id(3)] string MessageType,
    [property: Id(4)] string Header,
    [property: Id(5)] DateTimeOffset ReceivedAt)
{
    /// <exception cref="Drimbox.Storage.StorageFaultException">The body could not be stored.</exception>
    public static async Task<MessageCall?> OfAsync(InboxDraft? draft)
    {
        if (draft is null) return null;
        // docs/adr/0007.
        Invariant.Holds(draft.Body.IsEmpty);
        await draft.BodyDurable;
        return new MessageCall(
            draft.Key, draft.Sha256, draft.BodyObject, draft.MessageType, draft.Header, draft.ReceivedAt);
    }

    public InboxDraft ToDraft() => new(Key, Sha256, ReadOnlyMemory<byte>.Empty, Body, MessageType, Header, ReceivedAt);

    /// <summary>Says nothing: the runtime writes the arguments of slow calls into its log.</summary>
    public override string ToString() => nameof(MessageCall);
}
