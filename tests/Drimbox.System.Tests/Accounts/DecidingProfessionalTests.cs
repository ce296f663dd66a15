using System.Net;
using System.Net.Http.Json;
using Drimbox.Core;
using Drimbox.Gateway.Configuration;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Accounts;

/// <summary>In whose name a professional decides about a publication: that of the account that calls.</summary>
public sealed class DecidingProfessionalTests : IAsyncDisposable
{
    private readonly StoreFolder _folder = new();
    private readonly GatewayUnderTest _gateway = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Requirement("FAQ/DMP.8")]
    [Requirement("SSI/GEN.16")]
    public async Task A_decision_names_the_holder_of_the_account_and_no_administrator_makes_one()
    {
        using var authority = new TestAuthority(_folder.Path);
        var port = Emulators.LoopbackPorts.Take();
        await _gateway.StartAsync(all => GatewayUnderTest.RisAlone(all) with
        {
            Administration = new AdministrationOptions { Https = HttpsOf(authority, port) },
        });
        var exam = new ExaminationCase();
        var ack = await MllpWire.SendAsync(_gateway.RisPort, exam.Mdm("t02", exam.Cda(1), 1), Cancellation);
        Assert.Equal("AA", ack!["MSA", 1]);
        await _gateway.CommandAsync(
            "account", "add", "hadam", "--family", "ADAM", "--given", "HODA", "--national-id", "801234567897", "--role",
            "Radiologist", "--certificate", "name:hoda.example");

        var (code, _, output) = await DecideByCommandAsync(exam);
        Assert.Equal(1, code);
        Assert.Contains("DecidePublications", output, StringComparison.Ordinal);

        using var hoda = Https.Client(new Uri($"https://127.0.0.1:{port}"), authority, "hoda.example");
        var path = $"/api/ris/reports/{Uri.EscapeDataString(exam.UniqueId(1))}";
        using var forAnother = await hoda.PostAsJsonAsync(
            path + "/publication", new { decision = "HideFromPatient", professionalId = "801234564895" }, Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, forAnother.StatusCode);
        using var own = await hoda.PostAsJsonAsync(
            path + "/publication", new { decision = "HideFromPatient" }, Cancellation);
        Assert.True(own.IsSuccessStatusCode, await own.Content.ReadAsStringAsync(Cancellation));

        var register = await _gateway.AskAsync("reports", "show", exam.UniqueId(1));
        var decision = Assert.Single(register.GetProperty("decisions").EnumerateArray());
        Assert.Equal("801234567897 ADAM HODA", decision.GetProperty("by").GetString());
        Assert.Equal("account:hadam", decision.GetProperty("actor").GetString());
        foreach (var secret in (string[])[exam.Ins, ExaminationCase.BirthName, exam.Document(1)])
        {
            Assert.DoesNotContain(
                _gateway.Child.Output.Split('\n').Where(l => l.Contains("[70", StringComparison.Ordinal)),
                line => line.Contains(secret, StringComparison.Ordinal));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        _folder.Dispose();
    }

    private Task<CommandRun> DecideByCommandAsync(ExaminationCase exam) => CommandRun.OfAsync(
        "reports", "publication", exam.UniqueId(1), "HideFromPatient", "--by", "801234567897", "--family", "ADAM",
        "--socket", _gateway.Socket);

    private static AdministrationHttpsSection HttpsOf(TestAuthority authority, int port)
    {
        var server = authority.Certify("server");
        return new AdministrationHttpsSection
        {
            Port = port,
            Tls = new DicomTlsOptions
            {
                Certificate = server.CertificateFile, Key = server.KeyFile, Authorities = authority.CertificateFile,
            },
        };
    }
}
