using Drimbox.Core.Identity;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Messages;

/// <summary>
/// TXA-12 or TXA-13: a document identifier in one of its spellings. Source: page profils-messages, note 1 of TXA;
/// the other forms are those of its examples and of the samples of 2.0.
/// </summary>
/// <param name="Value">EI-1.</param>
/// <param name="Namespace">EI-2.</param>
/// <param name="UniversalId">EI-3.</param>
public sealed record DocumentNumber(string Value, string Namespace, string UniversalId)
{
    /// <summary>The number in a field, or null where nothing stands.</summary>
    internal static DocumentNumber? Read(Er7Value field) => field.HasContent
        ? new DocumentNumber(field.Component(1).Code, field.Component(2).Code, field.Component(3).Code)
        : null;

    /// <summary>The components to write: <c>extension^^root^ISO</c>, or the root alone.</summary>
    internal static Er7Part[] Write(InstanceIdentifier id) =>
        id.Extension is null ? [id.Root] : [id.Extension, null, id.Root, "ISO"];

    /// <summary>True if this is a spelling of <paramref name="id"/>.</summary>
    public bool Matches(InstanceIdentifier id)
    {
        var (root, extension) = (id.Root, id.Extension ?? "");
        if (UniversalId.Length > 0) return UniversalId == root && Value == extension;
        if (extension.Length == 0) return Value == root;
        // 1.2.250.1.71.4.2.2.120456789.A71024000081^Organisation-Y: the document, then the name of the authority; one
        // sample has lost the dot between root and extension.
        if (Value == $"{root}.{extension}" || Value == root + extension) return true;
        return (Value == root && Namespace == extension) || (Value == extension && Namespace == root);
    }

    /// <summary>The identifier as well as it can be told without the document: the lookup by
    /// <see cref="Core.Reports.DocumentKey"/> makes up for a joined spelling.</summary>
    public InstanceIdentifier? ToIdentifier() =>
        UniversalId.Length > 0 && InstanceIdentifier.TryCreate(UniversalId, Value, out var id) ? id
        : InstanceIdentifier.TryCreate(Value, null, out id) ? id
        : null;
}
