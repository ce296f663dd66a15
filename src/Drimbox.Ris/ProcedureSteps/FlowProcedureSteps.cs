using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.ProcedureSteps;
using Drimbox.Dicom.Scp;
using Drimbox.Grains.Streams;
using Drimbox.Storage;

namespace Drimbox.Ris.ProcedureSteps;

/// <summary>Keeps the performed procedure steps of a RIS: each a stream of its own, an event for each operation. The end of
/// a step and the notice to the archive are one commit.</summary>
/// <param name="noticeLane">The outbox lane of the archive that is told of the end of a step; null: none is.</param>
internal sealed class FlowProcedureSteps(
    string node, FlowStore store, ObjectStore objects, IIdSource ids, TimeProvider time, string? noticeLane)
    : IProcedureStepStore
{
    /// <summary>What the streams of all steps of a node begin with; the UID follows.</summary>
    public static string PrefixOf(string node) => $"{node}/step/";

    public async ValueTask<ProcedureStep?> FindAsync(Uid sopInstanceUid, CancellationToken cancellationToken)
    {
        var events = await store.LoadAsync(StreamOf(sopInstanceUid), 0, cancellationToken);
        if (events.Count == 0) return null;
        var last = EventCodec.FromRow<ProcedureStepRecorded>(events[^1]);
        var bytes = last.Inline
            ?? await objects.ReadAsync(last.File!.Value, Limits.NormalizedBytesMax, cancellationToken);
        var attributes = DataSetReader.TryRead(bytes, TransferSyntax.ExplicitVRLittleEndian, out _)
            ?? throw new StorageFaultException(StorageFault.Corrupt, "A procedure step cannot be read.");
        return new ProcedureStep(sopInstanceUid, attributes, events[^1].Version);
    }

    public ValueTask<bool> TryAddAsync(
        Uid sopInstanceUid, DataSet attributes, AssociationPeer peer, CancellationToken cancellationToken) =>
        TryRecordAsync(sopInstanceUid, attributes, peer.CallingAe, 0, cancellationToken);

    public async ValueTask<bool> TryReplaceAsync(
        ProcedureStep step, DataSet attributes, CancellationToken cancellationToken)
    {
        // Who it is does not change: the station that the step was created with.
        var peer = AeTitle.TryParse(attributes.GetString(Tag.PerformedStationAETitle), out var title) ? title : default;
        return await TryRecordAsync(step.SopInstanceUid, attributes, peer, step.Version, cancellationToken);
    }

    private async ValueTask<bool> TryRecordAsync(
        Uid step, DataSet attributes, AeTitle peer, long version, CancellationToken cancellationToken)
    {
        var bytes = DataSetWriter.ToBytes(attributes, TransferSyntax.ExplicitVRLittleEndian);
        var isLong = bytes.Length > Limits.InlineBodyBytesMax;
        // Durable before the row that refers to it.
        StoredObject? file = isLong ? await objects.PutAsync(bytes, cancellationToken) : null;
        var status = ProcedureStepRules.StatusOf(attributes);
        var studies = attributes.GetItems(Tag.ScheduledStepAttributesSequence)
            .Select(item => item.GetUid(Tag.StudyInstanceUID)).Where(uid => !uid.IsEmpty).Distinct().ToList();
        var recorded = new ProcedureStepRecorded(
            status, studies, isLong ? null : bytes, file, peer, time.GetUtcNow());
        var result = await store.CommitAsync(
            new FlowCommit
            {
                Appends = [new StreamAppend(StreamOf(step), version, [EventCodec.ToRow(recorded)])],
                Outbox = status == ProcedureStepRules.InProgress || PerformedSeries.Of(attributes).Count == 0
                    ? []
                    : NoticesOf(step, studies),
            },
            cancellationToken);
        return result switch
        {
            CommitResult.Committed => true,
            CommitResult.VersionConflict => false,
            _ => throw Invariant.Unreachable(result),
        };
    }

    private List<OutboxRow> NoticesOf(Uid step, IReadOnlyList<Uid> studies) => noticeLane is null
        ? []
        : [.. studies.Select(study => new OutboxRow(
            noticeLane, StepNotifier.Kind, EventCodec.Write(new StepNotice(step, study, ids.NewUid())),
            time.GetUtcNow()))];

    private StreamId StreamOf(Uid step) => new($"{PrefixOf(node)}{step}");
}
