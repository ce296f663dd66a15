using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>How an arrival under a known UID ended.</summary>
/// <param name="IsTakenIn">It stands now, and so does what it set off.</param>
internal readonly record struct Settled(DimseStatus Status, bool IsTakenIn)
{
    /// <summary>The studies that are no longer what they were: none for the same bytes again.</summary>
    public IEnumerable<Uid> Changed { get; init; } = [];

    /// <summary>How many instances it hides, if it is a rejection note.</summary>
    public int Hidden { get; init; }
}

/// <summary>
/// Settles arrivals under known UIDs (docs/adr/0017): decides by <see cref="DuplicateRules"/>, gives the file, which is
/// durable already, the name that tells what was decided, and commits. The transaction looks whether what the decision
/// rests on is still so; if not, it is taken again. A file that was acknowledged is never touched.
/// </summary>
internal sealed class Duplicates(
    ArchiveOptions options, ArchiveSurroundings surroundings, InstanceFolders folders, ArchiveIndex index, ILogger log)
{
    private int _unmarked;

    /// <param name="record">With the name that its file has now.</param>
    /// <param name="actor">The calling AE.</param>
    /// <exception cref="IOException">Nothing was committed, and its file is gone; it stays where nobody knows
    /// (<see cref="StorageFault.Unresolved"/>).</exception>
    public async Task<Settled> SettleAsync(
        InstanceRecord record,
        StandingInstance standing,
        InstanceSender sender,
        string actor)
    {
        var name = record.File.FileName;
        try
        {
            var expected = standing;
            for (var round = 0; round < Limits.DuplicateRoundsMax; round++)
            {
                var decision = Decide(expected, record, sender);
                if (decision.Outcome == DuplicateOutcome.SameBytes)
                {
                    surroundings.Disk.TryUnlink(folders.PathOf(name));
                    return new(DimseStatus.Success, IsTakenIn: true);
                }

                Rename(ref name, NameFor(decision, expected, name));
                var named = record with { File = record.File with { FileName = name } };
                switch (await CommitAsync(decision, expected, named, actor))
                {
                    case SettleResult.Done done:
                        await MarkAsync();
                        Uid[] studies = [expected.Instance.StudyInstanceUid, record.Study.StudyInstanceUid];
                        return Told(decision, actor, name) with
                        {
                            Changed = decision.Outcome == DuplicateOutcome.Quarantine ? [] : studies.Distinct(),
                            Hidden = done.Hidden,
                        };
                    case SettleResult.Changed { Standing: { } changed }:
                        expected = changed;
                        break;
                    default:
                        return await TakeInAsync(named);
                }
            }

            throw new StorageFaultException(
                StorageFault.Other, "What stands under a UID changed more often than an arrival could follow.");
        }
        catch (IOException e) when (e is not StorageFaultException { Fault: StorageFault.Unresolved })
        {
            surroundings.Disk.TryUnlink(folders.PathOf(name));
            throw;
        }
    }

    private DuplicateDecision Decide(StandingInstance standing, InstanceRecord record, InstanceSender sender) =>
        DuplicateRules.Decide(
            VersionOf(standing), ArrivingOf(record), sender, options.Duplicates);

    private StandingVersion VersionOf(StandingInstance standing)
    {
        var instance = standing.Instance;
        return new StandingVersion(
            standing.Patient, instance.StudyInstanceUid, options.Sites.GroupOf(instance.File.SenderAe),
            [
                new Rendition(instance.TransferSyntaxUid, instance.File.DataSetSha256),
                .. instance.Renditions.Select(r => new Rendition(r.TransferSyntaxUid, r.File.DataSetSha256)),
            ]);
    }

    private static ArrivingInstance ArrivingOf(InstanceRecord record) => new(
        new PatientKey(record.Patient.PatientId, record.Patient.IssuerOfPatientId, record.Patient.IssuerEntity),
        record.Study.StudyInstanceUid,
        new Rendition(record.Instance.TransferSyntaxUid, record.File.DataSetSha256));

    private static string NameFor(DuplicateDecision decision, StandingInstance standing, string name) =>
        decision.Outcome == DuplicateOutcome.Quarantine
            ? InstanceFolders.QuarantineName(name, decision.Reason)
            : FileNames.OfVersion(
                name, standing.Instance.Version + (decision.Outcome == DuplicateOutcome.Replace ? 1 : 0),
                isHidden: !standing.Instance.Visible);

    private void Rename(ref string name, string to)
    {
        if (name == to) return;
        try
        {
            surroundings.Disk.Rename(folders.PathOf(name), folders.PathOf(to));
        }
        catch (IOException)
        {
            // It may have its new name, which is not durable then.
            surroundings.Disk.TryUnlink(folders.PathOf(to));
            throw;
        }

        name = to;
    }

    private async Task<SettleResult> CommitAsync(
        DuplicateDecision decision,
        StandingInstance expected,
        InstanceRecord record,
        string actor)
    {
        var result = decision.Outcome switch
        {
            DuplicateOutcome.Replace =>
                await index.ReplaceAsync(expected, record, actor, CancellationToken.None),
            DuplicateOutcome.SecondRendition =>
                await index.AddRenditionAsync(expected, record, actor, CancellationToken.None),
            DuplicateOutcome.Quarantine => await index.QuarantineAsync(
                expected, FileScan.ToQuarantined(record, decision.Reason), actor, CancellationToken.None),
            _ => throw Invariant.Unreachable(decision.Outcome),
        };
        if (result is SettleResult.Done done) Unlink(done.Freed);
        return result;
    }

    // What stood there was removed while this was on its way: then it is the first.
    private async Task<Settled> TakeInAsync(InstanceRecord record)
    {
        var first = record.File.FileName;
        Rename(ref first, folders.NewName(out var receivedAt));
        var result = await index.InsertAsync(
            record with { File = record.File with { FileName = first, ReceivedAt = receivedAt } },
            CancellationToken.None);
        if (result is InsertResult.Inserted inserted)
        {
            return new(DimseStatus.Success, IsTakenIn: true)
            {
                Changed = [record.Study.StudyInstanceUid],
                Hidden = inserted.Hidden,
            };
        }

        surroundings.Disk.TryUnlink(folders.PathOf(first));
        // And came again: the sender repeats, and meets it.
        return result is InsertResult.SameBytes
            ? new(DimseStatus.Success, IsTakenIn: true)
            : new(DimseStatus.OutOfResources, IsTakenIn: false);
    }

    // As for first arrivals: what is in the index has a durable file, and a start after a crash need not read it again.
    private async Task MarkAsync()
    {
        if (!index.IsShared && Interlocked.Increment(ref _unmarked) % Limits.RowsPerMark == 0)
            await index.MarkFurtherVerifiedAsync(null, CancellationToken.None);
    }

    private Settled Told(DuplicateDecision decision, string actor, string name)
    {
        switch (decision.Outcome)
        {
            case DuplicateOutcome.Quarantine:
                ArchiveLog.Quarantined(
                    log, options.NodeId, actor, Path.GetFileName(name), decision.Reason.ToString());
                return new(
                    DimseStatus.DuplicateSopInstance.With("Another data set has this SOP Instance UID."),
                    IsTakenIn: false);
            case DuplicateOutcome.Replace:
                ArchiveLog.Replaced(log, options.NodeId, actor, Path.GetFileName(name));
                break;
            default:
                ArchiveLog.RenditionKept(log, options.NodeId, actor, Path.GetFileName(name));
                break;
        }

        return new(DimseStatus.Success, IsTakenIn: true);
    }

    private void Unlink(IReadOnlyList<string> names)
    {
        foreach (var name in names) surroundings.Disk.TryUnlink(folders.PathOf(name));
    }
}
