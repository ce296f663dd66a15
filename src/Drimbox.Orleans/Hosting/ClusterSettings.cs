using System.Net;
using Drimbox.Storage;
using Npgsql;

namespace Drimbox.Orleans.Hosting;

/// <summary>The cluster that a process joins.</summary>
/// <param name="ClusterId">Silos of one name see one another.</param>
/// <param name="ServiceId">Stays the same when the cluster gets another name.</param>
/// <param name="Address">Where the other silos reach this one.</param>
/// <param name="GatewayPort">For clients of the cluster; 0: none. Nothing of Drimbox is one.</param>
/// <param name="Database">Of the membership tables; null: the silo is alone, in memory.</param>
public sealed record ClusterSettings(
    string ClusterId, string ServiceId, IPAddress Address, int SiloPort, int GatewayPort, DatabaseOptions? Database)
{
    /// <summary>The connection string of the membership tables, with the password of its file.</summary>
    internal string? ConnectionString
    {
        get
        {
            if (Database is null) return null;
            var builder = new NpgsqlConnectionStringBuilder(Database.ConnectionString)
            {
                ApplicationName = "drimbox silo",
                // The table is looked at now and then.
                MaxPoolSize = Core.Limits.SiloDatabaseSessionsMax,
            };
            if (Database.Schema is { } schema) builder.SearchPath = $"\"{schema}\"";
            if (Database.PasswordFile is { } file) builder.Password = File.ReadLines(file).FirstOrDefault() ?? "";
            return builder.ConnectionString;
        }
    }
}
