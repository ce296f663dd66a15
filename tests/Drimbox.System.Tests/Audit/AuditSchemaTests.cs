using System.Net;
using Drimbox.Core.Reports;
using Drimbox.Dicom;
using Drimbox.Storage;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Audit;

/// <summary>Every message of a whole flow against the schema of the standard, by xmllint.</summary>
public sealed class AuditSchemaTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Requirement("DB.CS.06")]
    public async Task Every_message_is_as_the_schema_of_PS3_15_wants_it()
    {
        var xmllint = Peer.Require("xmllint");
        await using var access = await ImageAccessFixture.StartAsync();
        var source = access.Source;
        var series = source.Pacs.Instances[0].GetUid(Tag.SeriesInstanceUID);
        using (var given = await access.SendAsync(access.Request(SourceReports.Study, series)))
            await ImageAccessFixture.ReadAsync(given);
        using var stranger = access.ClientNamed("db2.example");
        using (var unlisted = await access.SendAsync(access.Request(SourceReports.Study, series), stranger))
            Assert.Equal(HttpStatusCode.Forbidden, unlisted.StatusCode);
        using (var anonymous = await access.SendAsync(access.Request(SourceReports.Study, series, token: null)))
            Assert.Equal(HttpStatusCode.Unauthorized, anonymous.StatusCode);
        await source.SendAsync(ReportAction.Delete, SourceReports.Report("A"));
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, 2);
        await source.RestartAsync();
        await source.Node.Audit.VerifyAsync(null, "auditor", Token);

        using var folder = new StoreFolder();
        var grammar = Path.Combine(folder.Path, "audit-message.rng");
        await File.WriteAllTextAsync(grammar, AuditGrammar.RelaxNg, Token);
        var files = new List<string>();
        var types = new HashSet<string>();
        await foreach (var row in source.Node.Audit.ReadAllAsync(Token))
        {
            types.Add($"{row.Record.Event} {row.Record.Type}");
            files.Add(Path.Combine(folder.Path, $"{row.Link.Id}.xml"));
            await File.WriteAllTextAsync(files[^1], row.Record.Message, Token);
        }

        await Dcmtk.SucceedAsync(xmllint, ["--noout", "--relaxng", grammar, .. files]);
        Assert.Equal(
            [
                "110100 110120", "110100 110121", "110101 ", "110102 ITI-43", "110104 ", "110106 ITI-41", "110106 ITI-43",
                "110106 ITI-57", "110107 RAD-128", "110112 ", "110112 ITI-18", "110113 110126", "110114 110122",
            ],
            types.Order(StringComparer.Ordinal));

        // The check can fail: the schema wants a name or a query of each object.
        var broken = (await File.ReadAllTextAsync(files.Find(f => f.EndsWith("/2.xml", StringComparison.Ordinal))!, Token))
            .Replace("ParticipantObjectName", "ObjectName", StringComparison.Ordinal);
        var file = Path.Combine(folder.Path, "broken.xml");
        await File.WriteAllTextAsync(file, broken, Token);
        Assert.NotEqual(0, (await Dcmtk.RunAsync(xmllint, "--noout", "--relaxng", grammar, file)).ExitCode);
    }
}
