using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Drimbox.Gateway.Hosting;
using Drimbox.Storage;
using Drimbox.Teleradiology.Templates;

namespace Drimbox.Gateway.Configuration;

/// <summary>Reads the configuration file: JSON with comments, strict about keys, every finding with its key.</summary>
internal static class ConfigurationReader
{
    private static readonly JsonSerializerOptions Json = new()
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        PropertyNameCaseInsensitive = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter() },
    };

    private static readonly JsonSerializerOptions Shown = new(Json)
    {
        WriteIndented = true, IgnoreReadOnlyProperties = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonDocumentOptions Written = new()
    {
        CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true,
    };

    /// <summary>The configuration of a file with the variables of the environment over it, or null with every
    /// finding.</summary>
    public static GatewayConfiguration? TryRead(string path, out IReadOnlyList<string> findings) =>
        TryRead(path, EnvironmentOverlay.Variables(), out findings);

    /// <inheritdoc cref="TryRead(string, out IReadOnlyList{string})"/>
    public static GatewayConfiguration? TryRead(
        string path, IReadOnlyDictionary<string, string> variables, out IReadOnlyList<string> findings)
    {
        if (!File.Exists(path))
        {
            findings = [$"{path}: no such file"];
            return null;
        }

        try
        {
            if (JsonNode.Parse(File.ReadAllText(path), null, Written) is not JsonObject root)
            {
                findings = [$"{path}: empty"];
                return null;
            }

            findings = EnvironmentOverlay.Apply(root, variables);
            if (findings.Count > 0) return null;
            var configuration = root.Deserialize<GatewayConfiguration>(Json)!;
            findings = Validate(configuration);
            return findings.Count == 0 ? configuration : null;
        }
        catch (JsonException e)
        {
            findings = [$"{e.Path ?? "$"}: {e.Message.Split(" Path:")[0]}"];
            return null;
        }
    }

    /// <summary>A configuration as JSON, each key with its value or its default. It holds no secret: those lie in files
    /// that it names.</summary>
    public static string Write(GatewayConfiguration configuration) => JsonSerializer.Serialize(configuration, Shown);

    public static IReadOnlyList<string> Validate(GatewayConfiguration configuration)
    {
        var findings = new List<string>();
        if (configuration.DataFolder.Length == 0) findings.Add("DataFolder: is required");
        var publishes = configuration.Ris is not null || configuration.Source is not null;
        if (configuration.Dmp is not null && !publishes)
            findings.Add("Dmp: only the roles Ris and Source publish; remove this section");
        if (configuration.Dmp is null && publishes)
            findings.Add("Dmp: is required by the roles Ris and Source");
        if (configuration is { Archive: null, Ris: null, Teleradiology: null, Source: null })
            findings.Add("$: no role is configured (Archive, Ris, Teleradiology, Source)");
        if (configuration.Administration.HttpPort is < 1 or > 65535)
            findings.Add("Administration:HttpPort: must be between 1 and 65535");
        Check("", configuration, findings);
        CheckTemplates(configuration.Teleradiology?.Desk.Templates, findings);
        CheckSchemas(configuration, findings);
        CheckSharing(configuration, findings);
        CheckBuckets(configuration, findings);
        CheckFlows(configuration, findings);
        return findings;
    }

    private static void CheckTemplates(string? folder, List<string> findings)
    {
        try
        {
            ReportTemplates.Load(folder);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            findings.Add($"Teleradiology:Desk:Templates: {e.Message}");
        }
    }

    // The lock of a schema would say so too, as if another process had it.
    private static void CheckSchemas(GatewayConfiguration configuration, List<string> findings)
    {
        var taken = new Dictionary<(string, string), string>();
        foreach (var (key, database) in GatewayProcess.DatabasesOf(configuration))
        {
            if (taken.TryAdd((database.ConnectionString, database.Schema), key)) continue;
            findings.Add($"{key}:Schema: is that of {taken[(database.ConnectionString, database.Schema)]}");
        }
    }

    // Each process of an archive answers messages by what all of them have answered (docs/adr/0040).
    private static void CheckSharing(GatewayConfiguration configuration, List<string> findings)
    {
        if (configuration.Archive is not { PatientUpdates: { } updates } archive) return;
        if (archive.Database?.SharedFolder is null == updates.Database?.SharedFolder is null) return;
        findings.Add(
            "Archive:PatientUpdates:Database:SharedFolder: is for an archive whose Database has one too, and must be there "
            + "then");
    }

    private static void CheckBuckets(GatewayConfiguration configuration, List<string> findings)
    {
        (string Key, DatabaseOptions? Database)[] ofImages =
        [
            ("Archive:Database", configuration.Archive?.Database),
            ("Archive:PatientUpdates:Database", configuration.Archive?.PatientUpdates?.Database),
            ("Teleradiology:Database", configuration.Teleradiology?.Database),
        ];
        foreach (var (key, database) in ofImages)
        {
            if (database?.Bucket is not null)
                findings.Add($"{key}:Bucket: images are files, and lie in a SharedFolder where several processes have them");
        }
    }

    // A turn that is taken by another process must find the same store.
    private static void CheckFlows(GatewayConfiguration configuration, List<string> findings)
    {
        if (configuration.Grains.Host != GrainsSection.Orleans) return;
        (string Role, bool IsInFile)[] roles =
        [
            ("Ris", configuration.Ris is { Database: null }), ("Source", configuration.Source is { Database: null }),
            ("Teleradiology", configuration.Teleradiology is { Database: null }),
        ];
        findings.AddRange(roles.Where(one => one.IsInFile).Select(
            one => $"{one.Role}:Database: is required with Grains:Host orleans, whose processes share the flow of a node"));
    }

    private static void Check(string key, object value, List<string> findings)
    {
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(value, new ValidationContext(value), results, validateAllProperties: true);
        foreach (var result in results)
        {
            var member = result.MemberNames.FirstOrDefault() ?? "";
            findings.Add($"{Join(key, member)}: {result.ErrorMessage}");
        }

        foreach (var property in value.GetType().GetProperties())
        {
            if (property.GetIndexParameters().Length > 0) continue;
            var inner = property.GetValue(value);
            if (inner is null or string or Uri || property.PropertyType.IsValueType) continue;
            var innerKey = Join(key, property.Name);
            if (inner is IEnumerable items)
            {
                var index = 0;
                foreach (var item in items)
                {
                    if (item is not (null or string)) Check($"{innerKey}:{index}", item, findings);
                    index++;
                }
            }
            else
            {
                Check(innerKey, inner, findings);
            }
        }
    }

    private static string Join(string key, string member) => key.Length == 0 ? member : $"{key}:{member}";
}
