using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Dicom.Commitment;

/// <summary>A SOP Instance that is referred to. Source: PS3.3 10.8.</summary>
public readonly record struct ReferencedSop(Uid SopClassUid, Uid SopInstanceUid);

/// <summary>Source: PS3.3 C.14.1.1, (0008,1197).</summary>
public enum CommitmentFailureReason : ushort
{
    ProcessingFailure = 0x0110,
    NoSuchObjectInstance = 0x0112,
    ClassInstanceConflict = 0x0119,
    ReferencedSopClassNotSupported = 0x0122,
    DuplicateTransactionUid = 0x0131,
    ResourceLimitation = 0x0213,
}

/// <summary>A SOP Instance that is not committed to, and why.</summary>
public readonly record struct FailedSop(ReferencedSop Instance, CommitmentFailureReason Reason);

/// <summary>The Storage Commitment Push Model. Source: PS3.4 J.3.</summary>
public static class CommitmentModel
{
    /// <summary>PS3.4 J.3.5: the one instance of the SOP class.</summary>
    public static readonly Uid WellKnownInstance = Uid.Parse("1.2.840.10008.1.20.1.1");

    /// <summary>PS3.4 J.3.2: N-ACTION, Request Storage Commitment.</summary>
    public const ushort RequestAction = 1;

    /// <summary>PS3.4 J.3.3: N-EVENT-REPORT, all instances are committed to.</summary>
    public const ushort SuccessEvent = 1;

    /// <summary>PS3.4 J.3.3: N-EVENT-REPORT, complete, failures exist.</summary>
    public const ushort FailuresExistEvent = 2;

    internal static DataSet ToItem(ReferencedSop sop)
    {
        var item = new DataSet();
        item.SetUid(Tag.ReferencedSOPClassUID, sop.SopClassUid);
        item.SetUid(Tag.ReferencedSOPInstanceUID, sop.SopInstanceUid);
        return item;
    }

    /// <returns>Null if an item lacks one of its UIDs.</returns>
    internal static List<ReferencedSop>? ReadItems(DataSet dataSet, Tag sequence)
    {
        List<ReferencedSop> sops = [];
        foreach (var item in dataSet.GetItems(sequence))
        {
            var sop = new ReferencedSop(
                item.GetUid(Tag.ReferencedSOPClassUID), item.GetUid(Tag.ReferencedSOPInstanceUID));
            if (sop.SopClassUid.IsEmpty || sop.SopInstanceUid.IsEmpty) return null;
            sops.Add(sop);
        }

        return sops;
    }
}

/// <summary>The Action Information of a request for commitment. Source: PS3.4 table J.3-1.</summary>
public sealed record CommitmentRequest(Uid TransactionUid, IReadOnlyList<ReferencedSop> Instances)
{
    public DataSet ToDataSet()
    {
        var dataSet = new DataSet();
        dataSet.SetUid(Tag.TransactionUID, TransactionUid);
        dataSet.SetSequence(Tag.ReferencedSOPSequence, Instances.Select(CommitmentModel.ToItem));
        return dataSet;
    }

    /// <returns>Why <paramref name="operation"/> is no request for commitment, or null with what it asks for.</returns>
    public static NResponse? Understand(NRequest operation, out CommitmentRequest? request)
    {
        request = null;
        if (operation is not NActionRequest action) return NResponse.Refused(DimseStatus.UnrecognizedOperation);
        if (action.SopInstanceUid != CommitmentModel.WellKnownInstance)
            return NResponse.Refused(DimseStatus.NoSuchSopInstance);
        return action.ActionTypeId == CommitmentModel.RequestAction
            ? Read(action.Argument, out request)
            : NResponse.Refused(DimseStatus.NoSuchAction);
    }

    /// <returns>Why <paramref name="dataSet"/> is no request, or null with what it asks for.</returns>
    public static NResponse? Read(DataSet? dataSet, out CommitmentRequest? request)
    {
        request = null;
        if (dataSet is null || !dataSet.Contains(Tag.TransactionUID))
            return NResponse.Refused(DimseStatus.MissingAttribute, Tag.TransactionUID);
        if (!dataSet.Contains(Tag.ReferencedSOPSequence))
            return NResponse.Refused(DimseStatus.MissingAttribute, Tag.ReferencedSOPSequence);
        if (!dataSet.TryGetUid(Tag.TransactionUID, out var transaction))
            return NResponse.Refused(DimseStatus.InvalidArgumentValue.With("The Transaction UID is no UID."));
        if (dataSet.GetItems(Tag.ReferencedSOPSequence).Count == 0)
            return NResponse.Refused(DimseStatus.MissingAttributeValue, Tag.ReferencedSOPSequence);
        if (CommitmentModel.ReadItems(dataSet, Tag.ReferencedSOPSequence) is not { } sops)
            return NResponse.Refused(DimseStatus.InvalidArgumentValue.With("A reference lacks one of its UIDs."));
        request = new CommitmentRequest(transaction, sops);
        return null;
    }
}

/// <summary>The Event Information of a report. Source: PS3.4 table J.3-2.</summary>
public sealed record CommitmentReport(
    Uid TransactionUid, IReadOnlyList<ReferencedSop> Committed, IReadOnlyList<FailedSop> Failed)
{
    /// <summary>(0008,0054): from where the instances can be retrieved, if told.</summary>
    public AeTitle RetrieveAe { get; init; }

    public ushort EventTypeId =>
        Failed.Count == 0 ? CommitmentModel.SuccessEvent : CommitmentModel.FailuresExistEvent;

    public DataSet ToDataSet()
    {
        var dataSet = new DataSet();
        if (!RetrieveAe.IsEmpty) dataSet.SetString(Tag.RetrieveAETitle, RetrieveAe.ToString());
        dataSet.SetUid(Tag.TransactionUID, TransactionUid);
        if (Failed.Count > 0) dataSet.SetSequence(Tag.FailedSOPSequence, Failed.Select(ToItem));
        // PS3.4 table J.3-2: absent where nothing was committed to.
        if (Committed.Count > 0)
            dataSet.SetSequence(Tag.ReferencedSOPSequence, Committed.Select(CommitmentModel.ToItem));
        return dataSet;
    }

    /// <returns>Why the report cannot be understood, or null with what it says.</returns>
    public static NResponse? Read(ushort eventTypeId, DataSet? dataSet, out CommitmentReport? report)
    {
        report = null;
        if (eventTypeId is not (CommitmentModel.SuccessEvent or CommitmentModel.FailuresExistEvent))
            return NResponse.Refused(DimseStatus.NoSuchEventType);
        if (dataSet is null || !dataSet.TryGetUid(Tag.TransactionUID, out var transaction))
            return NResponse.Refused(DimseStatus.InvalidArgumentValue.With("The Transaction UID is absent."));
        var committed = CommitmentModel.ReadItems(dataSet, Tag.ReferencedSOPSequence);
        var failed = CommitmentModel.ReadItems(dataSet, Tag.FailedSOPSequence);
        if (committed is null || failed is null)
            return NResponse.Refused(DimseStatus.InvalidArgumentValue.With("A reference lacks one of its UIDs."));
        var reasons = dataSet.GetItems(Tag.FailedSOPSequence).Select(item => (CommitmentFailureReason)(
            item.GetInt(Tag.FailureReason) ?? (int)CommitmentFailureReason.ProcessingFailure));
        report = new CommitmentReport(
            transaction, committed, failed.Zip(reasons, (sop, reason) => new FailedSop(sop, reason)).ToList())
        {
            RetrieveAe = AeTitle.TryParse(dataSet.GetString(Tag.RetrieveAETitle), out var title) ? title : default,
        };
        return null;
    }

    private static DataSet ToItem(FailedSop failed)
    {
        var item = CommitmentModel.ToItem(failed.Instance);
        item.SetInt(Tag.FailureReason, (long)failed.Reason);
        return item;
    }
}
