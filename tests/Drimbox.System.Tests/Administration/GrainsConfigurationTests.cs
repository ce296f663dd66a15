using System.Text.Json;
using Drimbox.Gateway.Configuration;

namespace Drimbox.Tests.Administration;

/// <summary>Where the grains of a process run.</summary>
public sealed class GrainsConfigurationTests
{
    private const string Database = "\"Database\": { \"ConnectionString\": \"Host=a;Database=b\" }";

    [Theory]
    [InlineData("\"Host\": \"dapr\"", "Grains:Host: ")]
    [InlineData("\"ClusterId\": \"a b\"", "Grains:ClusterId: must be")]
    [InlineData("\"ServiceId\": \"a/b\"", "Grains:ServiceId: must be")]
    [InlineData("\"AdvertisedAddress\": \"silo-1\"", "Grains:AdvertisedAddress: must be an IP address")]
    [InlineData("\"SiloPort\": 0", "Grains:SiloPort: ")]
    [InlineData("\"GatewayPort\": 65536", "Grains:GatewayPort: ")]
    [InlineData("\"Host\": \"orleans\"", "Grains:Database: is required")]
    [InlineData("\"Database\": { \"ConnectionString\": \"Database=b\" }", "Grains:Database:ConnectionString: names no Host")]
    [InlineData($"\"Host\": \"orleans\", {Database}", "Ris:Database: is required with Grains:Host orleans")]
    public void A_wrong_key_is_named(string grains, string finding) =>
        Assert.Contains(FindingsOf($"{{ {grains} }}"), f => f.StartsWith(finding, StringComparison.Ordinal));

    /// <summary>The program of these tests is built without Orleans.</summary>
    [Fact]
    public void A_program_without_Orleans_says_so_and_what_to_do()
    {
        var finding = Assert.Single(
            FindingsOf($"{{ \"Host\": \"orleans\", {Database} }}"),
            f => f.StartsWith("Grains:Host: ", StringComparison.Ordinal));
        Assert.Contains("-p:WithOrleans=true", finding, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ }")]
    [InlineData("{ \"Host\": \"embedded\" }")]
    public void The_embedded_host_needs_nothing(string grains) =>
        Assert.DoesNotContain(
            FindingsOf(grains),
            f => f.StartsWith("Grains:", StringComparison.Ordinal) || f.Contains("orleans", StringComparison.Ordinal));

    private static IReadOnlyList<string> FindingsOf(string grains) => ConfigurationReader.Validate(
        JsonSerializer.Deserialize<GatewayConfiguration>(
            $$"""{ "DataFolder": "/tmp", "Ris": { }, "Grains": {{grains}} }""")!);
}
