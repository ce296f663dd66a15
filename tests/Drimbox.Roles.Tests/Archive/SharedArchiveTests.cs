using System.Text;
using Drimbox.Archive;
using Drimbox.Archive.Completeness;
using Drimbox.Archive.Corrections;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Grains.Hosting;
using Drimbox.Hl7.Mllp;
using Drimbox.Storage;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive;

/// <summary>Several processes of one archive over one index and one folder (docs/adr/0040): here several nodes, each with its
/// own sessions.</summary>
public sealed class SharedArchiveTests(PostgresCluster cluster) : IAsyncLifetime
{
    private static readonly TimeSpan _never = TimeSpan.FromDays(1);
    private static readonly Uid _study = Uid.Parse("1.2.1");

    // ADT^A08 of RAD-12: the patient of study 1 has another name.
    private const string Update =
        "MSH|^~\\&|SIH|HOPITAL|ARCHIVE|SITE|20261128101500||ADT^A08^ADT_A01|M1|P|2.5\rEVN||20261128101500\r"
        + "PID|||IPP1^^^SITE&1.2.3&ISO^PI||PAT-UN^ALIX^^^^^L||19790328|F\r";

    private readonly StoreFolder _folder = new();
    private readonly string _schema = $"t-{Guid.NewGuid():N}";
    private readonly List<ArchiveFixture> _nodes = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string[] Files => Directory.GetFiles(
        Path.Combine(_folder.Path, "instances"), "*", SearchOption.AllDirectories);

    public async ValueTask InitializeAsync() => await cluster.RequireAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) await node.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_one_has_stored_another_knows_serves_and_does_not_store_again()
    {
        await using var workstation = new Receiver("WS");
        var (one, other) = (await StartAsync(), await StartAsync(o => o with { Destinations = [workstation.Peer] }));
        Assert.Equal(DimseStatus.Success, await one.StoreAsync(Ct(1, 1, 1)));
        Assert.Equal(DimseStatus.Success, await other.StoreAsync(Ct(1, 1, 1)));
        Assert.Single(Files);
        Assert.Equal(DimseStatus.Success, await other.StoreAsync(Ct(1, 1, 2)));
        // Each has a folder of its own.
        Assert.Equal(2, Files.Select(Path.GetDirectoryName).Distinct().Count());
        Assert.Equal(2, (await one.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1"))).Count);
        Assert.Equal(2, (await other.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"))).Counts.Completed);
        Assert.Equal(2, workstation.Stored.Count);
    }

    [Fact]
    public async Task Nobody_sees_a_row_before_its_file_and_the_name_of_it_are_durable()
    {
        var disk = new FaultyDisk(Disk.Real);
        var (one, other) = (await StartAsync(disk: disk), await StartAsync());
        await one.StoreAsync(Ct(1, 1, 1));
        using var hasRow = new ManualResetEventSlim();
        var looking = Task.Run(
            async () =>
            {
                while (await other.Node.Index.FindInstanceAsync(Uid.Parse("1.2.1.1.2"), Token) is null) await Task.Yield();
                hasRow.Set();
            },
            Token);
        var seen = new List<(DiskCall Call, bool HasRow)>();
        disk.Passing = call =>
        {
            // Long enough for a row that is on its way.
            if (call is DiskCall.Sync or DiskCall.SyncDirectory) seen.Add((call, hasRow.Wait(300)));
        };
        Assert.Equal(DimseStatus.Success, await one.StoreAsync(Ct(1, 1, 2)));
        disk.Passing = null;
        await looking;
        Assert.Equal([(DiskCall.Sync, false), (DiskCall.SyncDirectory, false)], seen);

        // Of one that cannot be made durable there never is a row, nor a file.
        disk.Arm(1, DiskFaultKind.DeviceError, only: DiskCall.Sync);
        Assert.Equal(DimseStatus.OutOfResources, await one.StoreAsync(Ct(1, 1, 3)));
        Assert.Equal(2, Files.Length);
        Assert.Equal(2, (await other.Node.Index.ListAsync(0, 10, Token)).Count);
        Assert.Equal(DimseStatus.Success, await other.StoreAsync(Ct(1, 1, 3)));
    }

    [Fact]
    public async Task Processes_that_start_at_once_have_each_a_folder_of_its_own()
    {
        var surroundings = new ArchiveSurroundings { Ids = new RandomIdSource(), Random = new Random(1) };
        var names = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(
            () => InstanceFolders.Open(_folder.Path, surroundings).NewName(out var _), Token)));
        Assert.Equal(16, names.Select(Path.GetDirectoryName).Distinct().Count());
    }

    [Fact]
    public async Task Other_bytes_under_one_uid_at_two_processes_at_once_are_two_versions()
    {
        var (one, other) = (await StartAsync(), await StartAsync());
        await one.StoreAsync(Ct(1, 1, 1));
        var answers = await Task.WhenAll(
            from i in Enumerable.Range(1, 4) select (i % 2 == 0 ? one : other).StoreAsync(Ct(1, 1, 1, fill: (byte)(10 + i))));
        Assert.All(answers, answer => Assert.Equal(DimseStatus.Success, answer));
        var versions = (await other.Node.Kept.VersionsOfAsync(Uid.Parse("1.2.1.1.1"), Token))!;
        Assert.Equal(5, versions.Instance.Version);
        Assert.Equal([1, 2, 3, 4], versions.Further.Select(file => file.Version).Order());
        string[] kept = [versions.Instance.File.FileName, .. versions.Further.Select(file => file.File.FileName)];
        Assert.Equal(kept.Order(), Files.Select(path => Path.GetRelativePath(_folder.Path, path)).Order());
    }

    [Fact]
    public async Task Only_what_got_its_name_a_day_ago_is_swept_or_taken_into_quarantine()
    {
        var node = await StartAsync();
        await node.StoreAsync(Ct(1, 1, 1));
        var stored = Assert.Single(Files);
        var (old, young) = (DateTimeOffset.UtcNow - TimeSpan.FromHours(25), DateTimeOffset.UtcNow - TimeSpan.FromHours(23));
        string[] left =
        [
            Leave("instances/000001", old, ""), Leave("instances/000001", young, ""),
            Leave("aside", old, ".otherpatient"), Leave("aside", young, ".otherpatient"),
        ];
        // Its minute is half a second.
        var keeper = await StartAsync(around: s => s with { Time = new FastClock(120) });
        await EventuallyAsync(() => Task.FromResult(!File.Exists(left[0])));
        Assert.Equal([left[1], stored], Files.Order());
        Assert.Equal(
            $"aside/{Path.GetFileName(left[2])}",
            Assert.Single(await keeper.Node.Kept.ListQuarantineAsync(0, Token)).File.FileName);
        Assert.All(left[1..], path => Assert.True(File.Exists(path), path));

        string Leave(string folder, DateTimeOffset at, string role)
        {
            var path = Path.Combine(_folder.Path, folder, $"{FileStamp.Of(at):D16}-{Guid.NewGuid()}{role}.dcm");
            File.Copy(stored, path);
            return path;
        }
    }

    [Fact]
    public async Task A_process_that_stood_still_for_hours_gets_no_row_and_leaves_its_file_to_the_sweep()
    {
        var clock = new ShiftedClock();
        var node = await StartAsync(around: s => s with { Time = clock });
        clock.Offset = TimeSpan.FromHours(-7);
        Assert.Equal(DimseStatus.OutOfResources, await node.StoreAsync(Ct(1, 1, 1)));
        Assert.Empty(await node.Node.Index.ListAsync(0, 10, Token));
        Assert.Single(Files);
        clock.Offset = TimeSpan.Zero;
        Assert.Equal(DimseStatus.Success, await node.StoreAsync(Ct(1, 1, 1)));
        Assert.Equal(2, Files.Length);
    }

    [Fact]
    public async Task The_studies_of_a_process_that_is_gone_are_closed_by_another()
    {
        var gone = await StartAsync(Policy(_never, _never));
        await gone.StoreAsync(Ct(1, 1, 1));
        await gone.Node.StopAsync();
        var keeper = await StartAsync(
            Policy(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)), around: s => s with { Time = new FastClock(120) });
        Assert.Single(await keeper.Node.Index.Completeness.ListReceivingAsync(Token));
        await EventuallyAsync(async () => await CompletedByAsync(keeper) == CompletenessReason.Quiet);
    }

    [Fact]
    public async Task What_a_step_announced_to_one_process_completes_the_study_at_another()
    {
        var keeper = await StartAsync(Policy(_never, _never), around: s => s with { Time = new FastClock(30) });
        var other = await StartAsync(Policy(_never, _never));
        await keeper.StoreAsync(Ct(1, 1, 1));
        await other.StoreAsync(Ct(1, 1, 2));
        await other.Node.Index.Completeness.AnnounceAsync(
            new AnnouncedStudy(_study, [Uid.Parse("1.2.1.1.1"), Uid.Parse("1.2.1.1.2")]), Token);
        await EventuallyAsync(async () => await CompletedByAsync(keeper) == CompletenessReason.ProcedureStep);
        Assert.Empty(await other.Node.Index.Completeness.ListAnnouncedAsync(Token));
    }

    [Fact]
    public async Task A_study_that_one_removes_while_another_stores_is_there_or_in_the_trash_and_nowhere_by_halves()
    {
        var (one, other) = (await StartAsync(), await StartAsync());
        await one.StoreAsync(Ct(1, 1, 100));
        var storing = Task.Run(
            async () =>
            {
                for (var i = 1; i <= 20; i++) Assert.Equal(DimseStatus.Success, await other.StoreAsync(Ct(1, 1, i)));
            },
            Token);
        var removals = new List<RemovalEntry>();
        while (!storing.IsCompleted)
        {
            if (await one.Node.LifeCycle.DeleteAsync(_study, "t", "r", Token) is RemovalResult.Done(var removal))
                removals.Add(removal);
        }

        await storing;
        var rows = await other.Node.Index.ListAsync(0, 100, Token);
        Assert.True(removals.Count > 0);
        Assert.Equal(21, rows.Count + removals.Sum(removal => removal.Instances));
        await ReadAsync(one, rows);
        Assert.Equal(rows.Count, Files.Length);
        // What one removed another brings back.
        foreach (var removal in removals)
            Assert.IsType<RemovalResult.Done>(await other.Node.LifeCycle.RestoreAsync(removal.Id, "t", Token));
        rows = await one.Node.Index.ListAsync(0, 100, Token);
        Assert.Equal(21, rows.Count);
        await ReadAsync(one, rows);
    }

    [Fact]
    public async Task One_process_reads_the_files_again_and_the_others_say_how_far_it_is()
    {
        var scrub = new ScrubOptions { MegabytesPerSecond = 100 };
        var (one, other) = (await StartAsync(o => o with { Scrub = scrub }), await StartAsync(o => o with { Scrub = scrub }));
        await one.StoreAsync(Ct(1, 1, 1));
        await await one.Node.LifeCycle.StartScrubAsync();
        var fault = await Assert.ThrowsAsync<StorageFaultException>(() => other.Node.LifeCycle.StartScrubAsync());
        Assert.Equal(StorageFault.InUse, fault.Fault);
        Assert.Equal(1, (await other.Node.LifeCycle.ScrubStatusAsync(Token)).Round.Files);
        // Once that is gone, another goes on.
        await one.Node.StopAsync();
        Task? round = null;
        await EventuallyAsync(async () =>
        {
            try
            {
                round = await other.Node.LifeCycle.StartScrubAsync();
                return true;
            }
            catch (StorageFaultException e) when (e.Fault == StorageFault.InUse)
            {
                return false;
            }
        });
        await round!;
    }

    [Fact]
    public async Task An_index_is_made_again_in_the_order_of_arrival_whichever_process_stored_what()
    {
        var (one, other) = (await StartAsync(), await StartAsync());
        await other.StoreAsync(Ct(1, 1, 1));
        // Its folder comes first, its arrival does not.
        await one.StoreAsync(Ct(1, 1, 1, fill: 9));
        await one.StoreAsync(Ct(1, 1, 2));
        var before = await other.Node.Kept.VersionsOfAsync(Uid.Parse("1.2.1.1.1"), Token);
        foreach (var node in _nodes) await node.Node.StopAsync();
        var surroundings = new ArchiveSurroundings { Ids = new RandomIdSource(), Random = new Random(1) };
        var report = await new IndexRebuild(
            one.DataFolder, "pacs", surroundings, Postgres(_schema) with { IsShared = false }, _folder.Path)
            .RunAsync(cancellationToken: Token);
        Assert.Equal((3, 2, 1, 0), (report.Files, report.Instances, report.PriorVersions, report.Quarantined));

        await one.StartNodeAsync();
        await other.StartNodeAsync();
        var after = (await other.Node.Kept.VersionsOfAsync(Uid.Parse("1.2.1.1.1"), Token))!;
        Assert.Equal(before!.Instance.File, after.Instance.File);
        Assert.Equal(before.Further[0].File, Assert.Single(after.Further).File);
    }

    [Fact]
    public async Task A_message_about_a_patient_has_one_answer_at_all_processes()
    {
        var (one, other) = (await StartAsync(WithUpdates), await StartAsync(WithUpdates));
        await one.StoreAsync(Ct(1, 1, 1));
        var answers = new List<string>();
        foreach (var node in (ArchiveFixture[])[one, other]) answers.Add(await SendAsync(node));
        Assert.Contains("MSA|AA|M1", answers[0], StringComparison.Ordinal);
        Assert.Equal(answers[0], answers[1]);
        Assert.Single(await other.Node.Index.Corrections.ListAsync(null, 10, Token));
        Assert.Single(await other.FindAsync("STUDY", (Tag.PatientName, "PAT-UN^ALIX")));

        ArchiveOptions WithUpdates(ArchiveOptions options) => options with
        {
            PatientUpdates = new PatientUpdateOptions
            {
                Port = 0, LocalAuthority = new("SITE", "1.2.3"), SharedFolder = _folder.Path,
                Postgres = Postgres(_schema + "-m"),
            },
        };

        static async Task<string> SendAsync(ArchiveFixture node)
        {
            await using var client = new MllpClient(
                new MllpClientOptions { Host = "127.0.0.1", Port = node.Node.PatientUpdateEndPoint!.Port },
                TimeProvider.System);
            var exchange = await client.SendAsync(Encoding.UTF8.GetBytes(Update), Token);
            return Encoding.UTF8.GetString(Assert.IsType<MllpExchange.Answered>(exchange).Ack.Span);
        }
    }

    /// <summary>Each is served.</summary>
    private static async Task ReadAsync(ArchiveFixture archive, IReadOnlyList<IndexedInstance> rows)
    {
        foreach (var row in rows)
        {
            await using var file = await archive.Node.LifeCycle.OpenFileAsync(row.SopInstanceUid, Token);
            Assert.Equal(row.File.Length, file!.Length);
        }
    }

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        for (var i = 0; i < 200; i++)
        {
            if (await holds()) return;
            await Task.Delay(50, Token);
        }

        Assert.Fail("it did not come to that in 10 s");
    }

    private static async Task<CompletenessReason?> CompletedByAsync(ArchiveFixture archive) =>
        (await archive.Node.Index.Completeness.ListAsync(isComplete: true, 10, Token)).SingleOrDefault()?.Reason;

    private static Func<ArchiveOptions, ArchiveOptions> Policy(TimeSpan quiet, TimeSpan longQuiet) => options =>
        options with { Completeness = new CompletenessOptions { Policy = new CompletenessPolicy(quiet, longQuiet) } };

    private PostgresOptions Postgres(string schema) =>
        new() { ConnectionString = cluster.ConnectionString, Schema = schema, IsShared = true };

    private async Task<ArchiveFixture> StartAsync(
        Func<ArchiveOptions, ArchiveOptions>? change = null,
        Disk? disk = null,
        Func<ArchiveSurroundings, ArchiveSurroundings>? around = null)
    {
        var node = await ArchiveFixture.StartAsync(
            options => (change?.Invoke(options) ?? options) with
            {
                SharedFolder = _folder.Path,
                Postgres = Postgres(_schema),
            },
            disk, around: around);
        _nodes.Add(node);
        return node;
    }

    private sealed class ShiftedClock : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
    }
}
