using System.ComponentModel.DataAnnotations;
using Drimbox.Storage;

namespace Drimbox.Gateway.Configuration;

/// <summary>A PostgreSQL database, as the configuration file writes it.</summary>
internal sealed record DatabaseSection : IValidatableObject
{
    /// <summary>In the words of Npgsql, without the password:
    /// <c>Host=/run/postgresql;Database=drimbox;Username=drimbox</c>. Over a network the certificate of the server is
    /// verified unless <c>SSL Mode</c> says otherwise. No default.</summary>
    [Required]
    public string ConnectionString { get; init; } = "";

    /// <summary>A file whose first line is the password. Default: none; then PGPASSFILE and PGPASSWORD are looked
    /// at.</summary>
    public string? PasswordFile { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (PostgresOptions.Check(ConnectionString) is { } finding)
            yield return new ValidationResult(finding, [nameof(ConnectionString)]);
        if (PasswordFile is not null && !File.Exists(PasswordFile))
            yield return new ValidationResult("no such file", [nameof(PasswordFile)]);
    }

    /// <summary>A schema for each node.</summary>
    public PostgresOptions ToOptions(string node) => new()
    {
        ConnectionString = ConnectionString, PasswordFile = PasswordFile, Schema = node + "_archive",
    };
}
