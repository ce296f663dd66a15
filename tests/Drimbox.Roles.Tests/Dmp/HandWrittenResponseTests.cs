using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Xml.Linq;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;

namespace Drimbox.Tests.Dmp;

/// <summary>What our client makes of responses written by hand from the ITI tables.</summary>
public sealed class HandWrittenResponseTests
{
    private const string SoapType = "application/soap+xml; charset=utf-8";

    [Fact]
    public async Task A_success_with_a_warning_is_done()
    {
        var answer = await PublishAsync("iti41-success.xml", SoapType);

        Assert.True(answer.IsSuccess);
        Assert.Equal(DispatchOutcome.Done, XdsOutcomes.Classify(answer).Outcome);
        Assert.True(Assert.Single(Assert.IsType<XdsAnswer.Answered>(answer).Response.Errors).IsWarning);
    }

    [Fact]
    public async Task Of_several_errors_the_repeat_wins_over_the_moved_target()
    {
        var answer = await PublishAsync("iti41-failure.xml", SoapType);

        Assert.Equal(
            ["XDSRegistryDeprecatedDocumentError", "XDSDuplicateUniqueIdInRegistry"], DmpFixture.Codes(answer));
        Assert.Equal(DispatchOutcome.Ambiguous, XdsOutcomes.Classify(answer).Outcome);
    }

    [Fact]
    public async Task A_fault_is_told_by_its_subcode()
    {
        var answer = await PublishAsync("fault.xml", SoapType, HttpStatusCode.InternalServerError);

        var fault = Assert.IsType<XdsAnswer.Faulted>(answer);
        Assert.Equal(("Sender", "DMPInvalidCertificate"), (fault.Fault.Code, fault.Fault.Subcode));
        Assert.Equal(DispatchOutcome.Quarantine, XdsOutcomes.Classify(answer).Outcome);
    }

    [Theory]
    [InlineData("text/html", "<html>proxy</html>")]
    [InlineData("application/soap+xml", "<html/>")]
    [InlineData("application/soap+xml", "<not xml")]
    [InlineData("application/soap+xml", "")]
    public async Task A_200_that_is_no_answer_is_ambiguous(string type, string text)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var answer = await PublishAsync(dmp, new Canned(_ => (HttpStatusCode.OK, type, Encoding.UTF8.GetBytes(text))));

        Assert.IsType<XdsAnswer.SentUnknown>(answer);
    }

    [Fact]
    public async Task An_answer_to_another_request_is_ambiguous()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var answer = await PublishAsync(dmp, new Canned(_ => (
            HttpStatusCode.OK, SoapType, WireFile.Read("Responses/iti41-success.xml", ("MESSAGE-ID", "urn:uuid:other")))));

        Assert.IsType<XdsAnswer.SentUnknown>(answer);
    }

    [Fact]
    public async Task Entries_of_a_query_are_read_and_unreadable_ones_still_counted()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var client = Client(dmp, new Canned(_ => (
            HttpStatusCode.OK, SoapType, WireFile.Read("Responses/iti18-leafclass.xml"))));

        var found = await client.RegistryStoredQueryAsync(
            StoredQuery.GetDocuments([InstanceIdentifier.Parse("1.2.250.1.999.1^HAND-1")]), dmp.Requester,
            DmpFixture.Token);

        Assert.Equal(2, found.ObjectRefs.Count);
        var entry = Assert.Single(found.Entries);
        Assert.Equal(
            new TargetEntry(
                "urn:uuid:00000000-0000-4000-8000-0000000000a2", "urn:uuid:00000000-0000-4000-8000-0000000000a1", 2,
                AvailabilityStatus.Deprecated),
            entry.AsTarget());
        Assert.Equal(Visibility.InvisibleToLegalRepresentatives, entry.Entry.Visibility);
        Assert.Equal("CR d'imagerie médicale", entry.Entry.Title);
        Assert.Equal("DURAND", Assert.Single(entry.Entry.Authors).Person.FamilyName);
        Assert.Equal(
            [ReferenceIdType.Order, ReferenceIdType.StudyInstanceUid], entry.Entry.ReferenceIds.Select(r => r.Type));
    }

    [Fact]
    public async Task A_package_whose_root_comes_second_is_read()
    {
        await using var dmp = await DmpFixture.StartAsync();
        const string Type = "multipart/related; type=\"application/xop+xml\"; start=\"<root@repository.example>\"; "
            + "boundary=\"=_Part_7\"; start-info=\"application/soap+xml\"";
        var client = Client(dmp, new Canned(_ => (
            HttpStatusCode.OK, Type, WireFile.Read("Responses/iti43-response.mime"))));
        var id = InstanceIdentifier.Parse("1.2.250.1.999.1^HAND-1");

        var retrieved = await client.RetrieveDocumentSetAsync("1.2.3", [id], dmp.Requester, DmpFixture.Token);
        var unasked = await client.RetrieveDocumentSetAsync(
            "1.2.3", [InstanceIdentifier.Parse("1.2.250.1.999.1^OTHER")], dmp.Requester, DmpFixture.Token);

        Assert.Equal("<ClinicalDocument/>", Encoding.UTF8.GetString(Assert.Single(retrieved.Documents).Bytes.Span));
        Assert.IsType<XdsAnswer.SentUnknown>(unasked.Answer);
    }

    private static async Task<XdsAnswer> PublishAsync(
        string file, string type, HttpStatusCode status = HttpStatusCode.OK)
    {
        await using var dmp = await DmpFixture.StartAsync();
        return await PublishAsync(dmp, new Canned(request =>
        {
            var text = Encoding.UTF8.GetString(request);
            var start = text.IndexOf("MessageID>", StringComparison.Ordinal) + "MessageID>".Length;
            var id = text[start..text.IndexOf('<', start)];
            (string, string)[] marks = file == "iti41-success.xml" ? [("MESSAGE-ID", id)] : [];
            return (status, type, WireFile.Read("Responses/" + file, marks));
        }));
    }

    private static Task<XdsAnswer> PublishAsync(DmpFixture dmp, Canned canned) =>
        Client(dmp, canned).ProvideAndRegisterDocumentSetAsync(
            dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, dmp.Report())), dmp.Open, null, DmpFixture.Token);

    private static XdsClient Client(DmpFixture dmp, Canned canned) =>
        new(dmp.Emulator.Target, new HttpClient(canned), dmp.Vihf, dmp.Ids, TimeProvider.System);

    /// <summary>A peer that reads the whole request and gives one prepared answer.</summary>
    private sealed class Canned(Func<byte[], (HttpStatusCode Status, string Type, byte[] Body)> answer)
        : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var (status, type, body) = answer(await request.Content!.ReadAsByteArrayAsync(cancellationToken));
            var content = new ByteArrayContent(body);
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            return new HttpResponseMessage(status) { Content = content };
        }
    }
}
