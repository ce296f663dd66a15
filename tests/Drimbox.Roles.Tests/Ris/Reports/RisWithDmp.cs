using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;
using Drimbox.Dmp.Trust;
using Drimbox.Emulators.Dmp;
using Drimbox.Emulators.Radiologist;
using Drimbox.Grains.Hosting;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Ris;
using Drimbox.Tests.Teleradiology;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Ris.Reports;

/// <summary>A RIS that publishes to an emulated DMP, and the radiologist who sends it reports over MLLP.</summary>
internal sealed class RisWithDmp : IAsyncDisposable
{
    // RSA keys are dear: all tests share one set.
    private static readonly SelfSignedCertificates Certificates = new(TimeProvider.System);

    private readonly StoreFolder _folder = new();
    private readonly DmpEmulator _dmp;
    private RisNode _node = null!;

    private RisWithDmp(DmpEmulator dmp) => _dmp = dmp;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static InstanceIdentifier Ins => Samples.Patient.Identity.Ins!.Value;

    public static async Task<RisWithDmp> StartAsync()
    {
        var keys = Certificates.Issue(Samples.Structure);
        var folder = new StoreFolder();
        var dmp = await DmpEmulator.StartAsync(
            new DmpEmulatorOptions
            {
                DatabasePath = Path.Combine(folder.Path, "dmp.db"),
                Structures = [new AllowedStructure(Samples.Structure, keys.Signing)],
            },
            new RandomIdSource(), TimeProvider.System, Token);
        await dmp.OpenPatientAsync(Ins, Token);
        var ris = new RisWithDmp(dmp) { DmpFolder = folder };
        await ris.StartNodeAsync();
        return ris;
    }

    private StoreFolder DmpFolder { get; init; } = null!;

    /// <summary>Stops in order, and starts again on the same stores.</summary>
    public async Task RestartAsync()
    {
        await _node.DisposeAsync();
        await StartNodeAsync();
    }

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
            new MllpClientOptions { Host = "127.0.0.1", Port = _node.Hl7EndPoint.Port },
            new MessageEnvelope("TLR", "PF", "RIS", "SITE", clock.GetUtcNow(), examination.DocumentPrefix), clock)
            .PlayAsync(script, Token);

    /// <summary>Waits, submission by submission, until exactly these reports are Approved.</summary>
    public async Task ApprovedAreAsync(params InstanceIdentifier[] expected)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        while (true)
        {
            var seen = _dmp.Submissions.Count;
            var approved = await ApprovedAsync();
            if (expected.Order(ById).SequenceEqual(approved.Order(ById))) return;
            try
            {
                await _dmp.WhenCommittedAsync(_ => _dmp.Submissions.Count > seen, patience.Token);
            }
            catch (OperationCanceledException) when (!Token.IsCancellationRequested)
            {
                Assert.Fail($"Approved: {string.Join(", ", approved)}; expected {string.Join(", ", expected)}");
            }
        }
    }

    /// <summary>The reports in the registry, in every status.</summary>
    public async Task<IReadOnlyList<DmpDocument>> ReportsAsync() =>
        (await _dmp.DocumentsAsync(Ins, Audience.Registry, Token))
        .Where(d => d.ClassCode != SignatureEntry.ClassCodeValue).ToList();

    /// <summary>The register of the RIS: the documents of a report in the order in which they came.</summary>
    public async Task<IReadOnlyList<string>> RegisterAsync(InstanceIdentifier document)
    {
        var report = await _node.FindReportAsync(document, Token);
        return report is null
            ? []
            : (await _node.GetReportAsync(report.Value, Token)).Versions
                .Select(v => v.DocumentId.Extension!.Split('-')[1]).ToList();
    }

    public async ValueTask DisposeAsync()
    {
        await _dmp.DisposeAsync();
        await _node.DisposeAsync();
        _folder.Dispose();
        DmpFolder.Dispose();
    }

    private static Comparer<InstanceIdentifier> ById { get; } = Comparer<InstanceIdentifier>.Create(
        (a, b) => string.CompareOrdinal(a.ToString(), b.ToString()));

    private async Task<List<InstanceIdentifier>> ApprovedAsync() => (await ReportsAsync())
        .Where(d => d.Status == AvailabilityStatus.Approved).Select(d => d.UniqueId).ToList();

    private async Task StartNodeAsync() => _node = await RisNode.StartAsync(
        new RisOptions
        {
            Hl7 = new Hl7NodeOptions { Application = "RIS", Facility = "SITE", Port = 0 },
            Structures = [new StructureOptions { Id = "300017985", Name = "Centre d'imagerie" }],
            SourceId = "1.2.250.1.999.10.3",
        },
        _folder.Path,
        new DmpConnection(_dmp.Target, Certificates, new VihfOptions(), SignatureHash.Sha256),
        NodeSurroundings.Real(NullLoggerFactory.Instance), Token);
}
