using System.Diagnostics;
using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Statistics;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Emulators;
using Drimbox.Emulators.Psc;
using Drimbox.Gateway.Commands;
using Drimbox.Gateway.Demo;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Orthanc;
using Drimbox.Tests.Source;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Campaigns;

/// <summary>How fast the series of the national performance set (1,300 CT in JPEG-LS, 200 MB) comes to another DRIMbox, over
/// TLS with certificates on both sides and with a token: from the archive in the same process, and from a remote PACS beside
/// a C-MOVE of the same series from that PACS to storescp. Printed; what is asserted are the bounds of the specification.
/// <c>DRIMBOX_CAMPAIGN=20</c> says how often.</summary>
[Collection(nameof(OneCampaignAtATime))]
public sealed class ImageAccessSpeedTests(ITestOutputHelper output) : IAsyncDisposable
{
    private const string BareAe = "BARE";
    private const string StoringAe = "STORESCU";
    private const string User = "a-token-of-a-physician";

    private readonly ExaminationCase _exam = new();
    private readonly GatewayUnderTest _gateway = new();
    private readonly int _sourcePort = LoopbackPorts.Take();
    private readonly int _barePort = LoopbackPorts.Take();
    private ImageAccessPeers? _peers;
    private int _runs;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ImageAccessPeers Peers => _peers!;

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        if (_peers is not null) await _peers.DisposeAsync();
    }

    [Fact]
    [Requirement("DB.SO.100")]
    [Requirement("DB.SO.101")]
    public async Task From_our_own_archive()
    {
        await BeginAsync();
        await StartAsync(pacs: null);
        await StoreAsync(DemoConfiguration.ArchiveAe, _gateway.ArchivePort);
        var request = await PublishAsync();
        // What is compiled once is compiled now.
        for (var i = 0; i < 3; i++) await FetchAsync(request);

        using var process = Process.GetProcessById(_gateway.Child.ProcessId);
        var (before, own) = (process.TotalProcessorTime, OwnProcessorTime());
        var runs = new List<SpeedRun>();
        for (var i = 0; i < _runs; i++) runs.Add(await FetchAsync(request));
        process.Refresh();

        output.WriteLine(
            $"own archive: {Text(runs)}; {(process.TotalProcessorTime - before).TotalMilliseconds / _runs:F0} ms of "
            + $"processor a run for the gateway, {(OwnProcessorTime() - own).TotalMilliseconds / _runs:F0} for the reader");
        var curl = new List<double>();
        for (var i = 0; i < _runs; i++) curl.Add(await CurlAsync(request));
        output.WriteLine(
            $"own archive, to curl: {runs[0].Bytes * 8 / Median(curl) / 1e9:F2} Gbit/s; TLS alone on this machine, from one "
            + $"SslStream to another: {await TlsFloor.GigabitsPerSecondAsync(Peers, Token):F2} Gbit/s");
        AssertBounds(runs);
    }

    [Theory]
    [InlineData("Orthanc")]
    [InlineData("drimbox")]
    [Requirement("DB.SO.100")]
    [Requirement("DB.SO.101")]
    public async Task From_a_remote_PACS_beside_a_bare_C_MOVE(string maker)
    {
        await BeginAsync();
        using var folder = new StoreFolder();
        var port = LoopbackPorts.Take();
        using var orthanc = maker == "Orthanc" ? await OrthancServer.StartAsync(folder.Path, port, archivePort: 1) : null;
        await using var archive = new GatewayUnderTest();
        if (orthanc is not null)
        {
            await orthanc.AddModalityAsync("source", DemoConfiguration.SourceAe, _sourcePort);
            await orthanc.AddModalityAsync("bare", BareAe, _barePort);
        }
        else
        {
            await archive.StartAsync(all => all with
            {
                LogLevel = LogLevel.Information, Ris = null, Source = null, Teleradiology = null, Dmp = null,
                Archive = all.Archive! with
                {
                    Dicom = all.Archive.Dicom with { Port = port },
                    Callers = [.. all.Archive.Callers, new CallerSection { AeTitle = BareAe }],
                    IocmListeners = [],
                    Destinations = [Loopback(DemoConfiguration.SourceAe, _sourcePort), Loopback(BareAe, _barePort)],
                },
            });
        }

        var pacs = Loopback(orthanc is null ? DemoConfiguration.ArchiveAe : OrthancServer.AeTitle.ToString(), port);
        await StoreAsync(pacs.AeTitle, port);
        await StartAsync(pacs);
        var request = await PublishAsync();
        // It takes every transfer syntax and throws away what it gets.
        using var bare = await Dcmtk.ListenAsync(
            "storescp", folder.Path, _barePort, "+xa", "--ignore", "-aet", BareAe, $"{_barePort}");
        await MoveAsync(pacs, request.Series);
        // What is compiled while it runs is compiled now.
        for (var i = 0; i < 8; i++) await FetchAsync(request);

        using var process = Process.GetProcessById(_gateway.Child.ProcessId);
        var (before, own) = (process.TotalProcessorTime, OwnProcessorTime());
        var (moves, runs) = (new List<double>(), new List<SpeedRun>());
        for (var i = 0; i < _runs; i++)
        {
            moves.Add(await MoveAsync(pacs, request.Series));
            runs.Add(await FetchAsync(request));
        }

        process.Refresh();
        var (move, web) = (Median(moves), Median(runs.Select(r => r.Total.TotalSeconds)));
        output.WriteLine(
            $"{maker}: C-MOVE to storescp p50 {move:F3} s; WADO-RS p50 {web:F3} s, {web / move:P0} of it; {Text(runs)}; "
            + $"{(process.TotalProcessorTime - before).TotalMilliseconds / _runs:F0} ms of processor a run for the gateway, "
            + $"{(OwnProcessorTime() - own).TotalMilliseconds / _runs:F0} for the reader");
        AssertBounds(runs);
    }

    private async Task BeginAsync()
    {
        if (Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN") is null or "")
            Assert.Skip("it measures; DRIMBOX_CAMPAIGN=20 runs it");
        _runs = Campaign.Size(small: 0, large: 20);
        _peers = await ImageAccessPeers.StartAsync(TimeSpan.FromSeconds(30), ImageAccessPeers.Caller);
        _peers.Psc.Tokens[User] = new PscHolder("899700218896", "10");
    }

    private static TimeSpan OwnProcessorTime()
    {
        using var own = Process.GetCurrentProcess();
        return own.TotalProcessorTime;
    }

    private static DicomPeerOptions Loopback(string title, int port) =>
        new() { AeTitle = title, Host = "127.0.0.1", Port = port };

    /// <param name="pacs">Null: the archive in the same process.</param>
    private async Task StartAsync(DicomPeerOptions? pacs) => await _gateway.StartAsync(all =>
    {
        all = GatewayUnderTest.WithoutPlatform(all);
        var destination = Loopback(DemoConfiguration.SourceAe, _sourcePort);
        return all with
        {
            LogLevel = LogLevel.Information,
            Archive = pacs is null
                ? all.Archive! with { Destinations = [destination], IocmListeners = [destination] }
                : null,
            Source = all.Source! with
            {
                Dicom = all.Source.Dicom with { Port = _sourcePort },
                Pacs = pacs ?? all.Source.Pacs,
                ImageAccess = Peers.Options with { Port = LoopbackPorts.Take() },
            },
        };
    });

    private static void AssertBounds(List<SpeedRun> runs)
    {
        Assert.All(runs, run => Assert.Equal(SampleSeries.Images, run.Images));
        Assert.InRange(Median(runs.Select(r => r.FirstImage.TotalSeconds)), 0, 1);
        Assert.InRange(Median(runs.Select(r => r.MegabitsPerSecond)), 100, double.MaxValue);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private static string Text(List<SpeedRun> runs) =>
        $"first image p50 {Median(runs.Select(r => r.FirstImage.TotalMilliseconds)):F0} ms, at most "
        + $"{runs.Max(r => r.FirstImage.TotalMilliseconds):F0} ms, {Median(runs.Select(r => r.MegabitsPerSecond)) / 1000:F2} "
        + $"Gbit/s over {runs.Count} runs of {runs[0].Bytes / 1e6:F0} MB";

    private Task StoreAsync(string title, int port) => SampleSeries.StoreAsync(_exam, title, StoringAe, port, Token);

    /// <summary>The report comes, its manifest is in the DMP, and says where the images are.</summary>
    private async Task<(Uri Address, string Manifest, Uid Series)> PublishAsync()
    {
        var ack = await MllpWire.SendAsync(_gateway.RisPort, _exam.Mdm("t02", _exam.Cda(1), 1), Token);
        Assert.Equal("AA", ack!["MSA", 1]);
        var document = Assert.Single(
            await _gateway.RegistryShowsAsync(
                _exam.Ins, seen => seen.Any(d => d.IsManifest && d.IsApproved), "the manifest Approved"),
            d => d.IsManifest);
        var series = SampleSeries.SeriesOf(_exam);
        return (
            new Uri($"https://127.0.0.1:{_gateway.Configuration.Source!.ImageAccess!.Port}/studies/{_exam.Study}/series/{series}"),
            document.UniqueId, series);
    }

    private Task<SpeedRun> FetchAsync((Uri Address, string Manifest, Uid Series) request) =>
        SpeedTestCommand.FetchAsync(Peers.Http, request.Address, request.Manifest, User, Token);

    /// <summary>Seconds of the same by a reader of another maker that parses nothing, its handshake included.</summary>
    private async Task<double> CurlAsync((Uri Address, string Manifest, Uid Series) request)
    {
        var (authority, certificate, key) = Peers.Files;
        var answer = await Dcmtk.SucceedAsync(
            "curl", "--silent", "--show-error", "--fail", "--cacert", authority, "--cert", certificate, "--key", key,
            "--header", $"Authorization: Bearer {User}", "--header", $"KOS-SOPInstanceUID: {request.Manifest}",
            "--header", "Accept: multipart/related; type=\"application/dicom\"; transfer-syntax=*",
            "--output", "/dev/null", "--write-out", "%{time_total}", request.Address.ToString());
        return double.Parse(answer, CultureInfo.InvariantCulture);
    }

    /// <summary>Seconds of a C-MOVE to storescp, from before its association to after its last response.</summary>
    private async Task<double> MoveAsync(DicomPeerOptions pacs, Uid series)
    {
        var model = SopClass.StudyRootQueryRetrieveInformationModelMove;
        var watch = Stopwatch.StartNew();
        await using var association = await Association.RequestAsync(
            new AssociationOptions
            {
                Host = pacs.Host,
                Port = pacs.Port,
                CallingAe = AeTitle.Parse(BareAe),
                CalledAe = AeTitle.Parse(pacs.AeTitle),
                Contexts = [CFindScu.ContextFor(model)],
            },
            Token);
        var identifier = new DataSet();
        identifier.SetString(Tag.QueryRetrieveLevel, "SERIES");
        identifier.SetString(Tag.StudyInstanceUID, _exam.Study);
        identifier.SetUid(Tag.SeriesInstanceUID, series);
        var result = await new CMoveScu(association).MoveAsync(
            model, identifier, AeTitle.Parse(BareAe), cancellationToken: Token);
        var seconds = watch.Elapsed.TotalSeconds;
        Assert.Equal(DimseStatus.Success, result.Status);
        Assert.Equal(SampleSeries.Images, result.Counts.Completed);
        await association.ReleaseAsync(Token);
        return seconds;
    }
}
