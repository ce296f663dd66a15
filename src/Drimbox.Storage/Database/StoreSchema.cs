namespace Drimbox.Storage.Database;

/// <summary>A kind of store.</summary>
/// <param name="What">In a message to the administrator: what is lost without it.</param>
/// <param name="Tables">A store with a row in none of them is as good as a new one. The first is in every store of the
/// kind and in none of another.</param>
/// <param name="IsDerived">It can be made again from the files beside it.</param>
internal sealed record StoreSchema(
    string What, IReadOnlyList<DatabaseMigration> Migrations, IReadOnlyList<string> Tables, bool IsDerived)
{
    /// <summary>The kind of a store by the name of its file.</summary>
    /// <param name="name"><c>archive</c> for an index, else of a flow.</param>
    public static StoreSchema Of(string name) => name == "archive" ? ArchiveSchema.Store : FlowSchema.Store;

    /// <summary>Tables that only some nodes have, beside the steps, with the statements that make them if they are
    /// absent.</summary>
    public IReadOnlyList<(string Table, string Schema)> Further { get; init; } = [];

    /// <summary>Its events are read in the order of their positions, by processes that others write beside.</summary>
    public bool HasPositions { get; init; }

    /// <summary>Each write locks all of the store where several processes have it: it waits longer than one that stands
    /// still may keep it.</summary>
    public bool IsLockedWhole { get; init; }

    /// <summary><c>table.column</c> of what is written by <see cref="SqlDialect.Indexable"/>.</summary>
    public IReadOnlySet<string> PeerKeys { get; init; } = new HashSet<string>();
}
