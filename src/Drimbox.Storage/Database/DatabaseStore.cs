namespace Drimbox.Storage.Database;

/// <summary>The opened database of a store: held by this process, migrated, its name durable.</summary>
/// <param name="Writer">The connection of the one writer.</param>
/// <param name="OpenReader">Opens a connection that only reads.</param>
internal sealed record DatabaseStore(
    DatabaseConnection Writer, Func<DatabaseConnection> OpenReader, IDisposable Held)
{
    /// <summary>Makes an owner of a store; without an owner nothing stays open.</summary>
    public T OwnedBy<T>(Func<DatabaseStore, T> owner)
    {
        try
        {
            return owner(this);
        }
        catch
        {
            Writer.Dispose();
            Held.Dispose();
            throw;
        }
    }
}
