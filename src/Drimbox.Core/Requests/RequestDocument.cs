using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Requests;

/// <summary>What a document is to a request.</summary>
public enum RequestDocumentRole
{
    /// <summary>The request as its requester wrote it (DocumentDemande of the teleradiology volet).</summary>
    Request,

    /// <summary>What helps to judge or to carry out the request: former reports, results (DocumentTiers).</summary>
    Supplement,
}

/// <summary>A CDA document that belongs to one or several requests.</summary>
/// <param name="Id">ClinicalDocument/id.</param>
/// <param name="Type">ClinicalDocument/code (JDV_J07).</param>
/// <param name="Replaces">The document before it, or null.</param>
/// <param name="File">Byte for byte as received, or as the RIS wrote it around a PDF.</param>
public sealed record RequestDocument(
    InstanceIdentifier Id, RequestDocumentRole Role, Code Type, InstanceIdentifier? Replaces, StoredObject File);

/// <summary>What happened to a document of requests.</summary>
[JsonDerivedType(typeof(RequestDocumentFiled), nameof(RequestDocumentFiled))]
[JsonDerivedType(typeof(RequestDocumentLinked), nameof(RequestDocumentLinked))]
[JsonDerivedType(typeof(RequestDocumentUnlinked), nameof(RequestDocumentUnlinked))]
public abstract record RequestDocumentEvent;

/// <param name="Actor">The user who filed it.</param>
public sealed record RequestDocumentFiled(RequestDocument Document, string Actor, DateTimeOffset At)
    : RequestDocumentEvent;

public sealed record RequestDocumentLinked(InstanceIdentifier Order, string Actor, DateTimeOffset At)
    : RequestDocumentEvent;

public sealed record RequestDocumentUnlinked(InstanceIdentifier Order, string Actor, DateTimeOffset At)
    : RequestDocumentEvent;

/// <param name="DocumentId">Which document.</param>
public abstract record RequestDocumentCommand(InstanceIdentifier DocumentId);

/// <summary>A document belongs to requests.</summary>
public sealed record FileRequestDocument(
    RequestDocument Document, IReadOnlyList<InstanceIdentifier> Orders, string Actor)
    : RequestDocumentCommand(Document.Id);

/// <summary>It does not belong to one of them after all.</summary>
public sealed record UnlinkRequestDocument(InstanceIdentifier DocumentId, InstanceIdentifier Order, string Actor)
    : RequestDocumentCommand(DocumentId);

public sealed record RequestDocumentDecision(IReadOnlyList<RequestDocumentEvent> Events, Refusal? Refusal);

/// <summary>A document and the requests that it belongs to (DB/RIS.04).</summary>
public sealed record RequestDocumentState(RequestDocument? Document, ImmutableList<InstanceIdentifier> Orders)
{
    public static RequestDocumentState Empty { get; } = new(null, []);
}

/// <summary>The life of a document of requests. What it says of a request twice, it says once.</summary>
public static class RequestDocumentDecider
{
    public static RequestDocumentDecision Decide(
        RequestDocumentState state, RequestDocumentCommand command, DecisionContext context) => command switch
        {
            FileRequestDocument file => File(state, file, context),
            UnlinkRequestDocument unlink => new RequestDocumentDecision(
                state.Orders.Contains(unlink.Order)
                    ? [new RequestDocumentUnlinked(unlink.Order, unlink.Actor, context.Now)]
                    : [],
                null),
            _ => throw Invariant.Unreachable(command),
        };

    public static RequestDocumentState Evolve(RequestDocumentState state, RequestDocumentEvent e) => e switch
    {
        RequestDocumentFiled filed => state with { Document = filed.Document },
        RequestDocumentLinked linked => state with { Orders = state.Orders.Add(linked.Order) },
        RequestDocumentUnlinked unlinked => state with { Orders = state.Orders.Remove(unlinked.Order) },
        _ => throw Invariant.Unreachable(e),
    };

    private static RequestDocumentDecision File(
        RequestDocumentState state, FileRequestDocument command, DecisionContext context)
    {
        if (state.Document is { } known && known.File.Sha256 != command.Document.File.Sha256)
        {
            return new RequestDocumentDecision(
                [], new Refusal(RefusalReason.IdentifierReused, "Another document has this identifier."));
        }

        var events = new List<RequestDocumentEvent>();
        if (state.Document is null) events.Add(new RequestDocumentFiled(command.Document, command.Actor, context.Now));
        foreach (var order in command.Orders.Except(state.Orders))
            events.Add(new RequestDocumentLinked(order, command.Actor, context.Now));
        return new RequestDocumentDecision(events, null);
    }
}
