using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using Drimbox.Grains.Publications;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Streams;
using Drimbox.Storage;

namespace Drimbox.Grains.Hosting;

/// <inheritdoc cref="ReportGrain.ExecuteAsync"/>
public delegate Task<GrainReply?> ReportTurn(
    ReportId report, ReportCommand command, InboxDraft? message, OutboxResult? result, ReportId? joined,
    CancellationToken cancellation);

/// <summary>One turn of the request with a placer order number.</summary>
public delegate Task<GrainReply> RequestTurn<in TCommand>(
    InstanceIdentifier order, TCommand command, InboxDraft? message, OutboxResult? result, CancellationToken cancellation);

/// <summary>One turn of a study; <paramref name="audit"/> is of the same transaction.</summary>
public delegate Task<GrainReply> StudyTurn(
    Uid study, StudyCommand command, InboxDraft? message, OutboxResult? result, IReadOnlyList<AuditRecord> audit,
    CancellationToken cancellation);

/// <summary>What a person does to a publication, by its number in the outbox. Null, or why nothing was done.</summary>
public delegate Task<Refusal?> PublicationTurn(
    long publication, PublicationAction action, string actor, CancellationToken cancellation);

/// <summary>
/// Where the grains of nodes run: in this process, or where a cluster has placed them. A node says how it takes a turn
/// itself and gets back how a turn is asked for. What a turn is asked with goes by value and without bytes
/// (docs/adr/0007); that there may be two of a grain is the business of the database (docs/adr/0003).
/// </summary>
public interface IGrainHost
{
    /// <summary>The longest body of a message that a turn may be asked with, in bytes; a longer one is an object by
    /// then.</summary>
    int InlineBodyBytesMax { get; }

    /// <param name="parts">Of the grains that the host makes itself.</param>
    ReportTurn Reports(string node, ReportGrainParts parts, ReportTurn here);

    RequestTurn<TCommand> Requests<TCommand>(string node, RequestTurn<TCommand> here)
        where TCommand : notnull;

    StudyTurn Studies(string node, StudyTurn here);

    PublicationTurn Publications(string node, PublicationTurn here);
}

/// <summary>All grains are here.</summary>
public sealed class EmbeddedGrainHost : IGrainHost
{
    private EmbeddedGrainHost()
    {
    }

    public static EmbeddedGrainHost Instance { get; } = new();

    /// <inheritdoc/>
    public int InlineBodyBytesMax => Limits.InlineBodyBytesMax;

    public ReportTurn Reports(string node, ReportGrainParts parts, ReportTurn here) => here;

    public RequestTurn<TCommand> Requests<TCommand>(string node, RequestTurn<TCommand> here)
        where TCommand : notnull => here;

    public StudyTurn Studies(string node, StudyTurn here) => here;

    public PublicationTurn Publications(string node, PublicationTurn here) => here;
}
