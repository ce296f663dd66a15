using Drimbox.Gateway.Configuration;
using Drimbox.Tests.Commands;
using Drimbox.Tests.LifeCycle;

namespace Drimbox.Tests.Administration;

/// <summary>Variables of the environment stand over the file, and one that names nothing is an error.</summary>
public sealed class EnvironmentOverlayTests : IDisposable
{
    private readonly StoreFolder _folder = new();
    private readonly string _file;

    public EnvironmentOverlayTests() => _file = RunningArchive.WriteConfiguration(_folder.Path, 11112);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_variable_stands_over_the_file_in_the_type_of_its_key()
    {
        var configuration = Read(
            ("DRIMBOX__ARCHIVE__DICOM__PORT", "104"),
            ("DRIMBOX__Archive__Dicom__AeTitle", "104"),
            ("DRIMBOX__ARCHIVE__COMPLETENESS__QUIETTIME", "00:00:30"),
            ("DRIMBOX__ARCHIVE__COMMITMENT__ONSAMEASSOCIATION", "False"),
            ("DRIMBOX__LOGLEVEL", "Debug"),
            ("DRIMBOX__ARCHIVE__CALLERS__0", "FIRST"),
            ("DRIMBOX__ARCHIVE__CALLERS__1", """{ "AeTitle": "SECOND", "Networks": ["10.0.0.0/24"] }"""),
            ("DRIMBOX__ARCHIVE__DESTINATIONS__0__AETITLE", "THIRD"),
            ("DRIMBOX__ARCHIVE__DESTINATIONS__0__HOST", "10.0.0.7"));

        Assert.Equal(104, configuration.Archive!.Dicom.Port);
        Assert.Equal("104", configuration.Archive.Dicom.AeTitle);
        Assert.Equal(TimeSpan.FromSeconds(30), configuration.Archive.Completeness.QuietTime);
        Assert.False(configuration.Archive.Commitment.OnSameAssociation);
        Assert.Equal("Debug", configuration.LogLevel.ToString());
        Assert.Equal(["FIRST", "SECOND"], configuration.Archive.Callers.Select(c => c.AeTitle));
        Assert.Equal("10.0.0.7", Assert.Single(configuration.Archive.Destinations).Host);
    }

    [Theory]
    [InlineData("DRIMBOX__ARCHIVE__DICOM__PROT", "104", "DRIMBOX__ARCHIVE__DICOM__PROT: there is no key 'PROT'")]
    [InlineData("DRIMBOX__ARCHIVE__CALLERS__3", "A", "DRIMBOX__ARCHIVE__CALLERS__3: there is no item 2 before it")]
    [InlineData("DRIMBOX__ARCHIVE__CALLERS__A", "A", "DRIMBOX__ARCHIVE__CALLERS__A: 'A' is no number of an item")]
    [InlineData("DRIMBOX__ARCHIVE__DICOM__PORT", "65536", "Archive:Dicom:Port: ")]
    [InlineData("DRIMBOX__ARCHIVE__DICOM__PORT__X", "1", "DRIMBOX__ARCHIVE__DICOM__PORT__X: what is above it is a value")]
    public void A_variable_that_names_nothing_or_is_out_of_range_is_named(string name, string value, string expected)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { [name] = value };
        Assert.Null(ConfigurationReader.TryRead(_file, variables, out var findings));
        Assert.StartsWith(expected, Assert.Single(findings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_counts_is_shown_with_its_defaults_and_is_a_configuration_again()
    {
        var shown = await CommandRun.SucceedAsync("config", "show", _file);
        var again = Path.Combine(_folder.Path, "again.json");
        await File.WriteAllTextAsync(again, shown.Output, TestContext.Current.CancellationToken);

        Assert.Contains("\"QuietTime\": \"00:01:00\"", shown.Output, StringComparison.Ordinal);
        var once = await CommandRun.SucceedAsync("config", "show", again);
        Assert.Equal(shown.Output, once.Output);
    }

    private GatewayConfiguration Read(params (string Name, string Value)[] variables)
    {
        var read = ConfigurationReader.TryRead(
            _file, variables.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal), out var findings);
        Assert.Empty(findings);
        return read!;
    }
}
