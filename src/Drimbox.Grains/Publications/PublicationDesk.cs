using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;

namespace Drimbox.Grains.Publications;

/// <summary>What a submission does, for people to see: nobody can send one from it (docs/adr/0002).</summary>
/// <param name="Entry">Of the document that it carries, or null.</param>
/// <param name="Target">Unique id of the document that it acts on, or null.</param>
public sealed record SubmissionSummary(
    SubmissionKind Kind, Uid SubmissionSetUniqueId, DocumentEntry? Entry, InstanceIdentifier? Target)
{
    public static SubmissionSummary Of(Submission submission) => new(
        submission.Kind, submission.SubmissionSetUniqueId, submission.Document?.Entry, submission.Target);
}

/// <summary>A submission in the outbox, as operations see it.</summary>
/// <param name="Summary">What it does; null for a row that cannot be read.</param>
public sealed record PublicationView(OutboxEntry Row, SubmissionSummary? Summary)
{
    /// <summary>A person must look: it is not tried again by itself.</summary>
    public bool IsDeadLetter => Row.State == OutboxState.Quarantined;
}

/// <summary>What a person does to a publication.</summary>
public enum PublicationAction
{
    /// <summary><see cref="PublicationDesk.RetryAsync"/>.</summary>
    Retry,

    /// <summary><see cref="PublicationDesk.DiscardAsync"/>.</summary>
    Discard,
}

/// <summary>How a node's grains take part in what a person does to a publication.</summary>
/// <param name="Kind">Of the outbox rows.</param>
/// <param name="Read">What the submission of a payload does.</param>
/// <param name="ResendAsync">The grain of a row decides the refused step again, for an actor. True: it did.</param>
/// <param name="GiveUpAsync">The grain of a row is told that a submission that it waits for was given up.</param>
public sealed record PublicationGrains(
    string Kind,
    Func<string, SubmissionSummary> Read,
    Func<OutboxEntry, string, CancellationToken, Task<bool>> ResendAsync,
    Func<OutboxEntry, Uid, string, CancellationToken, Task> GiveUpAsync);

/// <summary>The publications of a node that wait, that ended, and that lie aside: what a person sees and does. Who did
/// what is kept with the row.</summary>
public sealed class PublicationDesk
{
    private readonly FlowStore _store;
    private readonly PublicationGrains _grains;
    private readonly PublicationTurn _turn;

    public PublicationDesk(string node, FlowStore store, PublicationGrains grains, IGrainHost host)
    {
        (_store, _grains) = (store, grains);
        _turn = host.Publications(node, (id, step, actor, cancellation) => step switch
        {
            PublicationAction.Retry => RetryHereAsync(id, actor, cancellation),
            _ => DiscardHereAsync(id, actor, cancellation),
        });
    }

    /// <summary>The oldest first.</summary>
    /// <param name="states">Empty: what waits and what lies aside.</param>
    public async Task<IReadOnlyList<PublicationView>> ListAsync(
        IReadOnlyList<OutboxState> states, int max, CancellationToken cancellation)
    {
        IReadOnlyList<OutboxState> shown = states.Count > 0 ? states : [OutboxState.Pending, OutboxState.Quarantined];
        var rows = await _store.ListOutboxAsync(new OutboxFilter(shown, Kind: _grains.Kind, Max: max), cancellation);
        return [.. rows.Select(ViewOf)];
    }

    /// <summary>One, or null.</summary>
    public async Task<PublicationView?> FindAsync(long id, CancellationToken cancellation)
    {
        var rows = await _store.ListOutboxAsync(
            new OutboxFilter([], Kind: _grains.Kind, AfterId: id - 1, Max: 1), cancellation);
        return rows is [var row] && row.Id == id ? ViewOf(row) : null;
    }

    public Task<IReadOnlyList<OutboxIntervention>> HistoryOfAsync(long id, CancellationToken cancellation) =>
        _store.ListInterventionsAsync(id, cancellation);

    /// <summary>Sends a dead letter again, or what waits at once.</summary>
    /// <returns>Null, or why not.</returns>
    public Task<Refusal?> RetryAsync(long id, string actor, CancellationToken cancellation) =>
        _turn(id, PublicationAction.Retry, actor, cancellation);

    /// <summary>Gives a dead letter up: it is not shown as one any more, and never sent.</summary>
    /// <inheritdoc cref="RetryAsync"/>
    public Task<Refusal?> DiscardAsync(long id, string actor, CancellationToken cancellation) =>
        _turn(id, PublicationAction.Discard, actor, cancellation);

    private async Task<Refusal?> RetryHereAsync(long id, string actor, CancellationToken cancellation)
    {
        if (await FindAsync(id, cancellation) is not { } publication) return Unknown;

        // A refused step is decided anew: its submission set is used up, and its target may have moved.
        if (publication is { IsDeadLetter: true, Summary: not null }
            && await _grains.ResendAsync(publication.Row, actor, cancellation))
            return null;
        return await _store.RequeueAsync(id, actor, cancellation)
            ? null
            : new Refusal(RefusalReason.WrongState, "It is on its way, or it has ended.");
    }

    private async Task<Refusal?> DiscardHereAsync(long id, string actor, CancellationToken cancellation)
    {
        if (await FindAsync(id, cancellation) is not { } publication) return Unknown;
        if (!publication.IsDeadLetter)
        {
            return new Refusal(
                RefusalReason.WrongState, "Only what lies aside can be given up; withhold or withdraw the document.");
        }

        if (await SubmissionSetOfAsync(publication, cancellation) is { } set)
            await _grains.GiveUpAsync(publication.Row, set, actor, cancellation);
        return await _store.DiscardAsync(id, actor, cancellation)
            ? null
            : new Refusal(RefusalReason.WrongState, "Somebody else was faster.");
    }

    /// <summary>Of a row that cannot be read it is the one that the table of submissions has as open.</summary>
    private async Task<Uid?> SubmissionSetOfAsync(PublicationView publication, CancellationToken cancellation)
    {
        if (publication.Summary is { } summary) return summary.SubmissionSetUniqueId;
        var open = await _store.ListPublicationsAsync(onlyOpen: true, Limits.PublicationsListedMax, cancellation);
        return open.FirstOrDefault(entry => entry.Row.Lane == publication.Row.Lane) is { } found
            ? Uid.Parse(found.Row.SubmissionSet)
            : null;
    }

    private PublicationView ViewOf(OutboxEntry row)
    {
        try
        {
            return new PublicationView(row, _grains.Read(row.Payload));
        }
        catch (System.Text.Json.JsonException)
        {
            return new PublicationView(row, null);
        }
    }

    /// <summary>There is no publication with the number that was given.</summary>
    public static Refusal Unknown => new(RefusalReason.UnknownTarget, "No publication has this number.");
}
