using Drimbox.Core.Publications;
using Drimbox.Grains.Dispatch;
using Drimbox.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Grains;

/// <summary>The PostgreSQL of a flow crashes between what was sent and its record, and is started again.</summary>
public sealed class ServerRestartTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    [Requirement("reliability D6")]
    public async Task What_was_sent_while_the_server_crashed_is_recorded_by_the_attempt_that_sent_it(bool isShared)
    {
        await using var server = new PostgresCluster();
        await server.RequireAsync();
        using var folder = new StoreFolder();
        await using var store = await FlowStore.OpenAsync(
            new FlowStoreOptions
            {
                Folder = folder.Path,
                Postgres = new PostgresOptions
                {
                    ConnectionString = server.ConnectionString, Schema = "node_flow", IsShared = isShared,
                },
            },
            Token);
        var handler = new CrashingHandler(server);
        var dispatcher = new Dispatcher(
            store,
            new DispatcherOptions
            {
                Owner = "test",
                Random = new Random(Seed.Get()),
                Handlers = new Dictionary<string, OutboxHandling> { ["k"] = new(handler) },
            },
            NullLogger<Dispatcher>.Instance);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var running = dispatcher.RunAsync(stop.Token);
        await store.CommitAsync(new FlowCommit { Outbox = [new("a", "k", "1", DateTimeOffset.UtcNow)] }, Token);

        await handler.Sent.Task.WaitAsync(Token);
        await server.RequireAsync();
        OutboxEntry row;
        while ((row = await SingleAsync(store)).FinishedAt is null) await Task.Delay(50, Token);

        // At the end of its lease it would have been sent a second time.
        Assert.Equal((OutboxState.Done, 1, 0, 1), (row.State, row.Attempts, row.Faults, handler.Attempts));
        await stop.CancelAsync();
        await running;
    }

    private static async Task<OutboxEntry> SingleAsync(FlowStore store)
    {
        while (true)
        {
            try
            {
                return Assert.Single(await store.ListOutboxAsync(new OutboxFilter([]), Token));
            }
            catch (StorageFaultException)
            {
                await Task.Delay(50, Token);
            }
        }
    }

    /// <summary>Ends the server with what was sent on its way.</summary>
    private sealed class CrashingHandler(PostgresCluster server) : IOutboxHandler
    {
        public int Attempts { get; private set; }

        public TaskCompletionSource Sent { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
        {
            attempt.Start();
            if (++Attempts == 1) await server.KillAsync();
            Sent.TrySetResult();
            return DispatchVerdict.Done;
        }
    }
}
