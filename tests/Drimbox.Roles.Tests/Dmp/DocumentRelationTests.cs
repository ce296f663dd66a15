using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators.Dmp;
using static Drimbox.Tests.Dmp.SpoiltRequest;

namespace Drimbox.Tests.Dmp;

/// <summary>Several documents in a submission, what is appended to and signs what, and documents that are archived.</summary>
public sealed class DocumentRelationTests
{
    // ITI TF-3 4.2.2.2.1: the appended document stays Approved; 3.42.4.1.3.5: with it its addenda are deprecated.
    [Fact]
    public async Task An_addendum_stands_beside_its_document_and_goes_with_it()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var report = await dmp.PublishAsync(dmp.Report("report"));
        var addendum = dmp.Report("addendum");

        Assert.True((await dmp.SendAsync(
            dmp.Submission(SubmissionKind.Append, addendum, report.Entry.UniqueId), report.AsTarget())).IsSuccess);

        var seen = await dmp.SeenByAsync(Audience.Patient);
        Assert.Equal([null, report.EntryUuid], seen.Select(d => d.Appends));
        Assert.Equal([report.Entry.UniqueId, addendum.Entry.UniqueId], seen.Select(d => d.UniqueId));

        var corrected = dmp.Report("corrected");
        await dmp.SendAsync(dmp.Submission(SubmissionKind.Replace, corrected, report.Entry.UniqueId), report.AsTarget());
        Assert.Equal(corrected.Entry.UniqueId, Assert.Single(await dmp.SeenByAsync(Audience.Patient)).UniqueId);
        Assert.Equal(
            [AvailabilityStatus.Deprecated, AvailabilityStatus.Deprecated, AvailabilityStatus.Approved],
            (await dmp.RegistryAsync()).Select(d => d.Status));
    }

    [Fact]
    public async Task An_addendum_goes_with_its_document_whatever_versions_their_metadata_have()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var document = dmp.Report("report");
        var report = await dmp.PublishAsync(document);
        await dmp.SendAsync(dmp.Submission(SubmissionKind.Append, dmp.Report("addendum")), report.AsTarget());
        var hidden = document with { Entry = document.Entry with { Visibility = Visibility.InvisibleToPatient } };
        await dmp.SendAsync(dmp.Submission(SubmissionKind.ChangeVisibility, hidden), report.AsTarget());
        var second = await dmp.EntryAsync(document.Entry.UniqueId);
        Assert.Equal(2, second.Version);

        Assert.True((await dmp.SendAsync(
            dmp.Submission(SubmissionKind.Replace, dmp.Report("corrected")), second.AsTarget())).IsSuccess);

        Assert.Single(await dmp.SeenByAsync(Audience.Patient));
    }

    [Fact]
    public async Task A_document_and_its_addendum_may_come_in_one_submission()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var submission = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, dmp.Report()));

        Assert.Empty(await ProvideAsync(dmp, submission, null, r => List(r).Add(
            NewAssociation(AssociationType.Append, "Document01", SignatureEntry.SymbolicId))));
    }

    [Fact]
    public async Task Several_documents_go_in_one_submission_under_one_signature()
    {
        await using var dmp = await DmpFixture.StartAsync();
        SubmittedDocument Second(ReadOnlySpan<byte> bytes)
        {
            var document = dmp.Document(bytes.ToArray(), Visibility.Normal, null, "application/pdf");
            return document with { Entry = document.Entry with { SymbolicId = "Document02" } };
        }

        var (report, second) = (dmp.Report("report"), Second("%PDF-1.7 image"u8));
        var submission = dmp.Submission(SubmissionKind.Publish, report, attachments: [second]);

        Assert.True((await dmp.SendAsync(submission, null)).IsSuccess);

        var registry = await dmp.RegistryAsync();
        Assert.Equal([report.Entry.UniqueId, second.Entry.UniqueId], registry.Select(d => d.UniqueId));
        Assert.Single(registry.Select(d => d.SubmissionSetUniqueId).Distinct());
        var retrieved = await dmp.Client.RetrieveDocumentSetAsync(
            (await dmp.EntryAsync(report.Entry.UniqueId)).RepositoryUniqueId!,
            [second.Entry.UniqueId, report.Entry.UniqueId], dmp.Requester, DmpFixture.Token);
        Assert.Equal(["application/pdf", "text/xml"], retrieved.Documents.Select(d => d.MimeType));
        Assert.Equal("%PDF-1.7 image"u8.ToArray(), retrieved.Documents[0].Bytes.ToArray());

        // Both are in the manifest: with one of them left out the signature is refused.
        var alone = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, dmp.Report("third")));
        var both = dmp.Submission(
            SubmissionKind.Publish, alone.Submission.Document, uniqueId: alone.Submission.SubmissionSetUniqueId,
            attachments: [Second("%PDF-1.7 other"u8)]);
        Assert.Equal(
            ["XDSRepositoryMetadataError"],
            DmpFixture.Codes(await dmp.SendAsync(new SealedSubmission(both, alone.Signature), null)));
    }

    [Fact]
    public async Task Associations_are_found_by_the_documents_that_they_join()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var report = await dmp.PublishAsync(dmp.Report("report"));
        var addendum = dmp.Report("addendum");
        await dmp.SendAsync(dmp.Submission(SubmissionKind.Append, addendum), report.AsTarget());
        var added = await dmp.EntryAsync(addendum.Entry.UniqueId);
        var signature = (await dmp.SeenByAsync(Audience.Registry)).Last(d => d.ClassCode == SignatureEntry.ClassCodeValue);

        async Task<QueryAnswer> AssociationsAsync(QueryReturnType type, params string[] uuids)
        {
            var found = await dmp.Client.RegistryStoredQueryAsync(
                StoredQuery.GetAssociations(uuids, type), dmp.Requester, DmpFixture.Token);
            Assert.True(found.Answer.IsSuccess, found.Answer.ToString());
            return found;
        }

        var ofAddendum = await AssociationsAsync(QueryReturnType.LeafClass, added.EntryUuid);
        Assert.Equal(
            [(AssociationType.HasMember, false), (AssociationType.Append, true)],
            ofAddendum.Associations.Select(a => (a.Type, a.Source == added.EntryUuid && a.Target == report.EntryUuid)));
        var signs = Assert.Single(
            (await AssociationsAsync(QueryReturnType.LeafClass, signature.EntryUuid)).Associations,
            a => a.Type == AssociationType.Signs);
        var sets = await dmp.Client.RegistryStoredQueryAsync(
            StoredQuery.FindSubmissionSets(DmpFixture.PatientId), dmp.Requester, DmpFixture.Token);
        Assert.Equal((signature.EntryUuid, sets.SubmissionSets[^1].EntryUuid), (signs.Source, signs.Target));
        Assert.Equal(
            ofAddendum.ObjectRefs,
            (await AssociationsAsync(QueryReturnType.ObjectRef, added.EntryUuid)).ObjectRefs);
    }

    // TD3.3d.
    [Fact]
    public async Task An_archived_document_leaves_every_view_and_comes_back()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var entry = await dmp.PublishAsync(dmp.Report());

        Assert.True((await dmp.SendAsync(dmp.Submission(SubmissionKind.Archive, null), entry.AsTarget())).IsSuccess);

        Assert.Empty(await dmp.SeenByAsync(Audience.Patient));
        var archived = await dmp.EntryAsync(entry.Entry.UniqueId);
        Assert.Equal((AvailabilityStatus.Archived, entry.EntryUuid), (archived.Status, archived.EntryUuid));
        Assert.Equal(
            ["XDSMetadataUpdateError"],
            DmpFixture.Codes(await dmp.SendAsync(dmp.Submission(SubmissionKind.Archive, null), entry.AsTarget())));

        Assert.True((await dmp.SendAsync(dmp.Submission(SubmissionKind.Unarchive, null), archived.AsTarget())).IsSuccess);
        Assert.Equal(entry.EntryUuid, Assert.Single(await dmp.SeenByAsync(Audience.Patient)).EntryUuid);
    }

    [Theory]
    [InlineData(SubmissionKind.Append)]
    [InlineData(SubmissionKind.Archive)]
    [InlineData(SubmissionKind.Unarchive)]
    public async Task An_attempt_asks_first_whether_it_took_effect_already(SubmissionKind kind)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var report = await dmp.PublishAsync(dmp.Report());
        if (kind == SubmissionKind.Unarchive)
            await dmp.SendAsync(dmp.Submission(SubmissionKind.Archive, null), report.AsTarget());
        var submission = dmp.Signer.Seal(dmp.Submission(
            kind, kind == SubmissionKind.Append ? dmp.Report("addendum") : null, report.Entry.UniqueId));
        var attempt = new SubmissionAttempt(dmp.Client, dmp.Open);

        var first = await attempt.RunAsync(
            submission, null, mayStand: false, isLookedAt: false, () => { }, DmpFixture.Token);
        var sent = false;
        var again = await attempt.RunAsync(
            submission, first.Target, mayStand: true, isLookedAt: false, () => sent = true, DmpFixture.Token);

        Assert.Equal((DispatchOutcome.Done, DispatchOutcome.Done), (first.Outcome, again.Outcome));
        Assert.False(sent);
        Assert.Equal(report.EntryUuid, first.Target!.EntryUuid);
    }

    public static TheoryData<string> Queries => ["FindDocuments", "GetDocuments", "FindDocumentsByReferenceId", "FindSubmissionSets"];

    [Theory]
    [MemberData(nameof(Queries))]
    public async Task Each_query_gives_references_or_objects(string kind)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var entry = await dmp.PublishAsync(dmp.Report());
        AvailabilityStatus[] approved = [AvailabilityStatus.Approved];
        StoredQuery Query(QueryReturnType type) => kind switch
        {
            "FindDocuments" => StoredQuery.FindDocuments(DmpFixture.PatientId, approved, type, entry.Entry.TypeCode),
            "GetDocuments" => StoredQuery.GetDocuments([entry.Entry.UniqueId], type),
            "FindDocumentsByReferenceId" =>
                StoredQuery.FindDocumentsByReferenceId(DmpFixture.PatientId, [entry.Entry.ReferenceIds[0]], approved, type),
            _ => StoredQuery.FindSubmissionSets(DmpFixture.PatientId, type),
        };

        var references = await dmp.Client.RegistryStoredQueryAsync(Query(QueryReturnType.ObjectRef), dmp.Requester, DmpFixture.Token);
        var objects = await dmp.Client.RegistryStoredQueryAsync(Query(QueryReturnType.LeafClass), dmp.Requester, DmpFixture.Token);

        Assert.Single(references.ObjectRefs);
        Assert.Equal(references.ObjectRefs, objects.ObjectRefs);
        Assert.Empty(references.Entries);
        Assert.Empty(references.SubmissionSets);
        Assert.Equal(1, objects.Entries.Count + objects.SubmissionSets.Count);
        Assert.Equal(kind == "FindSubmissionSets", objects.Entries.Count == 0);
    }

    // ITI TF-3 table 4.2.4.1-2, note: XDSUnknownPatientId is not used in the response to ITI-18.
    [Fact]
    public async Task A_query_about_a_patient_without_an_open_DMP_finds_nothing()
    {
        await using var dmp = await DmpFixture.StartAsync();
        await dmp.PublishAsync(dmp.Report());
        await dmp.Emulator.ClosePatientAsync(DmpFixture.PatientId, DmpFixture.Token);
        var stranger = InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "160012B01234567");

        foreach (var patient in new[] { DmpFixture.PatientId, stranger })
        {
            var found = await dmp.Client.RegistryStoredQueryAsync(
                StoredQuery.FindDocuments(patient, [AvailabilityStatus.Approved]), dmp.Requester with { PatientId = patient },
                DmpFixture.Token);
            Assert.True(found.Answer.IsSuccess);
            Assert.Empty(found.ObjectRefs);
        }
    }
}
