using Drimbox.Core.Identity;

namespace Drimbox.Core;

/// <summary>Where new identifiers come from. Ids are inputs of a decision, so that a decision can be replayed.</summary>
public interface IIdSource
{
    /// <summary>A new UID under 2.25 (PS3.5 B.2: the decimal form of a UUID).</summary>
    Uid NewUid();

    /// <summary>A new UUID, lower case, without braces.</summary>
    string NewUuid();
}

/// <summary>What a decision may know of the world beside its state and its command.</summary>
/// <param name="Now">The instant of the decision, UTC.</param>
/// <param name="Ids">The source of new identifiers.</param>
public readonly record struct DecisionContext(DateTimeOffset Now, IIdSource Ids);

/// <summary>Identifiers made from others.</summary>
public static class IdSourceExtensions
{
    /// <summary>A control id (MSH-10) of 20 characters, 80 bits of a UUID: all that HL7 v2.5.1 leaves room for.</summary>
    public static string NewControlId(this IIdSource ids) =>
        ids.NewUuid().Replace("-", "", StringComparison.Ordinal)[..20];
}
