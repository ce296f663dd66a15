using System.Xml.Linq;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators.Dmp;
using static Drimbox.Tests.Dmp.SpoiltRequest;

namespace Drimbox.Tests.Dmp;

/// <summary>A request that is good in itself and does not fit what the registry holds. Source: ITI TF-2 3.42.4.1.3 and
/// 3.57.4.1.3; codes of ITI TF-3 table 4.2.4.1-2 and of ITI TF-2 3.57.4.1.3 (XDSMetadata…Error).</summary>
public sealed class RegistryStateDefectTests
{
    private const string SomeUuid = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1";

    [Fact]
    public async Task A_submission_set_with_the_unique_id_of_another_one_or_of_a_document_is_refused()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var known = dmp.Submission(SubmissionKind.Publish, dmp.Report(uniqueId: InstanceIdentifier.Create("2.25.41", null)));
        Assert.True((await dmp.SendAsync(known, null)).IsSuccess);

        foreach (var uniqueId in new[] { known.SubmissionSetUniqueId, Uid.Parse("2.25.41") })
        {
            var again = dmp.Submission(SubmissionKind.Publish, dmp.Report(), uniqueId: uniqueId);
            var errors = await ProvideAsync(dmp, dmp.Signer.Seal(again), null, _ => { });

            // Of a repeat the signature document has the unique id of the first one: a consequence, named after it.
            Assert.Equal($"XDSDuplicateUniqueIdInRegistry | SubmissionSet.uniqueId {uniqueId}", errors[0]);
        }
    }

    [Theory]
    [InlineData("two", new[] { "XDSNonIdenticalHash" })]
    [InlineData("three", new[] { "XDSNonIdenticalHash", "XDSNonIdenticalSize" })]
    public async Task Other_bytes_under_a_known_unique_id_are_refused_for_what_differs(string text, string[] codes)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var known = dmp.Report("one");
        await dmp.PublishAsync(known);
        var other = dmp.Submission(SubmissionKind.Publish, dmp.Report(text, uniqueId: known.Entry.UniqueId));

        var errors = await ProvideAsync(dmp, dmp.Signer.Seal(other), null, _ => { });

        Assert.Equal(codes.Select(code => $"{code} | {known.Entry.UniqueId}"), errors);
    }

    [Theory]
    [InlineData(SubmissionKind.Replace, AvailabilityStatus.Deprecated, "XDSRegistryDeprecatedDocumentError")]
    [InlineData(SubmissionKind.Replace, AvailabilityStatus.Archived, "XDSRegistryDeprecatedDocumentError")]
    [InlineData(SubmissionKind.Replace, AvailabilityStatus.Deleted, "UnresolvedReferenceException")]
    [InlineData(SubmissionKind.Append, AvailabilityStatus.Deprecated, "XDSRegistryDeprecatedDocumentError")]
    [InlineData(SubmissionKind.Append, AvailabilityStatus.Deleted, "UnresolvedReferenceException")]
    public async Task Only_an_approved_document_is_replaced_or_appended_to(
        SubmissionKind kind, AvailabilityStatus status, string code)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var target = (await dmp.PublishAsync(dmp.Report("v1"))).AsTarget();
        var moved = status switch
        {
            AvailabilityStatus.Deprecated => dmp.Submission(SubmissionKind.Replace, dmp.Report("v2")),
            AvailabilityStatus.Archived => dmp.Submission(SubmissionKind.Archive, null),
            _ => dmp.Submission(SubmissionKind.Delete, null),
        };
        Assert.True((await dmp.SendAsync(moved, target)).IsSuccess);
        var late = dmp.Signer.Seal(dmp.Submission(kind, dmp.Report("late")));

        Assert.Equal([$"{code} | association4: targetObject"], await ProvideAsync(dmp, late, target, _ => { }));
    }

    [Fact]
    public async Task A_relation_joins_a_document_of_the_request_to_one_of_the_same_patient()
    {
        await using var dmp = await DmpFixture.StartAsync(o => o with { AcceptUnknownPatients = true });
        var known = await dmp.PublishAsync(dmp.Report());
        var stranger = InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "160012B01234567");
        var foreign = dmp.Report();
        foreign = foreign with { Entry = foreign.Entry with { PatientId = stranger } };

        Assert.Equal(
            ["XDSPatientIdDoesNotMatch | association4: targetObject"],
            await ProvideAsync(
                dmp, dmp.Signer.Seal(dmp.Submission(SubmissionKind.Replace, foreign, patientId: stranger)),
                known.AsTarget(), _ => { }));
        Assert.Equal(
            ["UnresolvedReferenceException | a9: sourceObject"],
            await ProvideAsync(
                dmp, dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, dmp.Report())), null,
                r => List(r).Add(NewAssociation(AssociationType.Replace, known.EntryUuid, known.EntryUuid))));
    }

    // ITI TF-3 4.2.2.2.1: "a transformation shall not be appended".
    [Fact]
    public async Task A_transformation_is_not_appended_to()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var original = await dmp.PublishAsync(dmp.Report());
        var document = dmp.Report("transformed");
        Assert.Empty(await ProvideAsync(
            dmp, dmp.Signer.Seal(dmp.Submission(SubmissionKind.Publish, document)), null,
            r => List(r).Add(NewAssociation(AssociationType.Transform, "Document01", original.EntryUuid))));
        var transformed = await dmp.EntryAsync(document.Entry.UniqueId);

        var errors = await ProvideAsync(
            dmp, dmp.Signer.Seal(dmp.Submission(SubmissionKind.Append, dmp.Report())), transformed.AsTarget(), _ => { });

        Assert.Equal(["XDSRegistryMetadataError | association4: a transformation is not appended to"], errors);
    }

    public static TheoryData<string, SubmissionKind, string> Updates => new()
    {
        { "another original status", SubmissionKind.Delete, "XDSMetadataUpdateError | association1: status is Approved" },
        { "unknown target", SubmissionKind.Delete, "UnresolvedReferenceException | association1: target" },
        { "no such transition", SubmissionKind.Delete, "XDSMetadataUpdateOperationError | association1: no such transition" },
        { "no status", SubmissionKind.Delete, "XDSRegistryMetadataError | association1: OriginalStatus or NewStatus" },
        { "not from the set", SubmissionKind.Delete, "XDSRegistryMetadataError | association1: sourceObject is not the SubmissionSet" },
        { "nothing", SubmissionKind.Delete, "XDSMetadataUpdateOperationError | Nothing to update" },
        { "older version", SubmissionKind.ChangeVisibility, "XDSMetadataVersionError | Document01: PreviousVersion" },
        { "unknown lid", SubmissionKind.ChangeVisibility, "UnresolvedReferenceException | Document01: target" },
        { "no lid", SubmissionKind.ChangeVisibility, "XDSMetadataUpdateError | Document01: initial versions belong to ITI-41" },
        { "another uniqueId", SubmissionKind.ChangeVisibility, "XDSMetadataUpdateOperationError | Document01: uniqueId may not change" },
        { "another hash", SubmissionKind.ChangeVisibility, "XDSMetadataUpdateOperationError | Document01: hash, size may not change" },
        { "another size", SubmissionKind.ChangeVisibility, "XDSMetadataUpdateOperationError | Document01: hash, size may not change" },
    };

    [Theory]
    [MemberData(nameof(Updates))]
    public async Task An_update_that_does_not_fit_is_refused(string defect, SubmissionKind kind, string error)
    {
        await using var dmp = await DmpFixture.StartAsync();
        var document = dmp.Report();
        var entry = await dmp.PublishAsync(document);
        Action<XElement> spoil = defect switch
        {
            "another original status" => r => Value(Association(r, "association1"), "OriginalStatus", XdsStatus.Archived),
            "unknown target" => r => Association(r, "association1").SetAttributeValue("targetObject", SomeUuid),
            "no such transition" => r => Value(Association(r, "association1"), "NewStatus", XdsStatus.Deprecated),
            "no status" => r => Slot(Association(r, "association1"), "NewStatus").Remove(),
            "not from the set" => r => Association(r, "association1").SetAttributeValue("sourceObject", entry.EntryUuid),
            "nothing" => r => Association(r, "association1").Remove(),
            "older version" => r => Value(Association(r, "association1"), "PreviousVersion", "7"),
            "unknown lid" => r => Entry(r).SetAttributeValue("lid", SomeUuid),
            "no lid" => r => Entry(r).SetAttributeValue("lid", null),
            "another uniqueId" => r => Id(Entry(r), IdentificationScheme.DocumentEntryUniqueId)
                .SetAttributeValue("value", "1.2.250.1.999.1^OTHER"),
            "another hash" => r => Value(Entry(r), "hash", new string('0', 40)),
            "another size" => r => Value(Entry(r), "size", "1"),
            _ => _ => { },
        };

        var errors = await UpdateAsync(
            dmp, dmp.Submission(kind, kind == SubmissionKind.ChangeVisibility ? document : null), entry.AsTarget(), spoil);

        Assert.Equal([error], errors);
        Assert.Equal(entry.EntryUuid, Assert.Single(await dmp.SeenByAsync(Audience.Patient)).EntryUuid);
        Assert.Single(dmp.Emulator.Submissions);
    }
}
