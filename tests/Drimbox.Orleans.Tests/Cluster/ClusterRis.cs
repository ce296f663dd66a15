using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Reports;
using Drimbox.Grains.Streams;
using Drimbox.Storage;
using Drimbox.Tests.Reports;

namespace Drimbox.Tests.Cluster;

/// <summary>The reports of one RIS in several processes over one store: a register for each of them, and what happens while
/// a turn signs its submission, which is after its decision and before its commit.</summary>
internal sealed class ClusterRis : IAsyncDisposable, ISubmissionSealer
{
    public const string Node = "ris";

    private readonly string _folder;
    private readonly SequentialIds _ids = new();
    private readonly FakeDmpRegistry _registry = new();

    public required FlowStore Store { get; init; }

    public IReadOnlyList<ReportRegister> Registers { get; private set; } = [];

    /// <summary>Called by each turn that leads to a submission.</summary>
    public Action Sealing { get; set; } = () => { };

    public int Submissions => _registry.Submissions;

    public static async Task<ClusterRis> OpenAsync(params IGrainHost[] hosts)
    {
        var folder = Directory.CreateTempSubdirectory("drimbox-cluster-").FullName;
        var store = await FlowStorePlace.OpenAsync(
            new FlowStoreOptions { Folder = folder, HasPublications = true }, CancellationToken.None);
        var ris = new ClusterRis(folder) { Store = store };
        ris.Registers = [.. hosts.Select(host => new ReportRegister(
            new EmbeddedTurnQueue(),
            new ReportGrainParts(
                Node, store, ReportFixture.Policy, ris, new PlainAcks(), ris._ids, TimeProvider.System, "ris/to/source")
            {
                Host = host,
            }))];
        return ris;
    }

    private ClusterRis(string folder) => _folder = folder;

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
            var rows = await Store.ClaimAsync($"process {process}", TimeSpan.FromMinutes(1), 1, CancellationToken.None);
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
            await Store.CompleteAsync(done, CancellationToken.None);
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
        await Store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private sealed class PlainAcks : IAckComposer
    {
        public (string Ack, string Code) Compose(string header, Refusal? refusal) =>
            (header, refusal is null ? "AA" : "AE");
    }
}
