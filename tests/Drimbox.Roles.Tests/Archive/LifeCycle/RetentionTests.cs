using Drimbox.Archive;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Storage;
using Drimbox.Tests.Teleradiology;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.LifeCycle;

/// <summary>Which studies the rules give up, and that they are gone whole.</summary>
public sealed class RetentionTests
{
    private readonly CalendarClock _clock = new();

    /// <summary>Over random studies and rules: what stays has one reason, and what goes meets every condition.</summary>
    [Fact]
    public void A_study_is_due_exactly_when_every_condition_holds()
    {
        var random = new Random(Seed.Get());
        var now = _clock.GetUtcNow();
        var due = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var received = now.AddHours(-random.Next(24 * 30));
            var study = new StudyFacts(
                i, Uid.Parse("1.2"), received,
                random.Next(2) == 0 ? null : DateOnly.FromDateTime(received.UtcDateTime).AddDays(random.Next(20)),
                random.Next(5) == 0, random.Next(4) == 0 ? [] : random.Next(2) == 0 ? ["CT"] : ["CT", "SR"], 1, 1);
            var rules = new RetentionOptions
            {
                Days = random.Next(2) == 0 ? null : random.Next(1, 20),
                LastAccessDays = random.Next(2) == 0 ? null : random.Next(1, 20),
                FreePercentTarget = random.Next(2) == 0 ? null : 10,
                Modalities = random.Next(2) == 0 ? [] : ["CT"],
            };
            var lastUse = new[]
            {
                DateOnly.FromDateTime(received.UtcDateTime), study.AccessedOn ?? DateOnly.MinValue,
            }.Max();
            var expected = rules is not { Days: null, LastAccessDays: null, FreePercentTarget: null }
                && !study.IsProtected
                && now - received >= TimeSpan.FromDays(1)
                && (rules.Days is not { } days || now - received >= TimeSpan.FromDays(days))
                && (rules.LastAccessDays is not { } idle
                    || DateOnly.FromDateTime(now.UtcDateTime).DayNumber - lastUse.DayNumber >= idle)
                && (rules.Modalities.Count == 0 || study.Modalities is ["CT"]);
            var verdict = RetentionRules.Judge(study, rules, now);
            Assert.True(expected == verdict.IsDue, $"{study} {rules}: {verdict}");
            Assert.NotEmpty(verdict.Why);
            if (verdict.IsDue) due++;
        }

        Assert.InRange(due, 1_000, 19_000);
    }

    [Fact]
    public async Task Old_studies_go_with_their_files_and_the_plan_said_so()
    {
        await using var archive = await StartNodeAsync(new RetentionOptions { Days = 10 });
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.StoreAsync(Ct(1, 2, 1));
        _clock.Advance(TimeSpan.FromDays(5));
        await archive.StoreAsync(Ct(2, 1, 1));
        Assert.Empty((await archive.Node.LifeCycle.PlanPurgeAsync(default)).Candidates);
        _clock.Advance(TimeSpan.FromDays(5) + TimeSpan.FromHours(1));
        var plan = await archive.Node.LifeCycle.PlanPurgeAsync(default);
        var candidate = Assert.Single(plan.Candidates);
        Assert.Equal(("1.2.1", 2, "received 10 days ago, of 10"),
            (candidate.Study.StudyInstanceUid.ToString(), candidate.Study.Instances, candidate.Why));
        Assert.Equal(3, archive.Files().Length);
        await archive.Node.LifeCycle.PurgeAsync(default);
        Assert.Single(archive.Files());
        Assert.Empty(archive.Files("trash"));
        Assert.Equal(
            ["1.2.2"],
            (await archive.FindAsync("STUDY", (Tag.StudyInstanceUID, ""))).Select(m => m.GetString(Tag.StudyInstanceUID)));
        var removal = Assert.Single(await archive.Node.Index.ListRemovalsAsync(10, null, default));
        Assert.Equal((RemovalState.Gone, "retention"), (removal.State, removal.Actor));
    }

    [Fact]
    public async Task A_study_that_was_retrieved_counts_as_used_on_that_day()
    {
        await using var workstation = new Receiver("WS");
        await using var archive = await StartNodeAsync(
            new RetentionOptions { LastAccessDays = 10 }, o => o with { Destinations = [workstation.Peer] });
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.StoreAsync(Ct(2, 1, 1));
        _clock.Advance(TimeSpan.FromDays(8));
        for (var i = 0; i < 3; i++) await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        _clock.Advance(TimeSpan.FromDays(2));
        var plan = await archive.Node.LifeCycle.PurgeAsync(default);
        Assert.Equal("1.2.2", Assert.Single(plan.Candidates).Study.StudyInstanceUid.ToString());
        _clock.Advance(TimeSpan.FromDays(8));
        Assert.Single((await archive.Node.LifeCycle.PurgeAsync(default)).Candidates);
        Assert.Empty(archive.Files());
    }

    [Fact]
    public async Task A_day_s_reads_of_a_study_are_one_write()
    {
        await using var workstation = new Receiver("WS");
        await using var archive = await StartNodeAsync(new RetentionOptions(), o => o with { Destinations = [workstation.Peer] });
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        var transactions = archive.Node.Index.Transactions;
        for (var i = 0; i < 5; i++) await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        Assert.Equal(transactions, archive.Node.Index.Transactions);
    }

    [Fact]
    public async Task For_space_the_least_recently_used_go_and_no_more_than_it_takes()
    {
        var disk = new FaultyDisk(Disk.Real) { Space = (100_000, 100_000) };
        await using var archive = await StartNodeAsync(new RetentionOptions { FreePercentTarget = 10 }, disk: disk);
        foreach (var study in (int[])[3, 1, 4, 2])
        {
            await archive.StoreAsync(Ct(study, 1, 1));
            _clock.Advance(TimeSpan.FromDays(2));
        }

        var length = new FileInfo(archive.Files()[0]).Length;
        Assert.Empty((await archive.Node.LifeCycle.PlanPurgeAsync(default)).Candidates);
        // One and a half of them too few.
        disk.Space = (10_000 - (length * 3 / 2), 100_000);
        var plan = await archive.Node.LifeCycle.PurgeAsync(default);
        Assert.Equal(["1.2.3", "1.2.1"], plan.Candidates.Select(c => c.Study.StudyInstanceUid.ToString()));
        Assert.Equal(2, archive.Files().Length);
    }

    [Fact]
    public async Task What_is_protected_or_not_delivered_stays_and_the_plan_says_why()
    {
        await using var listener = new Receiver("DRIMBOX");
        await using var archive = await StartNodeAsync(
            new RetentionOptions { Days = 2 }, o => o with { IocmListeners = [listener.Peer with { Port = 9 }] });
        for (var study = 1; study <= 3; study++) await archive.StoreAsync(Ct(study, 1, 1));
        await archive.StoreAsync(Note(RejectionReason.Quality, 2, (1, 1)));
        await archive.Node.Index.ProtectAsync(Uid.Parse("1.2.1"), "root", default);
        _clock.Advance(TimeSpan.FromDays(3));
        var plan = await archive.Node.LifeCycle.PurgeAsync(default);
        Assert.Equal(
            [("1.2.2", RemovalHold.NotDelivered), ("1.2.3", (RemovalHold?)null)],
            plan.Candidates.Select(c => (c.Study.StudyInstanceUid.ToString(), c.Hold)).Order());
        Assert.Equal(3, archive.Files().Length);
    }

    [Fact]
    public async Task A_crash_between_the_rows_and_the_files_leaves_no_file_behind()
    {
        var disk = new FaultyDisk(Disk.Real);
        await using var archive = await StartNodeAsync(new RetentionOptions { Days = 2 }, disk: disk);
        for (var i = 1; i <= 3; i++) await archive.StoreAsync(Ct(1, 1, i));
        await archive.StoreAsync(Ct(2, 1, 1));
        await archive.Node.Index.ProtectAsync(Uid.Parse("1.2.2"), "root", default);
        _clock.Advance(TimeSpan.FromDays(3));
        disk.Arm(2, DiskFaultKind.DeviceError, DiskCall.Unlink);
        await archive.Node.LifeCycle.PurgeAsync(default);
        Assert.True(disk.HasStruck);
        await using var after = await archive.StartAfterCrashAsync();
        Assert.Single(after.Files());
        Assert.Equal(RemovalState.Gone, Assert.Single(
            await after.Node.Index.ListRemovalsAsync(10, null, default)).State);
    }

    [Fact]
    public async Task Every_hour_it_purges_by_itself()
    {
        var clock = new ManualClock(DateTimeOffset.UtcNow);
        var log = new LoggedEvents();
        await using var archive = await StartAsync(
            o => o with { Retention = new RetentionOptions { Days = 2 } }, around: s => s with { Time = clock, Log = log });
        await archive.StoreAsync(Ct(1, 1, 1));
        clock.Advance(TimeSpan.FromDays(2));
        await log.WhenAsync(1169);
        Assert.Empty(archive.Files());
    }

    /// <summary>A date that the test sets, and timers that keep real time: nothing purges by itself.</summary>
    private sealed class CalendarClock : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 8, 30, 9, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now;

        public void Advance(TimeSpan by) => _now += by;
    }

    private Task<ArchiveFixture> StartNodeAsync(
        RetentionOptions rules, Func<ArchiveOptions, ArchiveOptions>? change = null, Disk? disk = null) => StartAsync(
        o => (change ?? (static same => same))(o) with { Retention = rules }, disk, around: s => s with { Time = _clock });
}
