using System.Data.Common;
using System.Diagnostics;
using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dicom;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Mllp;
using Drimbox.Storage;
using static Drimbox.Tests.Source.SourceFixture;
using static Drimbox.Tests.Source.SourceReports;

namespace Drimbox.Tests.Source;

/// <summary>How a peer is away.</summary>
public enum PeerState
{
    There,

    /// <summary>Nobody listens at its port.</summary>
    Refuses,

    /// <summary>It takes calls and never answers.</summary>
    Hangs,
}

/// <summary>A source and its peers on one clock that the test moves, but never past work that is under way: only a
/// call that hangs sees the time pass.</summary>
internal sealed class OutageDay : IAsyncDisposable
{
    public static readonly DateTimeOffset Begin = TimeProvider.System.GetUtcNow();

    // XDS and PACS calls end after 60 s, attempts after 75 s. A call may begin a step after its attempt: what begins is not
    // waited for where the steps are short.
    private static readonly TimeSpan HangingStep = TimeSpan.FromSeconds(10);

    private readonly List<SourceEvents> _formerEvents = [];
    private readonly List<SilentPeer> _silent = [];
    private readonly SortedSet<int> _studies = [];
    private readonly Dictionary<int, IReadOnlyList<DataSet>> _images = [];
    private readonly DbConnection _store;
    private readonly HashSet<int> _hidden = [];
    private Func<Task> _bringDmpBack = static () => Task.CompletedTask;
    private int? _pacsPort;
    private int _messages;
    private bool _mayHang;

    private OutageDay(SourceFixture source, ManualClock clock)
    {
        (Source, Clock) = (source, clock);
        _store = FlowStorePlace.Connect(Path.Combine(source.Folder.Path, "source"));
    }

    public SourceFixture Source { get; }

    public ManualClock Clock { get; }

    /// <summary>The most rows of one kind that were under way at once.</summary>
    public int InFlightMax { get; private set; }

    /// <summary>Calls that were never answered.</summary>
    public int SilentCalls => _silent.Sum(peer => peer.Calls);

    private bool IsHanging => _silent.Exists(peer => peer.Waiting > 0);

    public IEnumerable<string> Log => _formerEvents.Append(Source.Events).SelectMany(events => events.Texts);

    public static async Task<OutageDay> StartAsync()
    {
        var clock = new ManualClock(Begin);
        return new OutageDay(await SourceFixture.StartAsync(time: clock), clock);
    }

    public int CountOf(int id) => _formerEvents.Append(Source.Events).Sum(events => events.CountOf(id));

    public async Task BreakAsync(PeerState pacs, PeerState dmp)
    {
        _mayHang = pacs == PeerState.Hangs || dmp == PeerState.Hangs;
        if (pacs != PeerState.There)
        {
            _pacsPort = Source.Pacs.Port;
            await Source.Pacs.TakeAwayAsync();
            if (pacs == PeerState.Hangs) _silent.Add(new SilentPeer(_pacsPort.Value));
        }

        if (dmp == PeerState.There) return;
        var port = Source.Dmp.BaseAddress.Port;
        _bringDmpBack = await Source.TakeDmpDownAsync();
        if (dmp == PeerState.Hangs) _silent.Add(new SilentPeer(port));
    }

    public async Task MendAsync()
    {
        _mayHang = false;
        foreach (var peer in _silent) await peer.DisposeAsync();
        if (_pacsPort is { } port) Source.Pacs.BringBack(port);
        await _bringDmpBack();
    }

    /// <summary>The first report of a study, with two images of it.</summary>
    public async Task ReportAsync(int number)
    {
        _studies.Add(number);
        Images(number, 2);
        await TakenAsync(id => Oru(id, ReportAction.Initial, Report($"A{number}", null, StudyOf(number))));
    }

    /// <summary>The report is hidden from the patient.</summary>
    public async Task HideAsync(int number)
    {
        _hidden.Add(number);
        await TakenAsync(id => Oru(
            id, ReportAction.Replace, Report($"A{number}", null, StudyOf(number)), Hidden));
    }

    /// <summary>A third image is stored, and the PACS says that the study has changed.</summary>
    public async Task AddImageAsync(int number)
    {
        Images(number, 3);
        await TakenAsync(id => Omi(id, StudyOf(number)));
    }

    /// <summary>Moves the clock on, and lets everything happen that is due on the way.</summary>
    public async Task PassAsync(TimeSpan duration, TimeSpan step)
    {
        for (var end = Clock.GetUtcNow() + duration; Clock.GetUtcNow() < end;)
        {
            // A call that hangs must see its own deadline before that of its attempt.
            var isCareful = IsHanging || (_mayHang && step <= Limits.RetryDelayMax);
            var leap = isCareful && step > HangingStep ? HangingStep : step;
            var before = Attempts();
            Clock.Advance(leap);
            await BegunAsync(before, leap);
            await SettleAsync();
        }
    }

    /// <summary>Until nothing waits any more.</summary>
    /// <returns>How long it took by the clock.</returns>
    public async Task<TimeSpan> CatchUpAsync(TimeSpan atMost)
    {
        var begin = Clock.GetUtcNow();
        while ((await WaitingAsync()).Count > 0)
        {
            Assert.True(
                Clock.GetUtcNow() - begin <= atMost,
                string.Join('\n', (await WaitingAsync()).Take(5).Select(row => row.ToString())));
            await PassAsync(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5));
        }

        return Clock.GetUtcNow() - begin;
    }

    /// <summary>Stops in order and starts again; what hangs is cut off.</summary>
    public async Task RestartAsync()
    {
        _formerEvents.Add(Source.Events);
        var restart = Source.RestartAsync();
        while (!restart.IsCompleted)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(restart, Task.Delay(5, Token));
        }

        await restart;
    }

    public Task<IReadOnlyList<OutboxEntry>> WaitingAsync() => Source.Node.ListOutboxAsync(
        new OutboxFilter([OutboxState.Pending, OutboxState.Quarantined], Max: 100_000), Token);

    /// <summary>Each study has exactly one manifest that is Approved: its newest, as the PACS and the reports are
    /// now.</summary>
    public async Task AssertManifestsAsync()
    {
        var approved = (await Source.ManifestsAsync()).Where(m => m.Status == AvailabilityStatus.Approved).ToList();
        Assert.Equal(_studies.Count, approved.Count);
        foreach (var number in _studies)
        {
            var study = await Source.Node.GetStudyAsync(StudyOf(number), Token);
            var newest = study!.Manifests[^1];
            var entry = Assert.Single(approved, m => m.UniqueId.Root == newest.KosUid.ToString());
            Assert.Equal(_hidden.Contains(number), entry.ConfidentialityCodes.Contains("INVISIBLE_PATIENT"));
            var file = await Source.Node.ReadManifestAsync(newest.KosUid, Token);
            var kos = SourceFixture.Read(file!);
            Assert.Equal(StudyOf(number), kos.Study.StudyInstanceUid);
            Assert.Equal(_images[number].Count, kos.Series.Sum(s => s.Instances.Count));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var peer in _silent) await peer.DisposeAsync();
        await _store.DisposeAsync();
        await Source.DisposeAsync();
    }

    private static Core.Identity.Uid StudyOf(int number) => ResyncFixture.StudyOf(number);

    private void Images(int number, int count)
    {
        _images[number] = SourceReports.Images(count, study: StudyOf(number));
        Source.Pacs.Instances = [.. _images.Values.SelectMany(held => held)];
    }

    // A connection each: those that stand still for an hour of this clock are closed.
    private async Task TakenAsync(Func<string, byte[]> message)
    {
        await using var client = new MllpClient(
            new MllpClientOptions { Host = "127.0.0.1", Port = Source.Node.Hl7EndPoint.Port }, TimeProvider.System);
        var id = $"D{++_messages}";
        var exchange = Assert.IsType<MllpExchange.Answered>(await client.SendAsync(message(id), Token));
        Assert.Equal(AckCode.AA, AckReader.TryRead(exchange.Ack, id, out _)?.Code);
        await SettleAsync();
    }

    /// <summary>After a leap something of every kind that waits is tried; that is waited for, so that its claim does not
    /// come after the next leap. Not longer than a second: it may have ended already.</summary>
    private async Task BegunAsync(IReadOnlyDictionary<string, int> before, TimeSpan leap)
    {
        var watch = Stopwatch.StartNew();
        while (leap > Limits.RetryDelayMax && watch.Elapsed < TimeSpan.FromSeconds(1))
        {
            var now = Attempts();
            if (before.All(kind => now.GetValueOrDefault(kind.Key, int.MaxValue) > kind.Value)) return;
            await Task.Delay(1, Token);
        }
    }

    private Dictionary<string, int> Attempts() =>
        Read("SELECT kind, sum(attempts) FROM outbox WHERE open = 1 GROUP BY kind");

    private Dictionary<string, int> UnderWay() =>
        Read("SELECT kind, count(*) FROM outbox WHERE open = 1 AND lease_owner IS NOT NULL GROUP BY kind");

    // Looked at thousands of times: the rows themselves would be megabytes each time.
    private Dictionary<string, int> Read(string sql)
    {
        using var command = _store.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        while (reader.Read()) counts.Add(reader.GetString(0), reader.GetInt32(1));
        return counts;
    }

    /// <summary>Until only calls that hang are under way. What has begun has no other sign: it is looked for twice. What
    /// waits for the clock by itself is not waited for longer than 5 s.</summary>
    private async Task SettleAsync()
    {
        var watch = Stopwatch.StartNew();
        for (var seen = 0; seen < 2 && watch.Elapsed < TimeSpan.FromSeconds(5);)
        {
            var running = 0;
            foreach (var ofKind in UnderWay().Values)
            {
                running += ofKind;
                InFlightMax = Math.Max(InFlightMax, ofKind);
            }

            // A call that was given up is one until the peer has seen its end: else it would pass for one that begins.
            seen = running == _silent.Sum(peer => peer.Waiting) ? seen + 1 : 0;
            await Task.Delay(1, Token);
        }
    }
}
