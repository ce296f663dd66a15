using System.Text;
using System.Xml.Linq;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Soap;
using Drimbox.Emulators.Dmp;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Tests.Dmp;

/// <summary>Requests written by hand from the ITI tables, posted to the emulator: both ends of the other tests are
/// ours, and must not hide an error that they share.</summary>
public sealed class HandWrittenRequestTests
{
    private const string SoapType = "application/soap+xml; charset=utf-8";
    private const string PackageType =
        "Multipart/Related; boundary=MIMEBoundary_1; type=\"application/xop+xml\"; "
        + "start=\"<0.root@example.org>\"; start-info=\"application/soap+xml\"";

    [Fact]
    public async Task A_document_is_registered_found_retrieved_hidden_archived_and_deleted()
    {
        await using var dmp = await DmpFixture.StartAsync(o => o with { RequireSignature = false });

        Assert.Empty(await ErrorsAsync(dmp, "repository", PackageType, "iti41-provide-and-register.mime"));
        var document = Assert.Single(await dmp.RegistryAsync());
        Assert.Equal(AvailabilityStatus.Approved, document.Status);
        Assert.Equal("1.2.250.1.999.1^HAND-1", document.UniqueId.ToString());
        Assert.Equal("CR d'imagerie médicale", document.Title);
        Assert.Equal(["N", "INVISIBLE_REPRESENTANTS_LEGAUX"], document.ConfidentialityCodes);
        Assert.Equal("32f120b057754c049add5a90edb5298474ecfebf", document.Hash);
        Assert.Empty(await dmp.SeenByAsync(Audience.Representative));

        var find = await PostAsync(dmp, "registry", "iti18-find-documents.xml");
        var leaf = Assert.Single(find.Body.Descendants(Rim + "ExtrinsicObject"));
        Assert.Equal(document.EntryUuid, (string?)leaf.Attribute("id"));
        Assert.Equal(XdsStatus.Approved, (string?)leaf.Attribute("status"));
        Assert.Equal("urn:uuid:566eaab0-2a4b-4b16-9d3c-3d0000000018", find.RelatesTo);
        Assert.Equal("urn:ihe:iti:2007:RegistryStoredQueryResponse", find.Action);

        var get = await PostAsync(dmp, "registry", "iti18-get-documents.xml");
        Assert.Equal(document.EntryUuid, (string?)Assert.Single(get.Body.Descendants(Rim + "ObjectRef")).Attribute("id"));

        var retrieve = await PostAsync(dmp, "repository", "iti43-retrieve.xml");
        var bytes = retrieve.TryResolve(retrieve.Body.Descendants(Xds + "Document").Single(), out _);
        Assert.Equal(
            "<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><title>Compte rendu</title></ClinicalDocument>",
            Encoding.UTF8.GetString(bytes!.Value.Span));

        var entry = ("ENTRY", document.EntryUuid);
        Assert.Empty(await ErrorsAsync(dmp, "registry", SoapType, "iti57-visibility.xml", entry));
        Assert.Empty(await dmp.SeenByAsync(Audience.Patient));
        var hidden = Assert.Single(await dmp.SeenByAsync(Audience.Professional));
        Assert.Equal((2, document.EntryUuid), (hidden.Version, hidden.LogicalId));

        entry = ("ENTRY", hidden.EntryUuid);
        Assert.Empty(await ErrorsAsync(dmp, "registry", SoapType, "iti57-archive.xml", entry));
        Assert.Empty(await dmp.SeenByAsync(Audience.Professional));
        Assert.Empty(await ErrorsAsync(dmp, "registry", SoapType, "iti57-delete.xml", entry));
        Assert.DoesNotContain(await dmp.RegistryAsync(), d => d.Status == AvailabilityStatus.Approved);
    }

    [Fact]
    public async Task The_same_request_twice_is_a_duplicate_submission()
    {
        await using var dmp = await DmpFixture.StartAsync(o => o with { RequireSignature = false });
        await ErrorsAsync(dmp, "repository", PackageType, "iti41-provide-and-register.mime");

        var errors = await ErrorsAsync(dmp, "repository", PackageType, "iti41-provide-and-register.mime");

        Assert.Equal(["XDSDuplicateUniqueIdInRegistry"], errors);
    }

    [Fact]
    public async Task Without_a_signature_document_the_submission_is_refused_where_one_is_wanted()
    {
        await using var dmp = await DmpFixture.StartAsync();

        var errors = await ErrorsAsync(dmp, "repository", PackageType, "iti41-provide-and-register.mime");

        Assert.Equal(["XDSRegistryMetadataError"], errors);
    }

    [Fact]
    public async Task A_query_without_a_required_parameter_names_the_rule()
    {
        await using var dmp = await DmpFixture.StartAsync();

        Assert.Equal(
            ["XDSStoredQueryMissingParam"], await ErrorsAsync(dmp, "registry", SoapType, "iti18-without-status.xml"));
    }

    [Theory]
    [InlineData("urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d", "urn:uuid:00000000-8f97-4251-9a74-a90016b0af0d", "XDSUnknownStoredQuery")]
    [InlineData("('urn:oasis", "(urn:oasis", "XDSRegistryError")]
    [InlineData("returnType=\"LeafClass\"", "returnType=\"Everything\"", "XDSRegistryError")]
    [InlineData("1.2.250.1.213.4.10&amp;ISO^NH'", "1.2.250.1.213.4.10&amp;ISO^NH','x'", "XDSStoredQueryParamNumber")]
    public async Task A_spoilt_query_is_refused(string from, string to, string code)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var request = Encoding.UTF8.GetString(WireFile.Read("Requests/iti18-find-documents.xml", ("VIHF", Assertion(dmp))));
        from = from.Replace("213.4.10", "213.1.4.10", StringComparison.Ordinal);
        Assert.Contains(from, request, StringComparison.Ordinal);
        request = request.Replace(from, to.Replace("213.4.10", "213.1.4.10", StringComparison.Ordinal), StringComparison.Ordinal);

        var (_, message) = await dmp.PostAsync("registry", SoapType, Encoding.UTF8.GetBytes(request));

        Assert.Equal([code], RegistryResponse.TryRead(message.Body)!.Errors.Select(e => e.Code));
    }

    [Theory]
    [InlineData("repository", "iti18-find-documents.xml")]
    [InlineData("registry", "iti43-retrieve.xml")]
    public async Task An_action_at_the_wrong_address_is_a_fault(string service, string file)
    {
        await using var dmp = await DmpFixture.StartAsync();

        var message = await PostAsync(dmp, service, file);

        Assert.Equal("ActionNotSupported", message.Fault!.Subcode);
    }

    private static string Assertion(DmpFixture dmp) => SignedAssertion.Sign(
        SignedAssertion.Unsigned("1750712184"), dmp.Certificates.Issue(DmpFixture.Hospital).Signing);

    private static async Task<SoapMessage> PostAsync(
        DmpFixture dmp, string service, string file, string type = SoapType, params (string, string)[] marks)
    {
        var body = WireFile.Read("Requests/" + file, [("VIHF", Assertion(dmp)), .. marks]);
        var (_, message) = await dmp.PostAsync(service, type, body);
        return message;
    }

    private static async Task<List<string>> ErrorsAsync(
        DmpFixture dmp, string service, string type, string file, params (string, string)[] marks)
    {
        var message = await PostAsync(dmp, service, file, type, marks);
        var response = RegistryResponse.TryRead(message.Body);
        Assert.True(response is not null, message.Body.ToString());
        Assert.Equal(response.Status == RegistryStatus.Success, response.Errors.Count == 0);
        return response.Errors.Select(error => error.Code).ToList();
    }
}
