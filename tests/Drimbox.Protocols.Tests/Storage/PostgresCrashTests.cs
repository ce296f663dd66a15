using Drimbox.Storage;
using static Drimbox.Tests.Storage.ArchiveFixture;

namespace Drimbox.Tests.Storage;

/// <summary>The server crashes, or does not say what became of a COMMIT. A server of its own, because all its sessions are
/// hit.</summary>
[Requirement("reliability D6")]
public sealed class PostgresCrashTests : IAsyncLifetime
{
    private readonly PostgresCluster _cluster = new();
    private PostgresPlace _place = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _cluster.RequireAsync();
        _place = new PostgresPlace(_cluster);
    }

    public async ValueTask DisposeAsync()
    {
        if (_place is not null) await _place.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact(Timeout = 120_000)]
    public async Task After_a_crash_of_the_server_what_was_told_is_so_and_the_index_goes_on()
    {
        await using var index = await _place.OpenAsync();
        const int count = 600;
        var kept = await _cluster.CrashAmongAsync(
            count, async i => await index.InsertAsync(Instance((i + 1) % 5, 1, i + 1), Token) is InsertResult.Inserted);

        var rows = (await index.ListAsync(0, count, Token)).Select(row => row.SopInstanceUid.ToString()).ToHashSet();
        for (var i = 1; i <= count; i++) Assert.Equal(kept[i - 1], rows.Contains($"1.2.3.{i % 5}.1.{i}"));
        Assert.IsType<InsertResult.Inserted>(await index.InsertAsync(Instance(9, 9, 9), Token));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_commit_that_was_done_and_not_answered_is_told_as_done()
    {
        await using var index = await _place.OpenAsync();
        await _cluster.HoldCommitsAsync();
        var insert = index.InsertAsync(Instance(1, 1, 1), Token);
        await _cluster.LoseAnswerAsync();
        Assert.IsType<InsertResult.Inserted>(await insert);
        await _cluster.LetCommitsGoAsync();
        Assert.Single(await index.ListAsync(0, 10, Token));
        Assert.IsType<InsertResult.Inserted>(await index.InsertAsync(Instance(1, 1, 2), Token));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_server_that_does_not_sync_is_refused()
    {
        await _cluster.ConfigureAsync("fsync", "off");
        var e = await Assert.ThrowsAsync<StorageFaultException>(() => _place.OpenAsync());
        Assert.Contains("fsync = off", e.Message, StringComparison.Ordinal);
    }
}
