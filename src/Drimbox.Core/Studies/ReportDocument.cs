using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Studies;

/// <summary>What happened to a document, whatever studies it is about.</summary>
[JsonDerivedType(typeof(DocumentLinked), nameof(DocumentLinked))]
[JsonDerivedType(typeof(DocumentDeleted), nameof(DocumentDeleted))]
[JsonDerivedType(typeof(DocumentReplaced), nameof(DocumentReplaced))]
public abstract record DocumentEvent;

public sealed record DocumentLinked(IReadOnlyList<Uid> Studies) : DocumentEvent;

public sealed record DocumentDeleted : DocumentEvent;

public sealed record DocumentReplaced : DocumentEvent;

/// <summary>A document that copies and deletions speak of, known or not yet: it leads from a message to the studies it
/// concerns, and keeps what came before the document itself.</summary>
/// <param name="Studies">The studies whose streams know of it.</param>
/// <param name="IsDeleted">Its deletion was received.</param>
/// <param name="IsReplaced">A document that replaces it was received.</param>
public sealed record ReportDocument(ImmutableHashSet<Uid> Studies, bool IsDeleted, bool IsReplaced)
{
    public static ReportDocument Unknown { get; } = new([], false, false);

    public static ReportDocument Evolve(ReportDocument state, DocumentEvent e) => e switch
    {
        DocumentLinked linked => state with { Studies = state.Studies.Union(linked.Studies) },
        DocumentDeleted => state with { IsDeleted = true },
        DocumentReplaced => state with { IsReplaced = true },
        _ => throw Invariant.Unreachable(e),
    };
}
