using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators.Dmp;

namespace Drimbox.Tests.Dmp;

/// <summary>Our client and the emulated DMP, for every transaction.</summary>
public sealed class PublicationOnTheWireTests
{
    [Fact]
    [Requirement("DB/RIS.09")]
    public async Task A_published_document_comes_back_with_all_its_metadata_and_bytes()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var document = dmp.Report();

        var entry = await dmp.PublishAsync(document);

        Assert.StartsWith("urn:uuid:", entry.EntryUuid, StringComparison.Ordinal);
        Assert.Equal(entry.EntryUuid, entry.LogicalId);
        Assert.Equal(AvailabilityStatus.Approved, entry.Status);
        Assert.Equivalent(document.Entry with { SymbolicId = entry.EntryUuid }, entry.Entry, strict: true);
        var retrieved = await dmp.Client.RetrieveDocumentSetAsync(
            entry.RepositoryUniqueId!, [document.Entry.UniqueId], dmp.Requester, DmpFixture.Token);
        Assert.True(retrieved.Answer.IsSuccess);
        var only = Assert.Single(retrieved.Documents);
        Assert.Equal("text/xml", only.MimeType);
        using var original = dmp.Open(document.Object);
        var expected = new byte[document.Object.Length];
        await original.ReadExactlyAsync(expected, DmpFixture.Token);
        Assert.Equal(expected, only.Bytes.ToArray());
    }

    [Fact]
    public async Task The_submission_set_and_its_signature_are_registered_with_the_document()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var submission = dmp.Submission(SubmissionKind.Publish, dmp.Report());

        await dmp.SendAsync(submission, null);

        var sets = await dmp.Client.RegistryStoredQueryAsync(
            StoredQuery.FindSubmissionSets(DmpFixture.PatientId), dmp.Requester, DmpFixture.Token);
        var set = Assert.Single(sets.SubmissionSets);
        Assert.Equal(submission.SubmissionSetUniqueId, set.UniqueId);
        Assert.Equal("20260105084500", set.SubmissionTime);
        Assert.Equivalent(submission.Author, set.Author);
        var all = await dmp.SeenByAsync(Audience.Registry);
        var signature = Assert.Single(all, d => d.ClassCode == SignatureEntry.ClassCodeValue);
        Assert.Equal(["N", "MASQUE_PS", "INVISIBLE_PATIENT"], signature.ConfidentialityCodes);
    }

    [Fact]
    public async Task A_replacement_deprecates_its_target_and_leaves_one_approved_document()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var first = await dmp.PublishAsync(dmp.Report("v1"));
        var second = dmp.Report("v2");

        var answer = await dmp.SendAsync(
            dmp.Submission(SubmissionKind.Replace, second, first.Entry.UniqueId), first.AsTarget());

        Assert.True(answer.IsSuccess);
        var registry = await dmp.RegistryAsync();
        Assert.Equal(
            [AvailabilityStatus.Deprecated, AvailabilityStatus.Approved], registry.Select(d => d.Status));
        Assert.Equal(first.EntryUuid, registry[1].Replaces);
        var seen = Assert.Single(await dmp.SeenByAsync(Audience.Patient));
        Assert.Equal(second.Entry.UniqueId, seen.UniqueId);
    }

    [Fact]
    public async Task A_replacement_of_a_deprecated_document_is_stale()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var first = await dmp.PublishAsync(dmp.Report("v1"));
        await dmp.SendAsync(dmp.Submission(SubmissionKind.Replace, dmp.Report("v2")), first.AsTarget());

        var late = await dmp.SendAsync(dmp.Submission(SubmissionKind.Replace, dmp.Report("v3")), first.AsTarget());

        Assert.Equal(["XDSRegistryDeprecatedDocumentError"], DmpFixture.Codes(late));
        Assert.Equal(DispatchOutcome.Stale, XdsOutcomes.Classify(late).Outcome);
        Assert.Equal(2, (await dmp.RegistryAsync()).Count);
    }

    [Fact]
    public async Task A_visibility_change_is_a_new_version_of_the_entry_and_no_new_document()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var document = dmp.Report();
        var entry = await dmp.PublishAsync(document);
        var hidden = document with { Entry = document.Entry with { Visibility = Visibility.InvisibleToPatient } };

        var answer = await dmp.SendAsync(
            dmp.Submission(SubmissionKind.ChangeVisibility, hidden, document.Entry.UniqueId), entry.AsTarget());

        Assert.True(answer.IsSuccess, answer.ToString());
        Assert.Empty(await dmp.SeenByAsync(Audience.Patient));
        Assert.Single(await dmp.SeenByAsync(Audience.Professional));
        var changed = await dmp.EntryAsync(document.Entry.UniqueId);
        Assert.Equal(2, changed.Version);
        Assert.Equal(entry.LogicalId, changed.LogicalId);
        Assert.NotEqual(entry.EntryUuid, changed.EntryUuid);
        Assert.Single(await dmp.RegistryAsync(), d => d.Status == AvailabilityStatus.Approved);

        // And back again, on top of version 2.
        var shown = await dmp.SendAsync(
            dmp.Submission(SubmissionKind.ChangeVisibility, document, document.Entry.UniqueId), changed.AsTarget());
        Assert.True(shown.IsSuccess, shown.ToString());
        Assert.Equal(3, Assert.Single(await dmp.SeenByAsync(Audience.Patient)).Version);
    }

    [Fact]
    public async Task A_visibility_change_on_an_old_version_is_stale()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var document = dmp.Report();
        var entry = await dmp.PublishAsync(document);
        var hidden = document with { Entry = document.Entry with { Visibility = Visibility.InvisibleToPatient } };
        await dmp.SendAsync(dmp.Submission(SubmissionKind.ChangeVisibility, hidden), entry.AsTarget());

        var late = await dmp.SendAsync(dmp.Submission(SubmissionKind.ChangeVisibility, document), entry.AsTarget());

        Assert.Equal(["XDSMetadataVersionError"], DmpFixture.Codes(late));
        Assert.Equal(DispatchOutcome.Stale, XdsOutcomes.Classify(late).Outcome);
    }

    [Fact]
    public async Task A_deleted_document_is_gone_for_every_query_and_stays_in_the_registry()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var entry = await dmp.PublishAsync(dmp.Report());

        var answer = await dmp.SendAsync(
            dmp.Submission(SubmissionKind.Delete, null, entry.Entry.UniqueId), entry.AsTarget());

        Assert.True(answer.IsSuccess, answer.ToString());
        var found = await dmp.Client.RegistryStoredQueryAsync(
            StoredQuery.GetDocuments([entry.Entry.UniqueId]), dmp.Requester, DmpFixture.Token);
        Assert.Empty(found.ObjectRefs);
        Assert.Empty(await dmp.SeenByAsync(Audience.Patient));
        Assert.Equal(AvailabilityStatus.Deleted, Assert.Single(await dmp.RegistryAsync()).Status);
        var retrieved = await dmp.Client.RetrieveDocumentSetAsync(
            entry.RepositoryUniqueId!, [entry.Entry.UniqueId], dmp.Requester, DmpFixture.Token);
        Assert.Equal(["XDSDocumentUniqueIdError"], DmpFixture.Codes(retrieved.Answer));
    }

    [Fact]
    public async Task A_second_deletion_says_that_the_target_moved()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var entry = await dmp.PublishAsync(dmp.Report());
        await dmp.SendAsync(dmp.Submission(SubmissionKind.Delete, null), entry.AsTarget());

        var again = await dmp.SendAsync(dmp.Submission(SubmissionKind.Delete, null), entry.AsTarget());

        Assert.Equal(["XDSMetadataUpdateError"], DmpFixture.Codes(again));
    }

    [Fact]
    public async Task The_same_submission_again_is_refused_and_changes_nothing()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var submission = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, dmp.Report()));
        Assert.True((await dmp.SendAsync(submission, null)).IsSuccess);

        var again = await dmp.SendAsync(submission, null);

        Assert.Equal(["XDSDuplicateUniqueIdInRegistry"], DmpFixture.Codes(again));
        Assert.Equal(DispatchOutcome.Ambiguous, XdsOutcomes.Classify(again).Outcome);
        Assert.Single(await dmp.RegistryAsync());
    }

    [Fact]
    public async Task The_same_replacement_again_names_the_repeat_before_the_moved_target()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var first = await dmp.PublishAsync(dmp.Report("v1"));
        var replacement = dmp.Signer.Seal(dmp.Submission(SubmissionKind.Replace, dmp.Report("v2")));
        await dmp.SendAsync(replacement, first.AsTarget());

        var again = await dmp.SendAsync(replacement, first.AsTarget());

        Assert.Equal(DispatchOutcome.Ambiguous, XdsOutcomes.Classify(again).Outcome);
    }

    [Fact]
    public async Task Other_bytes_under_a_known_unique_id_are_a_bug_of_ours()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var first = dmp.Report("one");
        await dmp.PublishAsync(first);

        var other = await dmp.SendAsync(
            dmp.Submission(SubmissionKind.Publish, dmp.Report("two", uniqueId: first.Entry.UniqueId)), null);

        Assert.Equal(["XDSNonIdenticalHash"], DmpFixture.Codes(other));
        Assert.True(XdsOutcomes.Classify(other).BugAlarm);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_same_bytes_in_another_submission_are_taken_or_refused_as_configured(bool refuse)
    {
        await using var dmp = await DmpFixture.StartAsync(o => o with { RefuseRepeatedDocuments = refuse });
        var document = dmp.Report();
        await dmp.PublishAsync(document);

        var again = await dmp.SendAsync(dmp.Submission(SubmissionKind.Publish, document), null);

        Assert.Equal(!refuse, again.IsSuccess);
    }

    [Fact]
    public async Task Queries_find_by_patient_type_status_and_reference()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var first = await dmp.PublishAsync(dmp.Report("v1"));
        await dmp.SendAsync(dmp.Submission(SubmissionKind.Replace, dmp.Report("v2")), first.AsTarget());

        async Task<int> CountAsync(StoredQuery query)
        {
            var found = await dmp.Client.RegistryStoredQueryAsync(query, dmp.Requester, DmpFixture.Token);
            Assert.True(found.Answer.IsSuccess, found.Answer.ToString());
            return found.ObjectRefs.Count;
        }

        var report = new Code("18748-4", "2.16.840.1.113883.6.1", "");
        var manifest = new Code("IMG-KOS", "1.2.250.1.213.1.1.4.12", "");
        AvailabilityStatus[] approved = [AvailabilityStatus.Approved];
        Assert.Equal(1, await CountAsync(
            StoredQuery.FindDocuments(DmpFixture.PatientId, approved, QueryReturnType.ObjectRef, report)));
        Assert.Equal(0, await CountAsync(
            StoredQuery.FindDocuments(DmpFixture.PatientId, approved, QueryReturnType.LeafClass, manifest)));
        Assert.Equal(1, await CountAsync(StoredQuery.FindDocuments(
            DmpFixture.PatientId, [AvailabilityStatus.Deprecated], QueryReturnType.ObjectRef, report)));
        Assert.Equal(1, await CountAsync(StoredQuery.GetDocumentsByEntryUuid([first.EntryUuid])));
        Assert.Equal(1, await CountAsync(StoredQuery.FindDocumentsByReferenceId(
            DmpFixture.PatientId, [first.Entry.ReferenceIds[1]], approved)));
        Assert.Equal(0, await CountAsync(StoredQuery.FindDocumentsByReferenceId(
            DmpFixture.PatientId,
            [new ReferenceId(ReferenceIdType.Order, InstanceIdentifier.Create("1.2.250.1.999.4", "OTHER"))],
            approved)));
    }

    [Fact]
    public async Task An_unknown_repository_and_an_unknown_document_are_named()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var entry = await dmp.PublishAsync(dmp.Report());
        var unknown = InstanceIdentifier.Create("1.2.3.4", null);

        var wrong = await dmp.Client.RetrieveDocumentSetAsync(
            "1.2.3", [entry.Entry.UniqueId], dmp.Requester, DmpFixture.Token);
        var partial = await dmp.Client.RetrieveDocumentSetAsync(
            entry.RepositoryUniqueId!, [entry.Entry.UniqueId, unknown], dmp.Requester, DmpFixture.Token);

        Assert.Equal(["XDSUnknownRepositoryId"], DmpFixture.Codes(wrong.Answer));
        Assert.Equal(["XDSDocumentUniqueIdError"], DmpFixture.Codes(partial.Answer));
        Assert.Equal(
            RegistryStatus.PartialSuccess, Assert.IsType<XdsAnswer.Answered>(partial.Answer).Response.Status);
        Assert.Single(partial.Documents);
    }

    [Fact]
    public async Task What_was_registered_is_there_after_a_restart()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var entry = await dmp.PublishAsync(dmp.Report());
        await dmp.Emulator.DisposeAsync();

        await using var restarted = await DmpEmulator.StartAsync(
            new DmpEmulatorOptions { DatabasePath = dmp.Database }, dmp.Ids, TimeProvider.System, DmpFixture.Token);

        var seen = await restarted.DocumentsAsync(DmpFixture.PatientId, Audience.Patient, DmpFixture.Token);
        Assert.Equal(entry.EntryUuid, Assert.Single(seen).EntryUuid);
    }

    [Fact]
    public async Task A_large_document_is_streamed_and_arrives_whole()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var bytes = new byte[20 * 1024 * 1024];
        new Random(20).NextBytes(bytes);
        "DICM"u8.CopyTo(bytes.AsSpan(128));
        var document = dmp.Document(bytes, Visibility.Normal, null, "application/dicom");

        var entry = await dmp.PublishAsync(document);

        Assert.Equal(document.Entry.Hash, entry.Entry.Hash);
        var retrieved = await dmp.Client.RetrieveDocumentSetAsync(
            entry.RepositoryUniqueId!, [document.Entry.UniqueId], dmp.Requester, DmpFixture.Token);
        Assert.True(retrieved.Documents[0].Bytes.Span.SequenceEqual(bytes));
    }
}
