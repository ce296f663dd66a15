using Drimbox.Core.Resynchronisation;
using Drimbox.Dicom;
using static Drimbox.Tests.Source.ResyncFixture;
using static Drimbox.Tests.Source.SourceFixture;

namespace Drimbox.Tests.Source;

/// <summary>A run that is interrupted at each of its points ends as one that is not.</summary>
[Requirement("DB.SO.28")]
public sealed class ResyncRestartTests
{
    private const int Studies = 3;

    public enum Interruption
    {
        Pause,
        Restart,
        Crash,
    }

    public static TheoryData<Interruption, int> Points
    {
        get
        {
            var points = new TheoryData<Interruption, int>();
            foreach (var how in Enum.GetValues<Interruption>())
            {
                // Queries about days and studies: three days, and three studies.
                for (var query = 1; query <= 3 + Studies; query++) points.Add(how, query);
            }

            return points;
        }
    }

    [Theory]
    [MemberData(nameof(Points))]
    public async Task An_interruption_at_any_query_changes_nothing_of_the_end(Interruption how, int query)
    {
        await using var source = await ResyncFixture.StartAsync(Studies);
        // The first has lost an image, the second both.
        source.Pacs.Instances = [ImagesOf(1)[0], .. ImagesOf(3)];
        using var hold = new QueryHold(source.Pacs, query);
        var run = await source.PlanAsync(Days);
        await source.MoveAsync(run, ResyncState.Running);
        await hold.Reached.WaitAsync(TimeSpan.FromSeconds(60), Token);
        // Three days, and then the first two studies change: what they led to is done before the disk is copied.
        await source.Events.WhenAsync(SourceEvents.SubmissionEnded, Studies + Math.Clamp(query - 4, 0, 2));

        switch (how)
        {
            case Interruption.Pause:
                await source.MoveAsync(run, ResyncState.Paused);
                hold.Release();
                await source.MoveAsync(run, ResyncState.Running);
                break;
            case Interruption.Restart:
                var restart = source.RestartAsync();
                hold.Release();
                await restart;
                break;
            default:
                await source.CrashAndRestartAsync();
                break;
        }

        await source.Events.WhenAsync(SourceEvents.ResyncDone, 1);
        var status = (await source.Node.GetResyncAsync(run, Token))!;
        var committed = 0;
        await source.Dmp.WhenCommittedAsync(_ => ++committed == Studies + 2, Token).WaitAsync(
            TimeSpan.FromSeconds(60), Token);

        Assert.Equal("Removed 1, Replaced 1, Unchanged 1", status.Counts());
        Assert.Equal(0, status.Remaining);
        Assert.Equal(2, (await source.ApprovedIdsAsync()).Count);
        Assert.Equal(Studies + 2, source.Dmp.Submissions.Count);
    }

    /// <summary>Holds the worker at one query of the STUDY level, where nothing is written.</summary>
    private sealed class QueryHold : IDisposable
    {
        private readonly ManualResetEventSlim _released = new();
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _queries;

        public QueryHold(SourcePacs pacs, int at) => pacs.Asked = query =>
        {
            if (query.GetString(Tag.QueryRetrieveLevel) != "STUDY" || Interlocked.Increment(ref _queries) != at) return;
            _reached.SetResult();
            _released.Wait();
        };

        public Task Reached => _reached.Task;

        public void Release() => _released.Set();

        public void Dispose() => Release();
    }
}
