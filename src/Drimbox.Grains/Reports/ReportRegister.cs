using System.Collections.Concurrent;
using Drimbox.Core.Reports;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Mail;
using Drimbox.Grains.Streams;
using Drimbox.Storage;

namespace Drimbox.Grains.Reports;

/// <summary>
/// Leads a command to the grain of its report. Which report a document belongs to is a question of aliases that
/// two messages may answer at the same time; the unique aliases of the database decide, and the loser asks again.
/// </summary>
public sealed class ReportRegister
{
    // A handful of repetitions is a race; hundreds are a bug.
    private const int AttemptsMax = 100;

    // Grains are caches: dropping all of them costs a reload.
    private const int CachedGrainsMax = 10_000;

    private readonly ITurnQueue _turns;
    private readonly ReportGrainParts _parts;
    private readonly ReportTurn _turn;
    private readonly ConcurrentDictionary<ReportId, ReportGrain> _grains = new();

    public ReportRegister(ITurnQueue turns, ReportGrainParts parts)
    {
        (_turns, _parts) = (turns, parts);
        _turn = parts.Host.Reports(parts.Node, parts, (report, command, message, result, joined, cancellation) => RunAsync(
            report, g => g.ExecuteAsync(command, message, result, joined, cancellation), cancellation));
    }

    public async Task<GrainReply> ReceiveAsync(
        ReceiveReport command, InboxDraft message, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            var (report, joined) = await ResolveAsync(command, cancellation);
            var reply = await _turn(report, command, message, null, joined, cancellation);
            if (reply is not null) return reply;
        }

        throw new TimeoutException("The report kept changing while a message was decided.");
    }

    /// <summary>A command of a user or of the dispatcher, for a report that exists.</summary>
    public async Task<GrainReply> ExecuteAsync(
        ReportId report, ReportCommand command, OutboxResult? result, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            report = await SurvivorOfAsync(report, cancellation);
            var reply = await _turn(report, command, null, result, null, cancellation);
            if (reply is not null) return reply;
        }

        throw new TimeoutException("The report kept changing while a command was decided.");
    }

    /// <summary>A business acknowledgement, for the report that its message carried.</summary>
    /// <returns>Null if no message of this node has the control id that it names.</returns>
    public async Task<GrainReply?> AcknowledgeAsync(
        ReceiveBusinessAck command, InboxDraft message, CancellationToken cancellation)
    {
        if (await _parts.Store.FindAliasAsync(
                ReportAliases.SentKind(_parts.Node), command.Ack.MessageControlId, cancellation) is not { } found)
        {
            return null;
        }

        var report = ReportId.Parse(found, null);
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            report = await SurvivorOfAsync(report, cancellation);
            var reply = await _turn(report, command, message, null, null, cancellation);
            if (reply is not null) return reply;
        }

        throw new TimeoutException("The report kept changing while an acknowledgement was recorded.");
    }

    public async Task<ReportState> GetAsync(ReportId report, CancellationToken cancellation)
    {
        report = await SurvivorOfAsync(report, cancellation);
        return await RunAsync(report, g => g.GetAsync(cancellation), cancellation);
    }

    /// <summary>The reports of the node, those that were merged into another left out.</summary>
    /// <param name="max">How many streams are looked at, merged ones too.</param>
    public async Task<IReadOnlyList<(ReportId Id, ReportState State)>> ListAsync(int max, CancellationToken cancellation)
    {
        var prefix = ReportGrain.LanePrefix(_parts.Node);
        var found = new List<(ReportId, ReportState)>();
        foreach (var stream in await _parts.Store.ListStreamsAsync(prefix, null, max, cancellation))
        {
            var id = ReportId.Parse(stream.Stream.Value[prefix.Length..], null);
            var state = await RunAsync(id, g => g.GetAsync(cancellation), cancellation);
            if (state.MergedInto is null) found.Add((id, state));
        }

        return found;
    }

    /// <summary>The report that holds a document, or null.</summary>
    public async Task<ReportId?> FindAsync(Core.Identity.InstanceIdentifier documentId, CancellationToken cancellation) =>
        await _parts.Store.FindAliasAsync(
            ReportAliases.DocumentKind(_parts.Node), DocumentKey.Of(documentId), cancellation) is { } found
            ? ReportId.Parse(found, null)
            : null;

    /// <summary>The report that a mail carried, or null.</summary>
    public async Task<ReportId?> FindByMailAsync(string messageId, CancellationToken cancellation) =>
        await _parts.Store.FindAliasAsync(ReportMail.AliasKind(_parts.Node), messageId, cancellation) is { } found
            ? ReportId.Parse(found, null)
            : null;

    private async Task<(ReportId Report, ReportId? Joined)> ResolveAsync(
        ReceiveReport command, CancellationToken cancellation)
    {
        ReportId? bySet = null;
        var byDocument = new List<ReportId>();
        foreach (var alias in ReportAliases.Of(_parts.Node, command, ReportId.New(_parts.Ids)))
        {
            if (await _parts.Store.FindAliasAsync(alias.Kind, alias.Key, cancellation) is not { } found) continue;
            var report = ReportId.Parse(found, null);
            if (alias.Kind == ReportAliases.SetKind(_parts.Node)) bySet = report;
            else if (!byDocument.Contains(report)) byDocument.Add(report);
        }

        // relatedDocument wins over setId; the report that holds the parent takes in the one that waited.
        if (byDocument.Count > 1) return (byDocument[^1], byDocument[0]);
        if (byDocument.Count == 0) return (bySet ?? ReportId.New(_parts.Ids), null);
        return bySet is { } set && set != byDocument[0] && await MayJoinAsync(byDocument[0], set, cancellation)
            ? (set, byDocument[0])
            : (byDocument[0], null);
    }

    /// <summary>Two reports with a setId each are two lineages, whatever a message says.</summary>
    private async Task<bool> MayJoinAsync(ReportId one, ReportId other, CancellationToken cancellation) =>
        (await GetAsync(one, cancellation)).SetId is null || (await GetAsync(other, cancellation)).SetId is null;

    private async Task<ReportId> SurvivorOfAsync(ReportId report, CancellationToken cancellation)
    {
        for (var hop = 0; hop < AttemptsMax; hop++)
        {
            var state = await RunAsync(report, g => g.GetAsync(cancellation), cancellation);
            if (state.MergedInto is not { } survivor) return report;
            report = survivor;
        }

        throw new InvalidOperationException("The reports are merged in a circle.");
    }

    private Task<T> RunAsync<T>(ReportId report, Func<ReportGrain, Task<T>> turn, CancellationToken cancellation)
    {
        if (_grains.Count > CachedGrainsMax) _grains.Clear();
        var grain = _grains.GetOrAdd(report, static (id, p) => new ReportGrain(id, p), _parts);
        return _turns.RunAsync(ReportGrain.LaneOf(_parts.Node, report), _ => turn(grain), cancellation);
    }
}
