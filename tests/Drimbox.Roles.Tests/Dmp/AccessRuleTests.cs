using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Trust;
using Drimbox.Emulators.Dmp;

namespace Drimbox.Tests.Dmp;

/// <summary>Who may publish, delete and see.</summary>
public sealed class AccessRuleTests
{
    private static readonly Author PlatformDoctor = DmpFixture.Radiologist with { Institution = DmpFixture.Platform };

    [Fact]
    public async Task A_submission_under_the_platform_of_teleradiology_is_refused()
    {
        await using var dmp = await DmpFixture.StartAsync();

        var answer = await dmp.SendAsync(
            dmp.Submission(SubmissionKind.Publish, dmp.Report(), author: PlatformDoctor), null);

        Assert.Equal("FailedAuthentication", Assert.IsType<XdsAnswer.Faulted>(answer).Fault.Subcode);
        Assert.Equal(DispatchOutcome.Quarantine, XdsOutcomes.Classify(answer).Outcome);
        Assert.Empty(await dmp.RegistryAsync());
        Assert.Empty(dmp.Emulator.Submissions);
    }

    [Theory]
    [InlineData(SubmissionKind.Delete)]
    [InlineData(SubmissionKind.ChangeVisibility)]
    public async Task Only_the_structure_that_published_may_delete_or_change(SubmissionKind kind)
    {
        await using var dmp = await DmpFixture.StartAsync();
        dmp.Emulator.AllowStructure(new AllowedStructure(
            DmpFixture.Platform, dmp.Certificates.Issue(DmpFixture.Platform).Signing));
        var document = dmp.Report();
        var entry = await dmp.PublishAsync(document);

        var answer = await dmp.SendAsync(
            dmp.Submission(kind, kind == SubmissionKind.Delete ? null : document, author: PlatformDoctor),
            entry.AsTarget());

        Assert.Equal(["XDSMetadataUpdateOperationError"], DmpFixture.Codes(answer));
        Assert.Equal(entry.EntryUuid, Assert.Single(await dmp.SeenByAsync(Audience.Patient)).EntryUuid);
    }

    [Fact]
    public async Task An_unknown_patient_and_a_closed_DMP_are_refused()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var stranger = InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "160012B01234567");
        var report = dmp.Report();
        var foreign = report with { Entry = report.Entry with { PatientId = stranger } };

        var unknown = await dmp.SendAsync(
            dmp.Submission(SubmissionKind.Publish, foreign, patientId: stranger), null);
        await dmp.Emulator.ClosePatientAsync(DmpFixture.PatientId, DmpFixture.Token);
        var closed = await dmp.SendAsync(dmp.Submission(SubmissionKind.Publish, dmp.Report()), null);

        Assert.Equal(["XDSUnknownPatientId"], DmpFixture.Codes(unknown));
        Assert.Equal(["XDSUnknownPatientId"], DmpFixture.Codes(closed));
        Assert.Equal(DispatchOutcome.Quarantine, XdsOutcomes.Classify(closed).Outcome);
    }

    [Fact]
    public async Task A_query_for_another_patient_than_that_of_the_VIHF_is_refused()
    {
        await using var dmp = await DmpFixture.StartAsync(o => o with { AcceptUnknownPatients = true });
        var other = InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "160012B01234567");
        var entry = await dmp.PublishAsync(dmp.Report());
        var requester = dmp.Requester with { PatientId = other };

        var find = await dmp.Client.RegistryStoredQueryAsync(
            StoredQuery.FindDocuments(DmpFixture.PatientId, [AvailabilityStatus.Approved]), requester,
            DmpFixture.Token);
        var get = await dmp.Client.RegistryStoredQueryAsync(
            StoredQuery.GetDocuments([entry.Entry.UniqueId]), requester, DmpFixture.Token);

        Assert.Equal(["XDSPatientIdDoesNotMatch"], DmpFixture.Codes(find.Answer));
        Assert.Equal(["XDSPatientIdDoesNotMatch"], DmpFixture.Codes(get.Answer));
        Assert.Empty(get.ObjectRefs);
    }

    [Fact]
    public async Task Each_audience_sees_what_the_visibility_leaves_it()
    {
        await using var dmp = await DmpFixture.StartAsync();
        for (var flags = 0; flags < 8; flags++) await dmp.PublishAsync(dmp.Report($"v{flags}", (Visibility)flags));

        async Task<List<int>> SeenAsync(Audience audience)
        {
            var seen = await dmp.SeenByAsync(audience);
            return seen.Select(d => (int)ConfidentialityCodes.ToVisibility(
                d.ConfidentialityCodes.Select(code => new Code(code, ConfidentialityCodes.DmpSystem, "")))).ToList();
        }

        Assert.Equal(new List<int> { 0, 2, 4, 6 }, await SeenAsync(Audience.Professional));
        Assert.Equal(new List<int> { 0, 1, 4, 5 }, await SeenAsync(Audience.Patient));
        Assert.Equal(new List<int> { 0, 1, 2, 3 }, await SeenAsync(Audience.Representative));
    }

    [Fact]
    public async Task A_masked_document_is_found_by_its_own_structure_only()
    {
        await using var dmp = await DmpFixture.StartAsync();
        dmp.Emulator.AllowStructure(new AllowedStructure(
            DmpFixture.Platform, dmp.Certificates.Issue(DmpFixture.Platform).Signing));
        var entry = await dmp.PublishAsync(dmp.Report(visibility: Visibility.MaskedFromProfessionals));
        var query = StoredQuery.FindDocuments(DmpFixture.PatientId, [AvailabilityStatus.Approved]);
        var platform = new Requester(PlatformDoctor, DmpFixture.PatientId);

        var own = await dmp.Client.RegistryStoredQueryAsync(query, dmp.Requester, DmpFixture.Token);
        var other = await dmp.Client.RegistryStoredQueryAsync(query, platform, DmpFixture.Token);
        var bytes = await dmp.Client.RetrieveDocumentSetAsync(
            entry.RepositoryUniqueId!, [entry.Entry.UniqueId], platform, DmpFixture.Token);

        Assert.Contains(entry.EntryUuid, own.ObjectRefs);
        Assert.Empty(other.ObjectRefs);
        Assert.Equal(["XDSDocumentUniqueIdError"], DmpFixture.Codes(bytes.Answer));
    }

    [Fact]
    public async Task The_query_page_tells_what_the_patient_sees_and_what_was_submitted()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var entry = await dmp.PublishAsync(dmp.Report());
        var api = new Uri(dmp.Emulator.BaseAddress, "/api/");
        var patient = Uri.EscapeDataString("279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH");

        var documents = await dmp.Http.GetFromJsonAsync<JsonElement>(
            new Uri(api, $"documents?patient={patient}&audience=patient"), DmpFixture.Token);
        var registry = await dmp.Http.GetFromJsonAsync<JsonElement>(
            new Uri(api, "documents?audience=registry"), DmpFixture.Token);
        var submissions = await dmp.Http.GetFromJsonAsync<JsonElement>(
            new Uri(api, $"submissions?patient={patient}"), DmpFixture.Token);
        using var wrong = await dmp.Http.GetAsync(new Uri(api, "documents?audience=neighbour"), DmpFixture.Token);

        var seen = Assert.Single(documents.EnumerateArray());
        Assert.Equal(entry.EntryUuid, seen.GetProperty("entryUuid").GetString());
        Assert.Equal("Approved", seen.GetProperty("status").GetString());
        Assert.Equal("18748-4", seen.GetProperty("typeCode").GetString());
        Assert.Equal("1750712184", seen.GetProperty("authorInstitution").GetString());
        Assert.Equal(3, seen.GetProperty("referenceIds").GetArrayLength());
        Assert.Equal(2, registry.GetArrayLength());
        Assert.Equal(
            XdsAction.ProvideAndRegisterDocumentSet,
            Assert.Single(submissions.EnumerateArray()).GetProperty("action").GetString());
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    [Fact]
    public async Task Patients_are_opened_and_closed_over_the_query_page()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var api = new Uri(dmp.Emulator.BaseAddress, "/api/patients");
        using var closing = await dmp.Http.PostAsJsonAsync(
            api, new { id = "1.2.250.1.213.1.4.10^279035121518989", closed = true }, DmpFixture.Token);

        var closed = await dmp.SendAsync(dmp.Submission(SubmissionKind.Publish, dmp.Report()), null);

        Assert.Equal(HttpStatusCode.NoContent, closing.StatusCode);
        Assert.Equal(["XDSUnknownPatientId"], DmpFixture.Codes(closed));
    }
}
