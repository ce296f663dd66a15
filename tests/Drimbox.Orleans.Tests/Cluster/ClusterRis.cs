using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Streams;
using Drimbox.Storage;
using Drimbox.Tests.Reports;

namespace Drimbox.Tests.Cluster;

/// <summary>Where processes have their flow: in a file that one store has for all of them, or in PostgreSQL, where each
/// has a store of its own (docs/adr/0035).</summary>
public enum FlowOf
{
    File,
    Postgres,
}

/// <summary>The reports of one RIS in several processes over one store: a register for each of them, and what happens while
/// a turn signs its submission, which is after its decision and before its commit.</summary>
internal sealed class ClusterRis : IAsyncDisposable, ISubmissionSealer
{
    public const string Node = "ris";

    private readonly string _folder;
    private readonly SequentialIds _ids = new();
    private readonly FakeDmpRegistry _registry = new();

    /// <summary>Of each process; in a file one for all.</summary>
    public required IReadOnlyList<FlowStore> Stores { get; init; }

    public FlowStore Store => Stores[0];

    public IReadOnlyList<ReportRegister> Registers { get; private set; } = [];

    /// <summary>Called by each turn that leads to a submission.</summary>
    public Action Sealing { get; set; } = () => { };

    public int Submissions => _registry.Submissions;

    /// <param name="place">Where the flow is.</param>
    /// <param name="hosts">One of each process.</param>
    public static async Task<ClusterRis> OpenAsync(FlowOf place, params IGrainHost[] hosts)
    {
        var folder = Directory.CreateTempSubdirectory("drimbox-cluster-").FullName;
        var ris = new ClusterRis(folder) { Stores = await OpenStoresAsync(place, folder, hosts.Length) };
        ris.Registers = [.. hosts.Select((host, process) => new ReportRegister(
            new EmbeddedTurnQueue(),
            new ReportGrainParts(
                Node, ris.StoreOf(process), ReportFixture.Policy, ris, new PlainAcks(), ris._ids, TimeProvider.System,
                "ris/to/source")
            {
                Host = host,
            }))];
        return ris;
    }

    private ClusterRis(string folder) => _folder = folder;

    public FlowStore StoreOf(int process) => Stores[process % Stores.Count];

    public SealedSubmission Seal(Submission submission)
    {
        Sealing();
        return new SealedSubmission(submission, null);
    }

    public Task<GrainReply> ReceiveAsync(int process, ReceiveReport command, string controlId) =>
        Registers[process].ReceiveAsync(
            command,
            new InboxDraft(
                new InboxKey("TLR", "PF", "RIS", "SITE", controlId), controlId, ReadOnlyMemory<byte>.Empty, null, "MDM^T02",
                controlId, DateTimeOffset.UnixEpoch),
            CancellationToken.None);

    /// <summary>One process sends what it gets hold of, until nothing waits.</summary>
    /// <returns>How many results it lost to another owner.</returns>
    public async Task<int> DispatchAsync(int process)
    {
        var lost = 0;
        while (true)
        {
            var rows = await StoreOf(process).ClaimAsync($"process {process}", TimeSpan.FromMinutes(1), 1, CancellationToken.None);
            if (rows is not [var row]) return lost;
            if ((await FinishAsync(process, row, send: true)).LeaseLost) lost++;
        }
    }

    /// <param name="send">The registry is called; false: only the end is recorded, as by an owner that was slow.</param>
    public async Task<GrainReply> FinishAsync(int process, ClaimedRow row, bool send)
    {
        var done = new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Done);
        if (row.Kind != ReportGrain.SubmissionKind)
        {
            await StoreOf(process).CompleteAsync(done, CancellationToken.None);
            return new GrainReply(null);
        }

        var payload = EventCodec.Read<ReportSubmissionPayload>(row.Payload);
        var submission = payload.Sealed.Submission;
        if (send) lock (_registry) _registry.Submit(submission);
        return await Registers[process].ExecuteAsync(
            payload.Report, new EndSubmission(submission.SubmissionSetUniqueId, DispatchOutcome.Done, null), done,
            CancellationToken.None);
    }

    /// <summary>The documents that the registry shows.</summary>
    public IReadOnlyList<string?> Approved
    {
        get
        {
            lock (_registry) return [.. _registry.Approved.Select(id => id.Extension)];
        }
    }

    /// <summary>The report that has a document, as the store has it.</summary>
    public async Task<(ReportId Id, ReportState State)> FindAsync(int process, string document)
    {
        var id = await Registers[process].FindAsync(ReportFixture.Document(document), CancellationToken.None);
        return (id!.Value, await Registers[process].GetAsync(id.Value, CancellationToken.None));
    }

    /// <summary>How many messages are stored, and how many submissions were ever decided.</summary>
    public async Task<(int Messages, int Submissions)> CountAsync() => (
        (await Store.ListInboxAsync(new InboxFilter(), CancellationToken.None)).Count,
        (await Store.ListOutboxAsync(
            new OutboxFilter([], Kind: ReportGrain.SubmissionKind), CancellationToken.None)).Count);

    public async ValueTask DisposeAsync()
    {
        foreach (var store in Stores) await store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<IReadOnlyList<FlowStore>> OpenStoresAsync(FlowOf place, string folder, int processes)
    {
        var options = new FlowStoreOptions { Folder = folder, HasPublications = true };
        if (place == FlowOf.File) return [await FlowStore.OpenAsync(options, CancellationToken.None)];
        var postgres = (await TestContext.Current.GetFixture<PostgresCluster>())!;
        var database = new PostgresOptions
        {
            ConnectionString = await postgres.CreateDatabaseAsync(), Schema = "ris_flow", IsShared = true,
        };
        return await Task.WhenAll(Enumerable.Range(0, processes).Select(
            _ => FlowStore.OpenAsync(options with { Postgres = database }, CancellationToken.None)));
    }

    private sealed class PlainAcks : IAckComposer
    {
        public (string Ack, string Code) Compose(string header, Refusal? refusal) =>
            (header, refusal is null ? "AA" : "AE");
    }
}
