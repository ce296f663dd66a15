using System.Net;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;

namespace Drimbox.Tests.Dmp;

/// <summary>What our client makes of responses written by hand from the ITI tables, given by a bare socket.</summary>
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
        var answer = await PublishAsync(_ => BareServer.Http(200, type, Encoding.UTF8.GetBytes(text)));

        Assert.IsType<XdsAnswer.SentUnknown>(answer);
    }

    [Fact]
    public async Task An_answer_to_another_request_is_ambiguous()
    {
        var answer = await PublishAsync(_ => BareServer.Http(
            200, SoapType, WireFile.Read("Responses/iti41-success.xml", ("MESSAGE-ID", "urn:uuid:other"))));

        Assert.IsType<XdsAnswer.SentUnknown>(answer);
    }

    [Fact]
    public async Task Entries_of_a_query_are_read_and_unreadable_ones_still_counted()
    {
        await using var dmp = await DmpFixture.StartAsync();
        await using var server = new BareServer(_ => BareServer.Http(
            200, SoapType, WireFile.Read("Responses/iti18-leafclass.xml")));
        var client = dmp.ClientWith(target: XdsTarget.Under(server.Address));

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
        await using var server = new BareServer(_ => BareServer.Http(
            200, Type, WireFile.Read("Responses/iti43-response.mime")));
        var client = dmp.ClientWith(target: XdsTarget.Under(server.Address));
        var id = InstanceIdentifier.Parse("1.2.250.1.999.1^HAND-1");

        var retrieved = await client.RetrieveDocumentSetAsync("1.2.3", [id], dmp.Requester, DmpFixture.Token);
        var unasked = await client.RetrieveDocumentSetAsync(
            "1.2.3", [InstanceIdentifier.Parse("1.2.250.1.999.1^OTHER")], dmp.Requester, DmpFixture.Token);

        Assert.Equal("<ClinicalDocument/>", Encoding.UTF8.GetString(Assert.Single(retrieved.Documents).Bytes.Span));
        Assert.IsType<XdsAnswer.SentUnknown>(unasked.Answer);
    }

    // ITI TF-2 3.57.4.2: the answer to ITI-57 is a RegistryResponse too; the DMP names it with "-Response".
    [Theory]
    [InlineData("iti57-success.xml", null)]
    [InlineData("iti57-failure.xml", "XDSMetadataUpdateError")]
    public async Task An_update_is_done_or_named(string file, string? code)
    {
        await using var dmp = await DmpFixture.StartAsync();
        await using var server = new BareServer(request => BareServer.Http(200, SoapType, Answer(file, request)));
        var client = dmp.ClientWith(target: XdsTarget.Under(server.Address));
        var target = new TargetEntry(
            "urn:uuid:00000000-0000-4000-8000-0000000000a2", "urn:uuid:00000000-0000-4000-8000-0000000000a1", 2,
            AvailabilityStatus.Approved);

        var answer = await client.UpdateDocumentSetAsync(
            new SealedSubmission(dmp.Submission(SubmissionKind.Archive, null), null), target, DmpFixture.Token);

        Assert.Equal(code is null, answer.IsSuccess);
        Assert.Equal(code is null ? [] : [code], DmpFixture.Codes(answer));
    }

    [Fact]
    public async Task Object_references_and_associations_are_read()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var file = "iti18-objectref.xml";
        await using var server = new BareServer(request => BareServer.Http(200, SoapType, Answer(file, request)));
        var client = dmp.ClientWith(target: XdsTarget.Under(server.Address));

        var references = await client.RegistryStoredQueryAsync(
            StoredQuery.FindSubmissionSets(DmpFixture.PatientId, QueryReturnType.ObjectRef), dmp.Requester,
            DmpFixture.Token);
        file = "iti18-associations.xml";
        var associations = await client.RegistryStoredQueryAsync(
            StoredQuery.GetAssociations(["urn:uuid:00000000-0000-4000-8000-0000000000a2"]), dmp.Requester,
            DmpFixture.Token);

        Assert.Equal(
            ["urn:uuid:00000000-0000-4000-8000-0000000000c1", "urn:uuid:00000000-0000-4000-8000-0000000000c2"],
            references.ObjectRefs);
        Assert.Equal(
            [
                (AssociationType.Append, "urn:uuid:00000000-0000-4000-8000-0000000000a3"),
                (AssociationType.Signs, "urn:uuid:00000000-0000-4000-8000-0000000000a4"),
            ],
            associations.Associations.Select(a => (a.Type, a.Source)));
    }

    // The message examples of the CNAM, TD0.2: what the DMP answers.
    [Theory]
    [InlineData("td02-open.xml", DmpExistence.Open, true)]
    [InlineData("td02-none.xml", DmpExistence.None, null)]
    [InlineData("td02-closed.xml", DmpExistence.Closed, false)]
    [InlineData("td02-another-patient.xml", null, null)]
    [InlineData("td02-refused.xml", null, null)]
    public async Task Whether_a_patient_has_a_DMP_is_read(string file, DmpExistence? existence, bool? isAuthorized)
    {
        await using var dmp = await DmpFixture.StartAsync();
        await using var server = new BareServer(request => BareServer.Http(200, SoapType, Answer(file, request)));
        var client = dmp.ClientWith(target: XdsTarget.Under(server.Address));

        var answer = await client.TestExistenceAsync(
            Uid.Parse("1.2.250.1.999.9"), "Drimbox", dmp.Requester, DmpFixture.Token);

        Assert.Equal((existence, isAuthorized), (answer.Existence, answer.IsAuthorized));
        Assert.Equal(
            existence is null ? "The answer is no PRPA_IN201308UV02 about this patient." : null,
            (answer.Failure as XdsAnswer.SentUnknown)?.Reason);
    }

    private static Task<XdsAnswer> PublishAsync(string file, string type, HttpStatusCode status = HttpStatusCode.OK) =>
        PublishAsync(request => BareServer.Http((int)status, type, Answer(file, request)));

    private static async Task<XdsAnswer> PublishAsync(Func<byte[], byte[]> answer)
    {
        await using var dmp = await DmpFixture.StartAsync();
        await using var server = new BareServer(answer);
        return await dmp.ClientWith(target: XdsTarget.Under(server.Address)).ProvideAndRegisterDocumentSetAsync(
            dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, dmp.Report())), dmp.Open, null, DmpFixture.Token);
    }

    /// <summary>The file; where it relates to a request, to the one that came.</summary>
    private static byte[] Answer(string file, byte[] request)
    {
        var text = Encoding.UTF8.GetString(request);
        var start = text.IndexOf("MessageID>", StringComparison.Ordinal) + "MessageID>".Length;
        var answer = Encoding.UTF8.GetString(WireFile.Read("Responses/" + file, []));
        return Encoding.UTF8.GetBytes(
            answer.Replace("{{MESSAGE-ID}}", text[start..text.IndexOf('<', start)], StringComparison.Ordinal));
    }
}
