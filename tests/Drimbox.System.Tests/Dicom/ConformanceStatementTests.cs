using System.Globalization;
using System.Reflection;
using System.Text;
using Drimbox.Archive;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom;

/// <summary>The tables of the conformance statement are what an archive answers, negotiated one presentation context
/// after the other, and what the code says of itself. <c>DRIMBOX_WRITE_DOCS=1</c> writes them.</summary>
public sealed class ConformanceStatementTests : IAsyncLifetime
{
    private static readonly string[] CharacterSets =
    [
        "ISO_IR 100", "ISO_IR 101", "ISO_IR 109", "ISO_IR 110", "ISO_IR 203", "ISO_IR 144", "ISO_IR 127", "ISO_IR 126",
        "ISO_IR 138", "ISO_IR 148", "ISO_IR 13", "ISO_IR 166", "ISO_IR 192", "GB18030", "GBK",
        "ISO 2022 IR 6", "ISO 2022 IR 100", "ISO 2022 IR 101", "ISO 2022 IR 109", "ISO 2022 IR 110", "ISO 2022 IR 203",
        "ISO 2022 IR 144", "ISO 2022 IR 127", "ISO 2022 IR 126", "ISO 2022 IR 138", "ISO 2022 IR 148", "ISO 2022 IR 13",
        "ISO 2022 IR 166", "ISO 2022 IR 87", "ISO 2022 IR 159", "ISO 2022 IR 149", "ISO 2022 IR 58",
    ];

    private static readonly (string Limit, string What)[] Policy =
    [
        (nameof(Limits.AssociationsMax), "associations at once; the next is refused 2/3/2 (default)"),
        (nameof(Limits.AssociationsPerPeerMax), "associations at once from one address; the next is refused 2/3/2 (default)"),
        (nameof(Limits.PduLengthOffered), "bytes, Maximum Length Received that is offered"),
        (nameof(Limits.PduLengthSendMax), "bytes, longest PDU that is sent, whatever a peer allows"),
        (nameof(Limits.AsyncOperationsMax), "operations that a peer may have outstanding; asked for by the peer"),
        (nameof(Limits.ArtimTimeout), "ARTIM timer (PS3.8 9.1.5)"),
        (nameof(Limits.AssociationIdleTimeout), "silence of a peer, then A-ABORT (default)"),
        (nameof(Limits.DimseResponseTimeout), "wait for a response, as the requestor (default)"),
        (nameof(Limits.ConnectTimeout), "wait for a connection, as the requestor (default)"),
        (nameof(Limits.FindResultsMax), "matches of a C-FIND, then A700"),
        (nameof(Limits.IdentifierBytesMax), "bytes of an identifier, then A700"),
        (nameof(Limits.SequenceDepthMax), "levels of nested sequences, then C000"),
    ];

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
        var accepted = await NegotiateAllAsync();
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
        Put(ref generated, "identification", await IdentificationAsync());
        Put(ref generated, "policy", Table("Limit|Meaning", Policy.Select(p => $"{ValueOf(p.Limit)}|{p.What}")));
        Put(ref generated, "character-sets", CharacterSetText());
        Put(ref generated, "tls", Table(
            "Profile|PS3.15|Cipher suites",
            TlsProfile.All.Select(p => $"`{p.Name}`|{p.Section}|{string.Join(", ", p.CipherSuites)}")));
        if (Environment.GetEnvironmentVariable("DRIMBOX_WRITE_DOCS") == "1")
            await File.WriteAllTextAsync(path, generated, TestContext.Current.CancellationToken);
        else
            Assert.Equal(generated, written);
    }

    // Every SOP class in every transfer syntax, each in a context of its own, so that nothing is chosen by us.
    private async Task<SortedDictionary<Uid, List<Uid>>> NegotiateAllAsync()
    {
        var classes = typeof(SopClass).GetProperties(BindingFlags.Public | BindingFlags.Static)
            .Select(p => (Uid)p.GetValue(null)!)
            .Concat(UidRegistry.StorageSopClasses(withRetired: true).Select(e => e.Uid)).Distinct();
        var contexts = from sopClass in classes
                       from syntax in TransferSyntax.All
                       select new ProposedContext(sopClass, syntax.Uid);
        var accepted = new SortedDictionary<Uid, List<Uid>>();
        foreach (var proposals in contexts.Chunk(Limits.PresentationContextsMax))
        {
            await using var association = await RequestAsync(proposals);
            foreach (var context in association.Contexts)
            {
                if (!accepted.TryGetValue(context.AbstractSyntax, out var syntaxes))
                    accepted[context.AbstractSyntax] = syntaxes = [];
                syntaxes.Add(context.TransferSyntax);
            }

            await association.ReleaseAsync();
        }

        return accepted;
    }

    private async Task<string> IdentificationAsync()
    {
        await using var association = await RequestAsync(
            [new ProposedContext(SopClass.Verification, TransferSyntax.ImplicitVRLittleEndian.Uid)]);
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

    private Task<Association> RequestAsync(IReadOnlyList<ProposedContext> contexts) =>
        Association.RequestAsync(
            new AssociationOptions
            {
                Host = "127.0.0.1",
                Port = _archive.Port,
                CallingAe = AeTitle.Parse("TEST"),
                CalledAe = AeTitle.Parse("ARCHIVE"),
                Contexts = contexts,
                Window = 0,
            },
            TestContext.Current.CancellationToken);

    private static string Services(IEnumerable<KeyValuePair<Uid, List<Uid>>> accepted) => Table(
        "SOP Class|UID|Transfer Syntaxes",
        accepted.Select(a => $"{UidRegistry.NameOf(a.Key)}|{a.Key}|{string.Join(", ", a.Value.Select(NameOf))}"));

    private static string CharacterSetText()
    {
        var known = CharacterSets.Where(term => CharacterSet.Parse([term]).IsKnown).Select(term => $"`{term}`");
        return string.Join(", ", known) + "\n";
    }

    private static string NameOf(Uid syntax) => UidRegistry.NameOf(syntax).Split(':')[0];

    private static string ValueOf(string limit) => typeof(Limits).GetField(limit)!.GetValue(null) switch
    {
        TimeSpan time => $"{time.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s",
        IFormattable number => number.ToString("N0", CultureInfo.InvariantCulture),
        var other => other!.ToString()!,
    };

    private static string Table(string head, IEnumerable<string> rows)
    {
        var table = new StringBuilder();
        foreach (var row in (string[])[head, string.Join('|', head.Split('|').Select(_ => "---")), .. rows])
            table.Append("| ").Append(row.Replace("|", " | ", StringComparison.Ordinal)).Append(" |\n");
        return table.ToString().Replace("| --- |", "|---|", StringComparison.Ordinal).Replace(" --- |", "---|", StringComparison.Ordinal);
    }

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
