using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Drimbox.Core;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Conformance;
using Drimbox.Ris;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Dicom;

/// <summary><c>drimbox conformance</c>: the statements say what the nodes that run do.</summary>
public sealed partial class ConformanceCommandTests
{
    [Fact]
    public async Task What_the_nodes_accept_is_in_the_statement_and_nothing_else()
    {
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(all => all with
        {
            Ris = all.Ris! with
            {
                Dicom = new RisDicomOptions
                {
                    AeTitle = "RIS", Port = Emulators.LoopbackPorts.Take(), Callers = [new CallerSection { AeTitle = "MODALITY" }],
                },
            },
        });
        var (archive, ris) = (gateway.Configuration.Archive!.Dicom, gateway.Configuration.Ris!.Dicom!);
        var (platform, source) = (gateway.Configuration.Teleradiology!.Dicom, gateway.Configuration.Source!.Dicom);
        var run = await CommandRun.SucceedAsync("conformance", "dicom", "--config", gateway.ConfigurationFile, "--json");
        using var statement = JsonDocument.Parse(run.Output);
        foreach (var (title, port, caller) in ((string, int, string)[])
            [
                (archive.AeTitle, archive.Port, "MODALITY"), (ris.AeTitle, ris.Port, "MODALITY"),
                (platform.AeTitle, platform.Port, archive.AeTitle), (source.AeTitle, source.Port, archive.AeTitle),
            ])
        {
            var accepted = await EveryContext.AskAsync(port, caller, title);
            Assert.Equal(
                accepted.SelectMany(a => a.Value.Select(syntax => $"{a.Key} {syntax}")).Order(StringComparer.Ordinal),
                Declared(statement.RootElement, title).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void A_role_that_is_not_configured_has_no_section()
    {
        var nothing = new GatewayConfiguration { DataFolder = "/data" };
        // That nothing is written to media holds for whatever runs.
        Assert.Equal("5", Assert.Single(DicomStatement.Of(nothing).Sections).Number);
        Assert.Empty(IheStatement.Of(nothing).Sections);

        var ris = nothing with
        {
            Ris = new RisOptions
            {
                Hl7 = new Hl7NodeOptions { Application = "RIS", Facility = "SITE" },
                Dicom = new RisDicomOptions { AeTitle = "RIS", Callers = [new CallerSection { AeTitle = "CT" }] },
            },
        };
        var alone = DicomStatement.Of(ris).ToMarkdown();
        Assert.Contains("Modality Worklist Information Model - FIND", alone, StringComparison.Ordinal);
        Assert.DoesNotContain("Storage service", alone, StringComparison.Ordinal);
        Assert.DoesNotContain("Query/Retrieve", alone, StringComparison.Ordinal);
        Assert.DoesNotContain("C-STORE", alone, StringComparison.Ordinal);
        Assert.Equal("Ris", Assert.Single(IheStatement.Of(ris).Sections).Title);

        var archive = nothing with { Archive = new ArchiveSection { Dicom = new DicomNodeOptions { AeTitle = "PACS" } } };
        Assert.DoesNotContain("Worklist", DicomStatement.Of(archive).ToMarkdown(), StringComparison.Ordinal);
        // Nobody may call it: nothing is accepted.
        Assert.DoesNotContain("1.2.840.10008.5.1.4.1.1.2 ", DicomStatement.Of(archive).ToMarkdown(), StringComparison.Ordinal);
        Assert.Equal("Archive", Assert.Single(IheStatement.Of(archive).Sections).Title);
    }

    [Fact]
    public async Task The_statements_are_written_to_a_file_and_say_the_same_each_time()
    {
        using var folder = new StoreFolder();
        var configuration = Path.Combine(folder.Path, "drimbox.json");
        await File.WriteAllTextAsync(
            configuration,
            """{ "DataFolder": "/data", "Archive": { "Dicom": { "AeTitle": "PACS" }, "Callers": ["CT"], "Web": {} } }""",
            TestContext.Current.CancellationToken);
        foreach (var kind in (string[])["dicom", "ihe"])
        {
            var file = Path.Combine(folder.Path, kind + ".md");
            await CommandRun.SucceedAsync("conformance", kind, "-c", configuration, "-o", file);
            var written = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
            var again = await CommandRun.SucceedAsync("conformance", kind, "-c", configuration);
            Assert.Equal(written.TrimEnd('\n'), again.Output.TrimEnd('\n'));
            Assert.DoesNotContain("/data", written, StringComparison.Ordinal);
            Assert.Contains(kind == "dicom" ? "RetrieveStudyMetadata" : "RAD-129", written, StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(configuration, "{}", TestContext.Current.CancellationToken);
        Assert.Equal(2, (await CommandRun.OfAsync("conformance", "dicom", "-c", configuration)).ExitCode);
    }

    /// <summary>What a service answers stands in its source as a status by name.</summary>
    [Theory]
    [InlineData(
        nameof(DimseAnswers.Store), "", "Drimbox.Archive/InstanceSink.cs", "Drimbox.Archive/Ingest/Duplicates.cs",
        "Drimbox.Archive/LifeCycle/RefusingSink.cs", "Drimbox.Dicom/Scp/AssociationSession.Store.cs")]
    [InlineData(
        nameof(DimseAnswers.Find), "", "Drimbox.Archive/Find/ArchiveFind.cs", "Drimbox.Archive/Find/QueryKeys.cs",
        "Drimbox.Dicom/Scp/AssociationSession.Find.cs", "Drimbox.Dicom/Scp/ScpContracts.cs")]
    [InlineData(
        nameof(DimseAnswers.Worklist), "FF01", "Drimbox.Dicom/Worklist/WorklistScp.cs",
        "Drimbox.Dicom/Scp/AssociationSession.Find.cs", "Drimbox.Dicom/Scp/ScpContracts.cs",
        "Drimbox.Dicom/Scp/AssociationSession.Operations.cs")]
    [InlineData(
        // 0110 and 0111 are of sub-operations.
        nameof(DimseAnswers.Retrieve), "0110 0111", "Drimbox.Archive/ArchiveRetrieve.cs",
        "Drimbox.Dicom/Scp/AssociationSession.Retrieve.cs", "Drimbox.Dicom/Scp/AssociationSession.Move.cs",
        "Drimbox.Dicom/Scp/RetrieveProgress.cs")]
    [InlineData(
        // 0113 is of who is reported to.
        nameof(DimseAnswers.Commitment), "0113", "Drimbox.Dicom/Commitment/CommitmentRequest.cs",
        "Drimbox.Archive/Commitment/CommitmentScp.cs")]
    public void The_status_codes_are_those_that_the_code_answers(string service, string others, params string[] files)
    {
        var table = ((IReadOnlyList<DimseAnswer>)typeof(DimseAnswers).GetProperty(service)!.GetValue(null)!)
            .Select(answer => answer.Number).ToHashSet(StringComparer.Ordinal);
        var code = (from file in files
                    from Match match in StatusName().Matches(File.ReadAllText(Path.Combine(Root(), "src", file)))
                    let status = typeof(DimseStatus).GetField(match.Groups[1].Value, BindingFlags.Public | BindingFlags.Static)
                    where status is not null
                    select ((DimseStatus)status.GetValue(null)!).Code.ToString("X4", CultureInfo.InvariantCulture)).ToHashSet(StringComparer.Ordinal);
        code.ExceptWith(others.Split(' '));
        // The success of a commitment has no name there: NResponse.Success.
        if (service == nameof(DimseAnswers.Commitment)) code.Add("0000");
        var general = DimseAnswers.AnyOperation.Select(answer => answer.Number);
        Assert.Equal(table.Except(general).Order(), code.Except(general).Order());
    }

    // 1.1 has the storage classes with who receives them, 7.2.N.3 the rest, and the transfer syntaxes of all.
    private static IEnumerable<string> Declared(JsonElement statement, string title)
    {
        var storage = from row in Rows(Section(statement, s => NumberOf(s) == "1.1"))
                      where row[2].Split(", ").Contains(title)
                      select row[1];
        var entity = Section(statement, s => NumberOf(s).StartsWith("7.2.", StringComparison.Ordinal)
            && s.GetProperty("title").GetString()!.StartsWith(title + " (", StringComparison.Ordinal));
        return from row in Rows(Section(entity, s => NumberOf(s).EndsWith(".3", StringComparison.Ordinal)))
               from sopClass in row[1].Length > 0 ? row[1].Split(", ") : [.. storage]
               from Match syntax in UidInBrackets().Matches(row[2])
               select $"{sopClass} {syntax.Groups[1].Value}";
    }

    private static JsonElement Section(JsonElement statement, Func<JsonElement, bool> holds)
    {
        foreach (var section in statement.GetProperty("sections").EnumerateArray())
        {
            if (holds(section)) return section;
            if (Section(section, holds) is { ValueKind: not JsonValueKind.Undefined } inner) return inner;
        }

        return default;
    }

    private static string NumberOf(JsonElement section) => section.GetProperty("number").GetString()!;

    private static IEnumerable<List<string>> Rows(JsonElement section) =>
        from table in section.GetProperty("tables").EnumerateArray()
        from row in table.GetProperty("rows").EnumerateArray()
        select row.EnumerateArray().Select(cell => cell.GetString()!).ToList();

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Drimbox.sln"))) folder = folder.Parent;
        return folder.FullName;
    }

    [GeneratedRegex(@"DimseStatus\.(\w+)")]
    private static partial Regex StatusName();

    [GeneratedRegex(@"\((\d+(?:\.\d+)+)\)")]
    private static partial Regex UidInBrackets();
}
