using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml.Linq;
using Drimbox.Core.Identity;
using Drimbox.Emulators.Dmp;
using Drimbox.Grains.Hosting;
using Microsoft.AspNetCore.WebUtilities;

namespace Drimbox.Tests.Dmp;

/// <summary>The DMP emulator before clients of other makers: curl sends requests that were written by hand from ITI TF-2 and
/// TF-3 and the message examples of the CNAM, xmlsec1 signs their VIHF and a submission set, and the answers are read as
/// XML by the names of the tables. Nothing of ours is on this end.</summary>
public sealed class DmpByCurlTests : IAsyncLifetime
{
    private const string SoapType = "application/soap+xml; charset=utf-8";
    private const string PackageType = "Multipart/Related; boundary=MIMEBoundary_1; type=\"application/xop+xml\"; "
        + "start=\"<0.root@example.org>\"; start-info=\"application/soap+xml\"";

    private static readonly XNamespace Soap = "http://www.w3.org/2003/05/soap-envelope";
    private static readonly XNamespace Rim = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";
    private static readonly XNamespace Rs = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0";
    private static readonly XNamespace Xds = "urn:ihe:iti:xds-b:2007";
    private static readonly XNamespace Xop = "http://www.w3.org/2004/08/xop/include";
    private static readonly XNamespace Hl7 = "urn:hl7-org:v3";

    private static readonly Organization Hospital = new(
        InstanceIdentifier.Create(NationalAuthorities.Organizations, "1750712184"), "HOPITAL TEST", "FINEG");

    private static readonly InstanceIdentifier PatientId =
        InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989");

    private readonly StoreFolder _folder = new();
    private readonly SelfSignedCertificates _certificates = new(TimeProvider.System);
    private DmpEmulator _dmp = null!;
    private int _files;

    public async ValueTask InitializeAsync()
    {
        Peer.RequireGate();
        var signing = _certificates.Issue(Hospital).Signing;
        using var key = signing.GetRSAPrivateKey()!;
        await File.WriteAllTextAsync(PathOf("key.pem"), key.ExportRSAPrivateKeyPem(), Cancellation);
        _dmp = await StartAsync(requireSignature: false);
    }

    public async ValueTask DisposeAsync()
    {
        if (_dmp is not null) await _dmp.DisposeAsync();
        _certificates.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_document_is_registered_found_appended_to_replaced_retrieved_hidden_archived_and_deleted()
    {
        Assert.Equal(("OK", "active"), await ExistenceAsync());
        await DoneAsync("repository", "iti41-provide-and-register.mime");
        var report = Assert.Single(await FoundAsync("iti18-find-documents.xml"));
        Assert.StartsWith("urn:uuid:", report, StringComparison.Ordinal);
        Assert.Equal([report], await FoundAsync("iti18-get-documents.xml"));
        Assert.Equal([report], await FoundAsync("iti18-by-reference.xml"));
        Assert.Single(await FoundAsync("iti18-submission-sets.xml"));
        Assert.Equal(
            "<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><title>Compte rendu</title></ClinicalDocument>",
            await RetrieveAsync("iti43-retrieve.xml"));

        await DoneAsync("repository", "iti41-append.mime", ("ENTRY", report));
        Assert.Equal(2, (await FoundAsync("iti18-find-documents.xml")).Count);
        var associations = (await AskAsync("registry", "iti18-associations.xml", ("ENTRY", report)))
            .Descendants(Rim + "Association").Select(a => (string)a.Attribute("associationType")!);
        Assert.Equal(
            ["urn:ihe:iti:2007:AssociationType:APND", "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"],
            associations.Order(StringComparer.Ordinal));

        // ITI TF-2 3.42.4.1.3.5: the replaced document and its addendum are deprecated.
        await DoneAsync("repository", "iti41-replace.mime", ("ENTRY", report));
        var approved = Assert.Single(await FoundAsync("iti18-by-reference.xml"));
        Assert.NotEqual(report, approved);
        Assert.Equal(
            ["XDSRegistryDeprecatedDocumentError"],
            await RefusedAsync(
                "repository", "iti41-append.mime", [("HAND-2", "HAND-9"), ("000000002\"", "000000009\"")], ("ENTRY", report)));

        await DoneAsync("registry", "iti57-archive.xml", ("ENTRY", approved));
        Assert.Empty(await FoundAsync("iti18-by-reference.xml"));
        await DoneAsync("registry", "iti57-delete.xml", ("ENTRY", approved));
        Assert.Equal(
            "XDSDuplicateUniqueIdInRegistry",
            (await RefusedAsync("registry", "iti57-delete.xml", [], ("ENTRY", approved)))[0]);
    }

    [Fact]
    public async Task A_visibility_change_is_a_new_version_and_a_repeat_is_named()
    {
        await DoneAsync("repository", "iti41-provide-and-register.mime");
        var report = Assert.Single(await FoundAsync("iti18-find-documents.xml"));

        await DoneAsync("registry", "iti57-visibility.xml", ("ENTRY", report));

        var entries = (await AskAsync("registry", "iti18-find-documents.xml")).Descendants(Rim + "ExtrinsicObject").ToList();
        Assert.Equal(
            [("1", "Deprecated", report), ("2", "Approved", report)],
            entries.Select(e => (
                (string)e.Element(Rim + "VersionInfo")!.Attribute("versionName")!,
                ((string)e.Attribute("status")!).Split(':')[^1], (string)e.Attribute("lid")!)));
        Assert.Equal(
            ["XDSDuplicateUniqueIdInRegistry"], await RefusedAsync("repository", "iti41-provide-and-register.mime", []));

        // ITI TF-2 3.57.4.1.3.3.1.2: a change of a version that is not the newest.
        Assert.Equal(
            ["XDSMetadataVersionError"],
            await RefusedAsync(
                "registry", "iti57-visibility.xml", [("000000000000000057\"", "000000000000000058\"")], ("ENTRY", report)));
    }

    // One spoilt field a case; the codes are those of ITI TF-3 table 4.2.4.1-2.
    [Theory]
    [InlineData("iti41-provide-and-register.mime", "279035121518989^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH\"\n                identificationScheme=\"urn:uuid:58a6f841", "160012B01234567^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH\"\n                identificationScheme=\"urn:uuid:58a6f841", "XDSPatientIdDoesNotMatch")]
    [InlineData("iti41-provide-and-register.mime", "<Value>87</Value>", "<Value>88</Value>", "XDSRepositoryMetadataError")]
    [InlineData("iti41-provide-and-register.mime", "32f120b057754c049add5a90edb5298474ecfebf", "0000000000000000000000000000000000000000", "XDSRepositoryMetadataError")]
    [InlineData("iti41-provide-and-register.mime", "<title>Compte rendu</title>", "<title>Compte rendu</titl>", "XDSRepositoryMetadataError")]
    [InlineData("iti41-provide-and-register.mime", "id=\"TheReport\"><x", "id=\"Another\"><x", "XDSMissingDocument")]
    [InlineData("iti41-provide-and-register.mime", "<Value>20260105083000</Value>", "<Value>5 janvier 2026</Value>", "XDSRegistryMetadataError")]
    [InlineData("iti18-find-documents.xml", "14d4debf", "00000000", "XDSUnknownStoredQuery")]
    [InlineData("iti18-find-documents.xml", "$XDSDocumentEntryPatientId", "$XDSDocumentEntryPatient", "XDSStoredQueryMissingParam")]
    [InlineData("iti43-retrieve.xml", "1.2.250.1.213.4.1.1.1.2", "1.2.3", "XDSUnknownRepositoryId")]
    [InlineData("iti43-retrieve.xml", "HAND-1", "HAND-9", "XDSDocumentUniqueIdError")]
    public async Task A_spoilt_request_is_refused_with_its_code(string file, string from, string to, string code)
    {
        var service = file.StartsWith("iti18", StringComparison.Ordinal) ? "registry" : "repository";

        Assert.Equal(code, (await RefusedAsync(service, file, [(from, to)])).First());
    }

    [Fact]
    public async Task A_submission_set_signed_by_xmlsec1_is_taken_and_one_over_other_bytes_is_not()
    {
        await using var strict = await StartAsync(requireSignature: true);
        var template = PathOf("xades.xml");
        await File.WriteAllBytesAsync(template, WireFile.Read("Requests/xades-template.xml"), Cancellation);
        var document = PathOf("cda.xml");
        await File.WriteAllTextAsync(
            document, "<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><title>Compte rendu</title></ClinicalDocument>", Cancellation);
        var signed = PathOf("signed.xml");
        await RunAsync("xmlsec1",
        [
            "--sign", "--privkey-pem", PathOf("key.pem"),
            "--id-attr:Id", "http://www.w3.org/2000/09/xmldsig#:Manifest",
            "--id-attr:Id", "http://uri.etsi.org/01903/v1.1.1#:SignedProperties",
            "--url-map:urn:oid:2.25.41000000000000000004", document, "--url-map:urn:oid:1.2.250.1.999.1.44", document,
            "--output", signed, template,
        ]);
        var signature = await File.ReadAllTextAsync(signed, Cancellation);
        var spoilt = signature.Replace("2026-01-05T08:45:00Z", "2026-01-05T08:46:00Z", StringComparison.Ordinal);

        var refused = await SendAsync("repository", "iti41-signed.mime", strict, [], ("SIGNATURE", spoilt));
        var taken = await SendAsync("repository", "iti41-signed.mime", strict, [], ("SIGNATURE", signature));

        Assert.Equal(
            ["XDSRepositoryMetadataError"],
            refused.Descendants(Rs + "RegistryError").Select(e => (string)e.Attribute("errorCode")!));
        Assert.Empty(taken.Descendants(Rs + "RegistryError"));
        Assert.Equal(2, (await strict.DocumentsAsync(PatientId, Audience.Registry, Cancellation)).Count);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async Task<DmpEmulator> StartAsync(bool requireSignature)
    {
        var dmp = await DmpEmulator.StartAsync(
            new DmpEmulatorOptions
            {
                DatabasePath = PathOf($"dmp-{requireSignature}.db"),
                Structures = [new AllowedStructure(Hospital, _certificates.Issue(Hospital).Signing)],
                RequireSignature = requireSignature,
            },
            new RandomIdSource(), TimeProvider.System, Cancellation);
        await dmp.OpenPatientAsync(PatientId, Cancellation);
        return dmp;
    }

    private async Task<(string, string)> ExistenceAsync()
    {
        var answer = await AskAsync("patients", "td02-existence.xml");
        Assert.Equal(
            "question-1", (string?)answer.Descendants(Hl7 + "targetMessage").Elements(Hl7 + "id").Single().Attribute("extension"));
        return (
            (string)answer.Descendants(Hl7 + "queryResponseCode").Single().Attribute("code")!,
            (string)answer.Descendants(Hl7 + "patient").Elements(Hl7 + "statusCode").Single().Attribute("code")!);
    }

    private async Task DoneAsync(string service, string file, params (string, string)[] marks)
    {
        var answer = await AskAsync(service, file, marks);
        var response = Assert.Single(answer.Descendants(Rs + "RegistryResponse"));
        Assert.Equal("urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success", (string?)response.Attribute("status"));
    }

    /// <summary>The ids of the objects of a query.</summary>
    private async Task<List<string>> FoundAsync(string file) =>
        (await AskAsync("registry", file)).Descendants(Rim + "RegistryObjectList").Elements()
            .Select(element => (string)element.Attribute("id")!).ToList();

    private async Task<List<string>> RefusedAsync(
        string service, string file, (string From, string To)[] spoils, params (string, string)[] marks)
    {
        var answer = await SendAsync(service, file, _dmp, spoils, marks);
        return answer.Descendants(Rs + "RegistryError").Select(e => (string)e.Attribute("errorCode")!).ToList();
    }

    private async Task<XDocument> AskAsync(string service, string file, params (string, string)[] marks)
    {
        var answer = await SendAsync(service, file, _dmp, [], marks);
        Assert.Empty(answer.Descendants(Soap + "Fault"));
        Assert.Empty(answer.Descendants(Rs + "RegistryError"));
        return answer;
    }

    private async Task<string> RetrieveAsync(string file)
    {
        var (type, path) = await CurlAsync("repository", file, _dmp, [], []);
        Assert.StartsWith("multipart/related", type, StringComparison.OrdinalIgnoreCase);
        var parts = await PartsAsync(type, path);

        // XOP 1.0, 4.1: the Include names the part by its Content-ID, percent-encoded.
        var href = (string)XDocument.Parse(Encoding.UTF8.GetString(parts[0].Content))
            .Descendants(Xds + "Document").Single().Element(Xop + "Include")!.Attribute("href")!;
        return Encoding.UTF8.GetString(
            parts.Single(part => "cid:" + part.Id.Trim('<', '>') == Uri.UnescapeDataString(href)).Content);
    }

    private async Task<XDocument> SendAsync(
        string service, string file, DmpEmulator dmp, (string From, string To)[] spoils, params (string, string)[] marks)
    {
        var (type, path) = await CurlAsync(service, file, dmp, spoils, marks);
        var envelope = type.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase)
            ? (await PartsAsync(type, path))[0].Content
            : await File.ReadAllBytesAsync(path, Cancellation);
        return XDocument.Parse(Encoding.UTF8.GetString(envelope));
    }

    private async Task<(string Type, string Path)> CurlAsync(
        string service, string file, DmpEmulator dmp, (string From, string To)[] spoils, (string, string)[] marks)
    {
        var bytes = WireFile.Read("Requests/" + file, [("VIHF", await SignedVihfAsync()), .. marks]);
        var text = Encoding.UTF8.GetString(bytes);
        foreach (var (from, to) in spoils)
        {
            var wanted = file.EndsWith(".mime", StringComparison.Ordinal) ? from.ReplaceLineEndings("\r\n") : from;
            Assert.Contains(wanted, text, StringComparison.Ordinal);
            text = text.Replace(wanted, to.ReplaceLineEndings(wanted.Contains('\r') ? "\r\n" : "\n"), StringComparison.Ordinal);
        }

        var request = PathOf($"request-{++_files}");
        await File.WriteAllTextAsync(request, text, new UTF8Encoding(false), Cancellation);
        var answer = PathOf($"answer-{_files}");
        var type = file.EndsWith(".mime", StringComparison.Ordinal) ? PackageType : SoapType;
        var output = await RunAsync("curl",
        [
            "--silent", "--show-error", "--noproxy", "*", "--max-time", "20", "--header", "Content-Type: " + type,
            "--header", "Expect:", "--data-binary", "@" + request, "--output", answer, "--write-out", "%{http_code} %{content_type}",
            new Uri(dmp.BaseAddress, "/si-dmp-server/v2/services/" + service).ToString(),
        ]);
        Assert.StartsWith("200 ", output, StringComparison.Ordinal);
        return (output[4..], answer);
    }

    private async Task<string> SignedVihfAsync()
    {
        var (template, signed) = (PathOf($"vihf-{++_files}.xml"), PathOf($"vihf-{_files}-signed.xml"));
        var text = Encoding.UTF8.GetString(WireFile.Read("Requests/vihf-template.xml"))
            .Replace("{{ID}}", "_" + Guid.NewGuid(), StringComparison.Ordinal)
            .Replace("{{TIME}}", DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ"), StringComparison.Ordinal);
        await File.WriteAllTextAsync(template, text, Cancellation);
        await RunAsync("xmlsec1",
        [
            "--sign", "--privkey-pem", PathOf("key.pem"),
            "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion", "--output", signed, template,
        ]);
        var assertion = await File.ReadAllTextAsync(signed, Cancellation);
        return assertion[assertion.IndexOf("<Assertion", StringComparison.Ordinal)..].Trim();
    }

    private static async Task<List<(string Id, byte[] Content)>> PartsAsync(string type, string path)
    {
        var boundary = MediaTypeHeaderValue.Parse(type).Parameters
            .Single(p => p.Name == "boundary").Value!.Trim('"');
        await using var file = File.OpenRead(path);
        var reader = new MultipartReader(boundary, file);
        var parts = new List<(string, byte[])>();
        while (await reader.ReadNextSectionAsync(Cancellation) is { } section)
        {
            using var content = new MemoryStream();
            await section.Body.CopyToAsync(content, Cancellation);
            parts.Add((section.Headers!["Content-ID"].ToString(), content.ToArray()));
        }

        return parts;
    }

    private string PathOf(string name) => Path.Combine(_folder.Path, name);

    private static async Task<string> RunAsync(string program, string[] arguments)
    {
        var (exitCode, output, error) = await PeerProgram.RunAsync(Peer.Require(program), arguments, Cancellation);
        Assert.True(exitCode == 0, $"{program} {string.Join(' ', arguments)}: {error}");
        return output;
    }
}
