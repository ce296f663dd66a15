using Drimbox.Storage;

namespace Drimbox.Gateway.Hosting;

/// <summary>A store that a configuration names.</summary>
/// <param name="Key">Of the section that puts it into PostgreSQL.</param>
/// <param name="Folder">Where its file is, or would be.</param>
/// <param name="Name">Of its file without the extension: <c>archive</c> for an index, else of a flow.</param>
/// <param name="Postgres">Null: it is in the file.</param>
internal sealed record ConfiguredStore(string Key, string Folder, string Name, PostgresOptions? Postgres);
