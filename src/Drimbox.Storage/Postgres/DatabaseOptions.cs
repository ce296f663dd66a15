using System.ComponentModel.DataAnnotations;

namespace Drimbox.Storage;

/// <summary>A PostgreSQL database, as the configuration file writes it.</summary>
public sealed record DatabaseOptions : IValidatableObject
{
    private const string SchemaForm =
        "must be 1 to 48 letters, digits, hyphens and underscores, and must not begin with pg_";

    /// <summary>In the words of Npgsql, without the password:
    /// <c>Host=/run/postgresql;Database=drimbox;Username=drimbox</c>. Over a network the certificate of the server is
    /// verified unless <c>SSL Mode</c> says otherwise. No default.</summary>
    [Required]
    public string ConnectionString { get; init; } = "";

    /// <summary>A file whose first line is the password. Default: none; then PGPASSFILE and PGPASSWORD are looked
    /// at.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The schema, made if it is absent: 1 to 48 letters, digits, hyphens and underscores, the first three not
    /// <c>pg_</c>. Default: the node and what it keeps there, <c>ris_flow</c>.</summary>
    [RegularExpression("(?!pg_)[A-Za-z0-9_-]{1,48}", ErrorMessage = SchemaForm), MinLength(1, ErrorMessage = SchemaForm)]
    public string? Schema { get; init; }

    /// <summary>A folder that all processes of the node have: then several of them may run over the schema
    /// (docs/operations/nodes.md). Long messages, documents and images lie in it in
    /// place of the node's folder. Default: none, the schema has one process.</summary>
    public string? SharedFolder { get; init; }

    /// <summary>A bucket in place of <see cref="SharedFolder"/>, for a RIS, a source and the accounts, whose objects are
    /// documents (docs/adr/0042). Default: none.</summary>
    public BucketOptions? Bucket { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (PostgresOptions.Check(ConnectionString) is { } finding)
            yield return new ValidationResult(finding, [nameof(ConnectionString)]);
        if (PasswordFile is not null && !File.Exists(PasswordFile))
            yield return new ValidationResult("no such file", [nameof(PasswordFile)]);
        // One that is not mounted must not be made anew below its mount point.
        if (SharedFolder is not null && !Directory.Exists(SharedFolder))
            yield return new ValidationResult("no such folder", [nameof(SharedFolder)]);
        if (SharedFolder is not null && Bucket is not null)
            yield return new ValidationResult("is configured, and so is SharedFolder: take one out", [nameof(Bucket)]);
    }

    /// <summary>For the index of an archive: <c>NODE_archive</c>.</summary>
    public PostgresOptions ToIndex(string node) => ToOptions(node + "_archive");

    /// <summary>For the accounts: <c>drimbox_accounts</c>.</summary>
    public PostgresOptions ToAccounts() => ToOptions("drimbox_accounts");

    /// <summary>For the flow of a node: <c>NODE_flow</c>.</summary>
    public PostgresOptions ToFlow(string node) => ToOptions(node + "_flow");

    /// <summary>For the messages that an archive takes: <c>NODE_messages</c>.</summary>
    public PostgresOptions ToMessages(string node) => ToOptions(node + "_messages");

    private PostgresOptions ToOptions(string schema) => new()
    {
        ConnectionString = ConnectionString, PasswordFile = PasswordFile, Schema = Schema ?? schema,
        IsShared = SharedFolder is not null || Bucket is not null,
    };
}
