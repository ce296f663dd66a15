using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Publications;
using Drimbox.Core.Studies;
using Drimbox.Storage;

namespace Drimbox.Grains.Streams;

/// <summary>A message that waits for its answer: all of the inbox row but the acknowledgement, which the decision
/// gives.</summary>
/// <param name="Header">The MSH segment of the message, from which the acknowledgement is made.</param>
public sealed record InboxDraft(
    InboxKey Key,
    string Sha256,
    ReadOnlyMemory<byte> Body,
    StoredObject? BodyObject,
    string MessageType,
    string Header,
    DateTimeOffset ReceivedAt) : IAsyncDisposable
{
    /// <summary>Ends once the body is durable; faulted if it could not be stored.</summary>
    public Task BodyDurable { get; init; } = Task.CompletedTask;

    /// <summary>What the audit trail keeps of the message, from whether it was refused; null: nothing. It is part of the
    /// transaction that stores the message.</summary>
    public Func<Refusal?, AuditRecord>? Audit { get; init; }

    /// <summary>The records of the commit that stores the message.</summary>
    public IReadOnlyList<AuditRecord> AuditOf(Refusal? refusal) => Audit is null ? [] : [Audit(refusal)];

    /// <summary>Waits until nobody reads the frame any more, also where nothing was committed.</summary>
    public async ValueTask DisposeAsync() =>
        await BodyDurable.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}

/// <summary>How a command to a grain ended.</summary>
/// <param name="Refusal">Why nothing was done, or null.</param>
/// <param name="Ack">The acknowledgement to send, stored with the message; null where no message was given.</param>
/// <param name="AckCode">AA, AE or AR, where <paramref name="Ack"/> is not null.</param>
/// <param name="Repeated">The message was known: the acknowledgement is the stored one and nothing was done.</param>
/// <param name="LeaseLost">The outbox row was taken over by another owner: nothing was recorded.</param>
public sealed record GrainReply(
    Refusal? Refusal, string? Ack = null, string? AckCode = null, bool Repeated = false, bool LeaseLost = false)
{
    /// <summary>The submission that the command led to, or null.</summary>
    public SubmissionKind? Decided { get; init; }

    /// <summary>Why no manifest of the study is published after it, or null.</summary>
    public WithheldReason? Withheld { get; init; }
}

/// <summary>Turns an inbox draft into the row of a commit, and the results of a commit into replies.</summary>
public static class InboxReply
{
    public static InboxRow? RowOf(InboxDraft? draft, Refusal? refusal, IAckComposer composer)
    {
        if (draft is null) return null;
        var (ack, code) = composer.Compose(draft.Header, refusal);
        return new InboxRow(
            draft.Key, draft.Sha256, draft.Body, draft.BodyObject, draft.MessageType, ack, code, draft.ReceivedAt)
        {
            BodyDurable = draft.BodyDurable,
        };
    }

    /// <summary>Attack A17: the same bytes get the stored answer; other bytes under a known id are refused, and
    /// the first message stays.</summary>
    public static GrainReply Repeated(CommitResult.DuplicateMessage known, InboxDraft draft, IAckComposer composer)
    {
        if (known.SameBytes) return new GrainReply(null, known.Ack, known.AckCode, Repeated: true);
        var reused = new Refusal(
            RefusalReason.IdentifierReused, "This message control id was used for another message.", "MSH^1^10");
        var (ack, code) = composer.Compose(draft.Header, reused);
        return new GrainReply(reused, ack, code, Repeated: true);
    }
}
