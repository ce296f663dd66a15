using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Emulators;
using Drimbox.Emulators.Psc;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Source;
using Drimbox.Storage;
using Drimbox.Tests.Archive;
using static Drimbox.Tests.Source.SourceFixture;

namespace Drimbox.Tests.Source;

/// <summary>Thirty requests at once for series of twelve patients, by six professionals through two DRIMboxes, some for the
/// same series, some that hang up: no byte and no identifier of one is in the answer or in the record of another.</summary>
[Requirement("DB.SO.35")]
[Requirement("DB.SO.39")]
public sealed class ImageAccessLoadTests
{
    private const int Requests = 30;
    private const int HangUps = 8;
    private const int Professionals = 6;

    private static readonly string[] Callers = [ImageAccessPeers.Caller, "db2.example"];

    private readonly Random _random = new(Seed.Get());
    private readonly IReadOnlyList<MarkedStudy> _studies;

    public ImageAccessLoadTests() => _studies = MarkedStudy.Make(_random, 12);

    /// <summary>A request: what for, by whom, through which DRIMbox.</summary>
    private sealed record Asked(MarkedStudy Study, Uid Series, string Professional, string Caller, bool HangsUp);

    [Theory]
    [InlineData("1.2.840.10008.1.2.1")]
    [InlineData("1.2.840.10008.1.2")]
    public async Task Nothing_crosses_between_requests_that_a_remote_PACS_serves(string held)
    {
        await using var access = await ImageAccessFixture.StartAsync(
            arrival: TimeSpan.FromSeconds(30), listed: Callers);
        var pacs = access.Source.Pacs;
        Assert.True(TransferSyntax.TryFind(Uid.Parse(held), out var syntax));
        pacs.Syntax = syntax;
        pacs.Instances = [.. _studies.SelectMany(s => s.Images)];
        var manifests = await PublishAsync(access.Source);
        // No retrieval ends before all have an image: all of them are under way at once.
        var gate = new TaskCompletionSource();
        pacs.BeforeImage = (number, token) => number == 1 ? gate.Task.WaitAsync(token) : Task.CompletedTask;
        var asked = Choose();

        await RunAsync(access, manifests, asked, gate);

        // Each series once, whoever wants it.
        Assert.Equal(asked.DistinctBy(a => a.Series).Count(), pacs.Moves);
        // Whoever hung up finds what he came for when he asks again.
        var again = asked.Where(a => a.HangsUp)
            .Select(a => a with { Caller = ImageAccessPeers.Caller, HangsUp = false }).ToList();
        foreach (var one in again)
        {
            using var response = await SendAsync(access, manifests, one, null);
            one.Study.AssertOwns(one.Series, await ImageAccessFixture.ReadAsync(response));
        }

        await AssertRecordedAsync(access, manifests, [.. asked, .. again]);
        Assert.All(await access.Source.AuditAsync("110104"), row => Assert.Equal(
            _studies.Single(s => s.Study.ToString() == row.ValuesOf(AuditKeyKind.Study).Single()).Ins.Extension,
            PatientOf(row)));
    }

    [Fact]
    public async Task Nothing_crosses_between_requests_that_our_own_archive_serves()
    {
        var port = LoopbackPorts.Take();
        await using var archive = await ArchiveFixture.StartAsync(options => options with
        {
            Destinations = [new DicomPeer(AeTitle.Parse("DRIMBOX"), "127.0.0.1", port)],
        });
        await StoreAsync(archive, [.. _studies.SelectMany(s => s.Images), .. SourceReports.Images(4)]);
        await using var access = await ImageAccessFixture.StartAsync(
            pacs: new DicomPeerOptions { AeTitle = "ARCHIVE", Host = "127.0.0.1", Port = archive.Node.Port },
            configure: options => options with { Dicom = options.Dicom with { Port = port } },
            arrival: TimeSpan.FromSeconds(30), listed: Callers);
        var manifests = await PublishAsync(access.Source);

        var asked = Choose();

        await RunAsync(access, manifests, asked, gate: null);

        await AssertRecordedAsync(access, manifests, asked);
    }

    /// <summary>Every study, then others and the same ones again.</summary>
    private List<Asked> Choose()
    {
        var leaving = Enumerable.Range(0, Requests).ToArray();
        _random.Shuffle(leaving);
        var asked = new List<Asked>();
        for (var i = 0; i < Requests; i++)
        {
            // From the twelfth on every second is for what another wants too.
            var shared = i >= _studies.Count && i % 2 == 0 ? asked[_random.Next(asked.Count)] : null;
            var study = shared?.Study ?? _studies[i % _studies.Count];
            asked.Add(new Asked(
                study, shared?.Series ?? study.Series[_random.Next(study.Series.Count)],
                ProfessionalOf(_random.Next(Professionals)), Callers[_random.Next(Callers.Length)],
                HangsUp: leaving.AsSpan(0, HangUps).Contains(i)));
        }

        return asked;
    }

    private static string ProfessionalOf(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"89970021889{number}");

    /// <summary>The manifests of all studies, by study.</summary>
    private async Task<IReadOnlyDictionary<Uid, Uid>> PublishAsync(SourceFixture source)
    {
        foreach (var study in _studies)
        {
            await source.Dmp.OpenPatientAsync(study.Ins, Token);
            Assert.Equal(AckCode.AA, (await source.SendAsync(ReportAction.Initial, study.Report())).Code);
        }

        // And the one of the fixture.
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, _studies.Count + 1);
        var manifests = new Dictionary<Uid, Uid>();
        foreach (var study in _studies)
        {
            var overview = await source.Node.GetStudyAsync(study.Study, Token);
            manifests[study.Study] = Assert.Single(overview!.Manifests).KosUid;
        }

        return manifests;
    }

    /// <param name="gate">Opened once all have the head of their answer and some have hung up; null: they do not wait for
    /// each other.</param>
    private static async Task RunAsync(
        ImageAccessFixture access, IReadOnlyDictionary<Uid, Uid> manifests, List<Asked> asked,
        TaskCompletionSource? gate)
    {
        for (var i = 0; i < Professionals; i++)
            access.Psc.Tokens[$"token-{ProfessionalOf(i)}"] = new PscHolder(ProfessionalOf(i), "10");
        using var other = access.ClientNamed(Callers[1]);
        var (begun, gone) = (0, 0);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        await Task.WhenAll(asked.Select(async one =>
        {
            using var response = await SendAsync(access, manifests, one, one.Caller == Callers[1] ? other : null);
            if (Interlocked.Increment(ref begun) == asked.Count) all.SetResult();
            if (gate is not null) await all.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);
            if (!one.HangsUp)
            {
                one.Study.AssertOwns(one.Series, await ImageAccessFixture.ReadAsync(response));
                return;
            }

            one.Study.AssertOwns(one.Series, [await ImageAccessFixture.ReadFirstAsync(response)], isWhole: false);
            if (Interlocked.Increment(ref gone) == HangUps) gate?.SetResult();
        }));
    }

    /// <summary>Each request has its two records, with whoever made it and whomever the images show.</summary>
    private static async Task AssertRecordedAsync(
        ImageAccessFixture access, IReadOnlyDictionary<Uid, Uid> manifests, IReadOnlyList<Asked> asked)
    {
        // The stop waits for the requests to end, also for those that nobody reads any more.
        await access.Source.Node.StopAsync(Token);
        string Expected(Asked a) =>
            $"{a.Professional} {a.Caller} {a.Study.Study} {manifests[a.Study.Study]} {a.Study.Ins.Extension}";
        var begins = await access.Source.AuditAsync("110102");
        var ends = (await access.Source.AuditAsync("ITI-43")).Where(row => row.Record.Event == "110106").ToList();
        var expected = asked.Select(Expected).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(expected, begins.Select(Recorded).Order(StringComparer.Ordinal));
        Assert.Equal(expected, ends.Select(Recorded).Order(StringComparer.Ordinal));
        var whole = ends.Where(row => row.Record.Outcome == AuditOutcome.Success).ToList();
        foreach (var group in asked.Where(a => !a.HangsUp).GroupBy(Expected))
            Assert.InRange(whole.Count(row => Recorded(row) == group.Key), group.Count(), Requests);
        Assert.All(whole, row => Assert.Contains(
            (int)row.Xml().Descendants("SOPClass").Single().Attribute("NumberOfInstances")!,
            asked.Where(a => Expected(a) == Recorded(row)).Select(a => a.Study.ImagesOf(a.Series).Count)));
    }

    private static string Recorded(AuditRow row) => string.Join(' ', (string[])
    [
        row.ValuesOf(AuditKeyKind.User).Single(),
        Callers.Where((_, i) => row.Record.Message.Contains(
            string.Create(CultureInfo.InvariantCulture, $"UserID=\"{i + 1} SITE {i + 1}\""), StringComparison.Ordinal)).Single(),
        row.ValuesOf(AuditKeyKind.Study).Single(),
        row.ValuesOf(AuditKeyKind.Document).Single(),
        PatientOf(row),
    ]);

    // The matricule; the other key has its root too.
    private static string PatientOf(AuditRow row) =>
        row.ValuesOf(AuditKeyKind.Patient).Single(p => !p.Contains('^', StringComparison.Ordinal));

    private static Task<HttpResponseMessage> SendAsync(
        ImageAccessFixture access, IReadOnlyDictionary<Uid, Uid> manifests, Asked asked, HttpClient? client) =>
        access.SendAsync(
            access.Request(
                asked.Study.Study, asked.Series, $"token-{asked.Professional}", manifests[asked.Study.Study].ToString()),
            client);

    private static async Task StoreAsync(ArchiveFixture archive, IReadOnlyList<DataSet> images)
    {
        var sources = images.Select(i => ArchiveFixture.Source(i)).ToList();
        await using var association = await archive.CallAsync(CStoreScu.ContextsFor(sources));
        foreach (var source in sources)
            Assert.Equal(DimseStatus.Success, await new CStoreScu(association).SendAsync(source, Token));
        await association.ReleaseAsync(Token);
    }
}
