using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators.Dmp;
using Drimbox.Emulators.Radiologist;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Ris.Reports;

/// <summary>A RIS that publishes to an emulated DMP, and the radiologist who sends it reports over MLLP.</summary>
internal sealed class RisWithDmp : IAsyncDisposable
{
    private readonly PublishingRis _ris;

    private RisWithDmp(PublishingRis ris) => _ris = ris;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static InstanceIdentifier Ins => Samples.Patient.Identity.Ins!.Value;

    public static async Task<RisWithDmp> StartAsync()
    {
        var ris = await PublishingRis.StartAsync(
            options => options with { Source = null, Creator = null }, dmp => dmp with { AcceptUnknownPatients = false });
        await ris.Dmp.OpenPatientAsync(Ins, Token);
        return new RisWithDmp(ris);
    }

    /// <summary>Stops in order, and starts again on the same stores.</summary>
    public Task RestartAsync() => _ris.RestartAsync();

    /// <summary>The examination number <paramref name="number"/> of the patient.</summary>
    public static ReportedExamination Examination(string number) => new(
        Samples.Patient.Identity, Samples.Structure,
        new Professional(
            InstanceIdentifier.Create(NationalAuthorities.Persons, "801234564895"), "ERIC", "THOMAS"),
        new ImagingOrder(
            Samples.Order(number), InstanceIdentifier.Create("1.2.250.1.925.1", $"ACN{number}")),
        Samples.Study(number), "1.2.250.1.999.7", $"R{number}-");

    public Task<IReadOnlyList<PlayedReport>> PlayAsync(
        ReportedExamination examination, RadiologistScript script, TimeProvider clock) =>
        new ScriptedRadiologist(
            examination,
            new MllpClientOptions { Host = "127.0.0.1", Port = _ris.Node.Hl7EndPoint.Port },
            new MessageEnvelope("TLR", "PF", "RIS", "SITE", clock.GetUtcNow(), examination.DocumentPrefix), clock)
            .PlayAsync(script, Token);

    /// <summary>Waits, submission by submission, until exactly these reports are Approved.</summary>
    public async Task ApprovedAreAsync(params InstanceIdentifier[] expected)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        while (true)
        {
            var seen = _ris.Dmp.Submissions.Count;
            var approved = await ApprovedAsync();
            if (expected.Order(ById).SequenceEqual(approved.Order(ById))) return;
            try
            {
                await _ris.Dmp.WhenCommittedAsync(_ => _ris.Dmp.Submissions.Count > seen, patience.Token);
            }
            catch (OperationCanceledException) when (!Token.IsCancellationRequested)
            {
                Assert.Fail($"Approved: {string.Join(", ", approved)}; expected {string.Join(", ", expected)}");
            }
        }
    }

    /// <summary>The reports in the registry, in every status.</summary>
    public async Task<IReadOnlyList<DmpDocument>> ReportsAsync() =>
        (await _ris.Dmp.DocumentsAsync(Ins, Audience.Registry, Token))
        .Where(d => d.ClassCode != SignatureEntry.ClassCodeValue).ToList();

    /// <summary>The register of the RIS: the documents of a report in the order in which they came.</summary>
    public async Task<IReadOnlyList<string>> RegisterAsync(InstanceIdentifier document)
    {
        var report = await _ris.Node.FindReportAsync(document, Token);
        return report is null
            ? []
            : (await _ris.Node.GetReportAsync(report.Value, Token)).Versions
                .Select(v => v.DocumentId.Extension!.Split('-')[1]).ToList();
    }

    public ValueTask DisposeAsync() => _ris.DisposeAsync();

    private static Comparer<InstanceIdentifier> ById { get; } = Comparer<InstanceIdentifier>.Create(
        (a, b) => string.CompareOrdinal(a.ToString(), b.ToString()));

    private async Task<List<InstanceIdentifier>> ApprovedAsync() => (await ReportsAsync())
        .Where(d => d.Status == AvailabilityStatus.Approved).Select(d => d.UniqueId).ToList();
}
