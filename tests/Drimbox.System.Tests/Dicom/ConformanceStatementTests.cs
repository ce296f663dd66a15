using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Gateway.Conformance;

namespace Drimbox.Tests.Dicom;

/// <summary>The tables of the conformance statement are what an archive answers, negotiated one presentation context
/// after the other, and what the code says of itself. <c>DRIMBOX_WRITE_DOCS=1</c> writes them.</summary>
public sealed class ConformanceStatementTests : IAsyncLifetime
{
    private readonly StoreFolder _folder = new();
    private ArchiveNode _archive = null!;

    public async ValueTask InitializeAsync()
    {
        _archive = await ArchiveUnderTest.StartAsync(_folder.Path);
    }

    public async ValueTask DisposeAsync()
    {
        await _archive.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_tables_are_what_is_negotiated()
    {
        var accepted = await EveryContext.AskAsync(_archive.Port, "TEST", "ARCHIVE");
        var storage = UidRegistry.StorageSopClasses(withRetired: true).ToDictionary(e => e.Uid);
        var images = accepted.Where(a => storage.ContainsKey(a.Key)).ToList();
        var syntaxes = images[0].Value;
        Assert.All(images, image => Assert.Equal(syntaxes, image.Value));

        var path = Path.Combine(Root(), "docs", "conformance", "dicom.md");
        var written = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        var generated = written;
        Put(ref generated, "services", Services(accepted.Where(a => !storage.ContainsKey(a.Key))));
        Put(ref generated, "storage", Table("SOP Class|UID", images.Select(i => storage[i.Key]).Select(e => $"{e.Name}|{e.Uid}")));
        Put(ref generated, "syntaxes", Table("Transfer Syntax|UID", syntaxes.Select(s => $"{NameOf(s)}|{s}")));
        Put(ref generated, "syntaxes-refused", Table(
            "Transfer Syntax|UID",
            TransferSyntax.All.Where(s => !syntaxes.Contains(s.Uid)).Select(s => $"{NameOf(s.Uid)}|{s.Uid}")));
        Assert.Equal(await IdentificationAsync(), AssociationPolicy.Identification.ToMarkdown());
        Put(ref generated, "identification", AssociationPolicy.Identification.ToMarkdown());
        Put(ref generated, "policy", AssociationPolicy.LimitsTable.ToMarkdown());
        Put(ref generated, "rejections", AssociationPolicy.Rejections.ToMarkdown());
        Put(ref generated, "character-sets", DicomStatement.CharacterSetList + "\n");
        Put(ref generated, "answers-any", Answers("Status", DimseAnswers.AnyOperation));
        Put(ref generated, "answers-store", Answers("Status", DimseAnswers.Store));
        Put(ref generated, "answers-find", Answers("Status", DimseAnswers.Find));
        Put(ref generated, "answers-retrieve", Answers("Status", DimseAnswers.Retrieve));
        Put(ref generated, "answers-commitment", Answers("Status of the N-ACTION", DimseAnswers.Commitment));
        Put(ref generated, "failures-commitment", Answers("Failure Reason (0008,1197)", DimseAnswers.CommitmentFailures));
        Put(ref generated, "tls", Table(
            "Profile|PS3.15|Cipher suites",
            TlsProfile.All.Select(p => $"`{p.Name}`|{p.Section}|{string.Join(", ", p.CipherSuites)}")));
        if (Environment.GetEnvironmentVariable("DRIMBOX_WRITE_DOCS") == "1")
            await File.WriteAllTextAsync(path, generated, TestContext.Current.CancellationToken);
        else
            Assert.Equal(generated, written);
    }

    private async Task<string> IdentificationAsync()
    {
        await using var association = await EveryContext.RequestAsync(
            _archive.Port, "TEST", "ARCHIVE", [new ProposedContext(SopClass.Verification, TransferSyntax.ImplicitVRLittleEndian.Uid)]);
        var user = association.Negotiated.User;
        await association.ReleaseAsync();
        return Table(
            "Item|Value",
            [
                $"Application Context Name|{ApplicationContextName.Dicom}",
                $"Implementation Class UID|{user.ImplementationClassUid}",
                $"Implementation Version Name|{user.ImplementationVersionName}",
                $"Maximum Length Received|{user.MaximumLength}",
                $"Operations invoked, if the peer asks for no limit|{user.AsyncOperations!.Invoked}",
                $"Operations performed|{user.AsyncOperations.Performed}",
            ]);
    }

    private static string Services(IEnumerable<KeyValuePair<Uid, List<Uid>>> accepted) => Table(
        "SOP Class|UID|Transfer Syntaxes",
        accepted.Select(a => $"{UidRegistry.NameOf(a.Key)}|{a.Key}|{string.Join(", ", a.Value.Select(NameOf))}"));

    private static string Answers(string what, IEnumerable<DimseAnswer> answers) =>
        Table($"{what}|When", answers.Select(answer => $"{answer.Number}|{answer.When}"));

    private static string NameOf(Uid syntax) => UidRegistry.NameOf(syntax).Split(':')[0];

    private static string Table(string head, IEnumerable<string> rows) =>
        new StatementTable("", head.Split('|'), [.. rows.Select(row => row.Split('|'))]).ToMarkdown();

    private static void Put(ref string document, string name, string text)
    {
        var begin = $"<!-- {name} -->\n";
        var from = document.IndexOf(begin, StringComparison.Ordinal);
        Assert.True(from >= 0, $"the document has no place for {name}");
        from += begin.Length;
        var to = document.IndexOf($"<!-- /{name} -->", from, StringComparison.Ordinal);
        Assert.True(to >= 0, $"the place for {name} has no end");
        document = document[..from] + text + document[to..];
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Drimbox.sln"))) folder = folder.Parent;
        return folder.FullName;
    }
}
