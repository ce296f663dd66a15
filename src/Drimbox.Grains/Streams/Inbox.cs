using System.Security.Cryptography;
using Drimbox.Core;
using Drimbox.Storage;

namespace Drimbox.Grains.Streams;

/// <summary>The way of a message into the inbox of a node: known messages get their stored answer, refused ones are
/// stored with theirs, and a decision takes the others along in its own transaction (docs/adr/0009).</summary>
public sealed class Inbox(FlowStore store, ObjectStore objects, IAckComposer acks, TimeProvider time)
{
    /// <summary>The longest body, in bytes, that is no object of its own. Default 64 KiB.</summary>
    public int InlineBodyBytesMax { get; init; } = Limits.InlineBodyBytesMax;

    /// <summary>Prepares the inbox row of a message. A longer body than <see cref="InlineBodyBytesMax"/> becomes an object
    /// of its own while the message is decided; the commit waits for it.</summary>
    /// <param name="body">The frame, byte for byte. It may change once the draft is disposed.</param>
    public InboxDraft Draft(
        InboxKey key, ReadOnlyMemory<byte> body, string messageType, string header, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (body.Length <= InlineBodyBytesMax)
        {
            var sha256 = Convert.ToHexStringLower(SHA256.HashData(body.Span));
            return new InboxDraft(key, sha256, body, null, messageType, header, now);
        }

        var (stored, durable) = objects.Put(body, cancellation);
        return new InboxDraft(key, stored.Sha256, ReadOnlyMemory<byte>.Empty, stored, messageType, header, now)
        {
            BodyDurable = durable,
        };
    }

    /// <summary>The answer to a message that was committed before, or null for a new one. The commit checks again;
    /// this only spares the work.</summary>
    public async Task<GrainReply?> FindRepeatAsync(InboxDraft draft, CancellationToken cancellation)
    {
        if (await store.FindInboxAsync(draft.Key, cancellation) is not { } known) return null;
        return InboxReply.Repeated(
            new CommitResult.DuplicateMessage(known.Ack, known.AckCode, known.Sha256 == draft.Sha256), draft, acks);
    }

    /// <summary>The answer where the store failed: nothing was stored, or nobody knows, and either way the same message may
    /// be sent again.</summary>
    /// <param name="header">The MSH segment of the message.</param>
    public GrainReply NotStored(string header) =>
        NotNow(header, new Refusal(RefusalReason.Unavailable, "The message could not be stored."));

    /// <summary>The answer to a message of which nothing is kept.</summary>
    /// <param name="refusal">An <see cref="RefusalReason.Unavailable"/>: the sender may send it again.</param>
    public GrainReply NotNow(string header, Refusal refusal)
    {
        Invariant.Holds(refusal.Reason == RefusalReason.Unavailable);
        var (ack, code) = acks.Compose(header, refusal);
        return new GrainReply(refusal, ack, code);
    }

    /// <summary>Stores a message that is refused before any grain sees it, with its answer. "Not now" is not stored:
    /// the sender shall send the same message again.</summary>
    public Task<GrainReply> RefuseAsync(InboxDraft draft, Refusal refusal, CancellationToken cancellation) =>
        AnswerAsync(draft, refusal, cancellation);

    /// <summary>Stores a message with its answer after what it asked for was done, where that is not of the flow: a crash
    /// between the two brings the message again, and what it asks for must be done already then.</summary>
    /// <param name="refusal">Null: it was done.</param>
    public async Task<GrainReply> AnswerAsync(InboxDraft draft, Refusal? refusal, CancellationToken cancellation)
    {
        var row = InboxReply.RowOf(draft, refusal, acks)!;
        if (refusal?.Reason == RefusalReason.Unavailable) return new GrainReply(refusal, row.Ack, row.AckCode);
        return await store.CommitAsync(
            new FlowCommit { Inbox = row, Audit = draft.AuditOf(refusal) }, cancellation) switch
        {
            CommitResult.DuplicateMessage known => InboxReply.Repeated(known, draft, acks),
            _ => new GrainReply(refusal, row.Ack, row.AckCode),
        };
    }
}
