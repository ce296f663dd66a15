using Drimbox.Archive;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scp;
using Drimbox.Emulators;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Source;
using Drimbox.Storage;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Orthanc;

namespace Drimbox.Tests.Source;

/// <summary>A site with two PACS, our archive and Orthanc, and a DRIMbox source that asks both of them; and its DMP,
/// which is asked by hand.</summary>
internal sealed class ManifestSite : IAsyncDisposable
{
    public const string RetrieveHost = "drimbox.example.org:8443";

    private const string LocalIssuer = "1.2.250.1.213.4.5.2.4";

    private readonly StoreFolder _folder;
    private readonly OrthancServer _orthanc;
    private readonly ImageAccessFixture _access;
    private readonly ArchiveNode _archive;
    private readonly int _archivePort;
    private int _notes;

    private ManifestSite(
        StoreFolder folder, OrthancServer orthanc, ImageAccessFixture access, ArchiveNode archive, int archivePort,
        string timeZone)
    {
        (_folder, _orthanc, _access, _archive, _archivePort) = (folder, orthanc, access, archive, archivePort);
        TimeZone = TimeZoneInfo.FindSystemTimeZoneById(timeZone);
        Registry = new DmpByHand(access.Source.Dmp.Target.Registry, access.Source.Dmp.Target.Repository);
    }

    public TimeZoneInfo TimeZone { get; }

    /// <summary>The DMP.</summary>
    public DmpByHand Registry { get; }

    private SourceFixture Source => _access.Source;

    public static async Task<ManifestSite> StartAsync(string timeZone)
    {
        var folder = new StoreFolder();
        var (archivePort, orthancPort) = (LoopbackPorts.Take(), LoopbackPorts.Take());
        var orthanc = await OrthancServer.StartAsync(folder.Path, orthancPort, archivePort);
        var access = await ImageAccessFixture.StartEmptyAsync(
            TimeSpan.FromSeconds(30),
            configure: options => options with
            {
                TimeZone = timeZone,
                RetrieveHost = RetrieveHost,
                Pacs = null,
                PacsList = [PacsOf("archive", "ARCHIVE", archivePort), PacsOf("orthanc", "ORTHANC", orthancPort)],
            },
            dmp: options => options with { AcceptUnknownPatients = true, RequireVihf = false });
        var source = access.Source.Node.DicomEndPoint.Port;
        var drimbox = new DicomPeer(AeTitle.Parse("DRIMBOX"), "127.0.0.1", source);
        var archive = await ArchiveUnderTest.StartAsync(folder.Path, options => options with
        {
            Port = archivePort, Destinations = [drimbox], IocmListeners = [drimbox],
        });
        await orthanc.AddModalityAsync("source", "DRIMBOX", source);
        await orthanc.AddModalityAsync("findscu", "FINDSCU", source);
        await orthanc.SetEncodingAsync("Utf8");
        return new ManifestSite(folder, orthanc, access, archive, archivePort, timeZone);
    }

    /// <summary>The way of examinations: images, key image notes and early rejection notes are stored in their PACS, the
    /// reports reach the source, and late rejection notes are stored when the manifests are in the DMP.</summary>
    public async Task PublishAsync(IReadOnlyList<GeneratedExamination> examinations)
    {
        foreach (var pacs in Enum.GetValues<HeldBy>())
        {
            await StoreAsync(pacs, examinations.Where(e => e.Plan.Pacs == pacs).SelectMany(e => e.Studies)
                .SelectMany(s => s.Stored).Select(d => Part10Writer.ToBytes(d, TransferSyntax.ExplicitVRLittleEndian)));
        }

        await RejectAsync(examinations, late: false);
        foreach (var message in examinations.SelectMany(e => e.Messages))
            Assert.Equal(AckCode.AA, (await Source.SendAsync(message)).Code);
        await SettleAsync();
        await RejectAsync(examinations, late: true);
        await SettleAsync();
    }

    /// <summary>The study as its PACS shows it, by findscu.</summary>
    /// <param name="folder">For files of its own.</param>
    public async Task<DumpedDataSet> FindStudyAsync(HeldBy pacs, GeneratedStudy study, string folder)
    {
        string[] keys =
        [
            "0008,0052=STUDY", $"0020,000d={study.Uid}", "0010,0010", "0010,0020", "0010,0021", "0010,0030", "0010,0040",
            "0008,0050",
        ];
        await FindAsync(pacs, ["-X", "-od", folder, .. keys.SelectMany(key => new[] { "-k", key })], []);
        // Only a file says in which character set its text is.
        var answer = Assert.Single(Directory.GetFiles(folder, "rsp*"));
        return Assert.Single(DicomDump.Read(await Dcmtk.SucceedAsync("dcmdump", "-q", "+U8", "+L", "-Un", answer)));
    }

    /// <summary>The SOP Instance UIDs that a PACS shows of a study, by findscu.</summary>
    /// <param name="folder">For files of its own.</param>
    public async Task<IReadOnlyList<string>> FindInstancesAsync(HeldBy pacs, GeneratedStudy study, string folder)
    {
        string[] keys = ["0008,0052=SERIES", $"0020,000d={study.Uid}", "0020,000e"];
        var series = await FindAsync(pacs, [.. keys.SelectMany(key => new[] { "-k", key })], []);
        var queries = new List<string>();
        foreach (var uid in series.Select(s => s.Value("0020,000e")))
        {
            var query = new DataSet();
            query.SetString(Tag.QueryRetrieveLevel, "IMAGE");
            query.SetUid(Tag.StudyInstanceUID, study.Uid);
            query.SetString(Tag.SeriesInstanceUID, uid);
            query.SetEmpty(Tag.SOPInstanceUID);
            queries.Add(Path.Combine(folder, $"query-{queries.Count}.dcm"));
            // A data set without meta information is a query to findscu.
            await File.WriteAllBytesAsync(
                queries[^1], DataSetWriter.ToBytes(query, TransferSyntax.ImplicitVRLittleEndian), SourceFixture.Token);
        }

        return [.. (await FindAsync(pacs, [], queries)).Select(i => i.Value("0008,0018"))];
    }

    public async ValueTask DisposeAsync()
    {
        Registry.Dispose();
        await _access.DisposeAsync();
        await _archive.DisposeAsync();
        _orthanc.Dispose();
        _folder.Dispose();
    }

    private static SourcePacsOptions PacsOf(string name, string title, int port) => new()
    {
        Name = name,
        Peer = new DicomPeerOptions { AeTitle = title, Host = "127.0.0.1", Port = port },
        PatientIdIssuers =
        [
            new PatientIssuerOptions { Name = "SITE", Oid = LocalIssuer },
            new PatientIssuerOptions { Written = "SITE", Name = "SITE", Oid = LocalIssuer },
        ],
        AccessionIssuers =
            [new AccessionIssuerOptions { Written = SourceReports.Accession.Root, Oid = SourceReports.Accession.Root }],
    };

    private int PortOf(HeldBy pacs) => pacs == HeldBy.Orthanc ? _orthanc.DicomPort : _archivePort;

    private async Task RejectAsync(IEnumerable<GeneratedExamination> examinations, bool late)
    {
        var notes = examinations.SelectMany(e => e.Studies).SelectMany(s => s.Rejections)
            .Where(r => r.Plan.IsLate == late).Select(r => r.File).ToList();
        await StoreAsync(HeldBy.OwnArchive, notes);
        _notes += notes.Count;
        await Source.Events.WhenAsync(SourceEvents.NoteTaken, _notes);
    }

    // Nothing waits for a PACS or the DMP any more.
    private async Task SettleAsync() => await Eventually.HoldsAsync(
        () => Source.Node.ListOutboxAsync(new OutboxFilter([OutboxState.Pending]), SourceFixture.Token),
        rows => rows.Count == 0,
        rows => string.Join('\n', rows.Select(r => $"{r.Kind} {r.LastOutcome} {r.LastDetail}"))
            + "\n" + string.Join('\n', Source.Events.Texts));

    private async Task<List<DumpedDataSet>> FindAsync(HeldBy pacs, string[] arguments, IReadOnlyList<string> queries)
    {
        var answers = await Dcmtk.SucceedAsync(
            "findscu", ["-S", "-aec", TitleOf(pacs), .. arguments, "127.0.0.1", $"{PortOf(pacs)}", .. queries]);
        // It logs each answer in the form of dcmdump.
        return DicomDump.Read(answers.Replace("I: ", "", StringComparison.Ordinal));
    }

    private async Task StoreAsync(HeldBy pacs, IEnumerable<byte[]> files)
    {
        using var folder = new StoreFolder();
        var paths = new List<string>();
        foreach (var bytes in files)
        {
            paths.Add(Path.Combine(folder.Path, $"{paths.Count:D5}.dcm"));
            await File.WriteAllBytesAsync(paths[^1], bytes, SourceFixture.Token);
        }

        if (paths.Count == 0) return;
        // -R: propose what the files need and no more.
        await Dcmtk.SucceedAsync("storescu", ["-R", "-aec", TitleOf(pacs), "127.0.0.1", $"{PortOf(pacs)}", .. paths]);
    }

    private static string TitleOf(HeldBy pacs) => pacs == HeldBy.Orthanc ? "ORTHANC" : "ARCHIVE";
}
