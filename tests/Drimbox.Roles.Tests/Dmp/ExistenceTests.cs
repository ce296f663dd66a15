using System.Net;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Trust;
using Drimbox.Emulators.Dmp;

namespace Drimbox.Tests.Dmp;

/// <summary>TD0.2, and the page that shows what somebody sees.</summary>
public sealed class ExistenceTests
{
    private static readonly Uid Sender = Uid.Parse("1.2.250.1.999.9");

    [Fact]
    public async Task The_DMP_says_whether_a_patient_has_one()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var stranger = InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "160012B01234567");

        var open = await AskAsync(dmp, DmpFixture.PatientId);
        var none = await AskAsync(dmp, stranger);
        await dmp.Emulator.ClosePatientAsync(DmpFixture.PatientId, DmpFixture.Token);
        var closed = await AskAsync(dmp, DmpFixture.PatientId);

        Assert.Equal(new ExistenceAnswer(null, DmpExistence.Open, true), open);
        Assert.Equal(new ExistenceAnswer(null, DmpExistence.None, null), none);
        Assert.Equal(new ExistenceAnswer(null, DmpExistence.Closed, null), closed);
    }

    [Fact]
    public async Task A_structure_that_the_DMP_does_not_know_is_told_nothing()
    {
        await using var dmp = await DmpFixture.StartAsync();
        var platform = new Requester(
            DmpFixture.Radiologist with { Institution = DmpFixture.Platform }, DmpFixture.PatientId);

        var answer = await dmp.Client.TestExistenceAsync(Sender, "Drimbox", platform, DmpFixture.Token);

        Assert.Equal("FailedAuthentication", Assert.IsType<XdsAnswer.Faulted>(answer.Failure).Fault.Subcode);
        Assert.Null(answer.Existence);
    }

    [Fact]
    public async Task A_fault_of_the_DMP_is_a_failure_of_the_question()
    {
        await using var dmp = await DmpFixture.StartAsync();
        dmp.Emulator.Faults.Add(new FaultRule(FaultKind.ExpiredCertificate, ExistenceTest.Action));

        var answer = await AskAsync(dmp, DmpFixture.PatientId);

        Assert.Equal("DMPInvalidCertificate", Assert.IsType<XdsAnswer.Faulted>(answer.Failure).Fault.Subcode);
    }

    [Fact]
    public async Task The_page_shows_what_the_patient_sees_and_encodes_what_was_sent()
    {
        await using var dmp = await DmpFixture.StartAsync();
        await dmp.PublishAsync(dmp.Report(visibility: Visibility.InvisibleToPatient));
        var report = dmp.Report();
        await dmp.PublishAsync(report with { Entry = report.Entry with { Title = "<script>alert(1)</script>" } });

        var patient = await PageAsync(dmp, "?patient=1.2.250.1.213.1.4.10^279035121518989");
        var professional = await PageAsync(dmp, "?audience=professional");
        using var wrong = await dmp.Http.GetAsync(new Uri(dmp.Emulator.BaseAddress, "/?patient=nobody"), DmpFixture.Token);

        Assert.Contains("1 documents", patient, StringComparison.Ordinal);
        Assert.Contains(report.Entry.UniqueId.ToString(), patient, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", patient, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", patient, StringComparison.Ordinal);
        Assert.Contains("<option selected>Patient", patient, StringComparison.Ordinal);
        Assert.Contains("2 documents", professional, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    private static Task<ExistenceAnswer> AskAsync(DmpFixture dmp, InstanceIdentifier patientId) =>
        dmp.Client.TestExistenceAsync(Sender, "Drimbox", dmp.Requester with { PatientId = patientId }, DmpFixture.Token);

    private static Task<string> PageAsync(DmpFixture dmp, string query) =>
        dmp.Http.GetStringAsync(new Uri(dmp.Emulator.BaseAddress, "/" + query), DmpFixture.Token);
}
