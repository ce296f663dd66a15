using System.Text.Json;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Hosting;

namespace Drimbox.Tests.Administration;

/// <summary>Where the nodes of a process keep what they keep.</summary>
public sealed class DatabaseConfigurationTests : IDisposable
{
    private const string Database = "\"ConnectionString\": \"Host=a;Database=b\"";

    private const string Bucket = "{ \"Name\": \"abc\", \"Service\": \"https://a\", \"KeyFile\": \"/etc/passwd\" }";

    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("\"Ris\": { \"Database\": { \"ConnectionString\": \"Database=b\" } }", "Ris:Database:ConnectionString: names no Host")]
    [InlineData(
        $"\"Archive\": {{ \"Database\": {{ {Database}, \"SharedFolder\": \"/\" }}, \"PatientUpdates\": {{ }} }}",
        "Archive:PatientUpdates:Database:SharedFolder: is for an archive whose Database has one too")]
    [InlineData(
        $"\"Archive\": {{ \"PatientUpdates\": {{ \"Database\": {{ {Database}, \"SharedFolder\": \"/\" }} }} }}",
        "Archive:PatientUpdates:Database:SharedFolder: is for an archive whose Database has one too")]
    [InlineData(
        $"\"Source\": {{ \"Database\": {{ {Database}, \"SharedFolder\": \"/no/such\" }} }}",
        "Source:Database:SharedFolder: no such folder")]
    [InlineData(
        $"\"Ris\": {{ \"Database\": {{ {Database}, \"SharedFolder\": \"/no/such\" }} }}",
        "Ris:Database:SharedFolder: no such folder")]
    [InlineData(
        $"\"Ris\": {{ \"Database\": {{ {Database}, \"Bucket\": {{ \"Name\": \"A B\", \"Service\": \"https://a\", \"KeyFile\": \"/etc/passwd\" }} }} }}",
        "Ris:Database:Bucket:Name: must be the name of a bucket")]
    [InlineData(
        $"\"Ris\": {{ \"Database\": {{ {Database}, \"Bucket\": {{ \"Name\": \"abc\", \"Service\": \"http://a.example\", \"KeyFile\": \"/no\" }} }} }}",
        "Ris:Database:Bucket:Service: must be an https URL")]
    [InlineData(
        $"\"Ris\": {{ \"Database\": {{ {Database}, \"SharedFolder\": \"/\", \"Bucket\": {Bucket} }} }}",
        "Ris:Database:Bucket: is configured, and so is SharedFolder")]
    [InlineData(
        $"\"Archive\": {{ \"Database\": {{ {Database}, \"Bucket\": {Bucket} }} }}", "Archive:Database:Bucket: images are files")]
    [InlineData("\"Source\": { \"Database\": { } }", "Source:Database:ConnectionString: ")]
    [InlineData(
        $"\"Source\": {{ \"Database\": {{ {Database}, \"PasswordFile\": \"/nowhere\" }} }}", "Source:Database:PasswordFile: no such file")]
    [InlineData($"\"Teleradiology\": {{ \"Database\": {{ {Database}, \"Schema\": \"pg_a\" }} }}", "Teleradiology:Database:Schema: must be")]
    [InlineData($"\"Archive\": {{ \"Database\": {{ {Database}, \"Schema\": \"a b\" }} }}", "Archive:Database:Schema: must be")]
    [InlineData(
        $"\"Archive\": {{ \"PatientUpdates\": {{ \"Database\": {{ {Database}, \"Schema\": \"\" }} }} }}",
        "Archive:PatientUpdates:Database:Schema: must be")]
    [InlineData($"\"Ris\": {{ \"Database\": {{ {Database}, \"Name\": \"x\" }} }}", "Ris.Database")]
    [InlineData(
        $"\"Ris\": {{ \"Node\": \"a\", \"Database\": {{ {Database}, \"Schema\": \"x\" }} }}, "
        + $"\"Source\": {{ \"Database\": {{ {Database}, \"Schema\": \"x\" }} }}",
        "Source:Database:Schema: is that of Ris:Database")]
    public void A_wrong_key_is_named(string section, string finding) =>
        Assert.Contains(Read(section).Findings, f => f.Contains(finding, StringComparison.Ordinal));

    [Fact]
    public void Each_store_has_a_schema_of_its_own()
    {
        var configuration = ConfigurationOf("""
            "Archive": { "Dicom": { "AeTitle": "A" }, "Database": { DB }, "PatientUpdates": { "Database": { DB } } },
            "Ris": { "Node": "ris-2", "Database": { DB } }, "Source": { "Database": { DB, "Schema": "drimbox" } },
            "Teleradiology": { }, "Administration": { "Database": { DB } }
            """);
        Assert.Equal(
            [
                ("Archive:Database", "archive_archive"), ("Archive:PatientUpdates:Database", "archive_messages"),
                ("Ris:Database", "ris-2_flow"), ("Source:Database", "drimbox"),
                ("Administration:Database", "drimbox_accounts"),
            ],
            GatewayProcess.DatabasesOf(configuration).Select(one => (one.Key, one.Database.Schema)));
        Assert.DoesNotContain(
            ConfigurationReader.Validate(configuration), f => f.Contains("Schema", StringComparison.Ordinal));
    }

    private static GatewayConfiguration ConfigurationOf(string sections) =>
        JsonSerializer.Deserialize<GatewayConfiguration>(
            $"{{ {sections.Replace("DB", Database, StringComparison.Ordinal)} }}")!;

    private (GatewayConfiguration? Configuration, IReadOnlyList<string> Findings) Read(string sections)
    {
        var file = Path.Combine(_folder.Path, "drimbox.json");
        File.WriteAllText(file, $$"""{ "DataFolder": "{{_folder.Path}}", {{sections}} }""");
        return (ConfigurationReader.TryRead(file, out var findings), findings);
    }
}
