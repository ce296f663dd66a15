using Drimbox.Core.Identity;
using Drimbox.Dicom.Commitment;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Availability;

/// <summary>An instance and how it can be had. Source: PS3.4 table R.3-1.</summary>
/// <param name="Availability">ONLINE, NEARLINE, OFFLINE or UNAVAILABLE (PS3.3 C.4.23.1.1).</param>
public sealed record AvailableInstance(ReferencedSop Instance, string Availability, AeTitle RetrieveAe);

/// <summary>The instances of one series.</summary>
public sealed record AvailableSeries(Uid SeriesInstanceUid, IReadOnlyList<AvailableInstance> Instances);

/// <summary>An Instance Availability Notification: what is there of one study. Source: PS3.4 annex R.</summary>
public sealed record AvailabilityNotice(Uid StudyInstanceUid, IReadOnlyList<AvailableSeries> Series)
{
    /// <summary>The performed procedure step that made the instances; the default value if there is none.</summary>
    public ReferencedSop ProcedureStep { get; init; }

    public DataSet ToDataSet()
    {
        var notice = new DataSet();
        notice.SetSequence(
            Tag.ReferencedPerformedProcedureStepSequence,
            ProcedureStep.SopInstanceUid.IsEmpty ? [] : [StepItem()]);
        notice.SetUid(Tag.StudyInstanceUID, StudyInstanceUid);
        notice.SetSequence(Tag.ReferencedSeriesSequence, Series.Select(ToItem));
        return notice;
    }

    /// <returns>Why <paramref name="dataSet"/> is no notice, or null with what it says.</returns>
    public static NResponse? Read(DataSet dataSet, out AvailabilityNotice? notice)
    {
        notice = null;
        if (dataSet.GetUid(Tag.StudyInstanceUID) is { IsEmpty: true })
            return NResponse.Refused(DimseStatus.MissingAttribute, Tag.StudyInstanceUID);
        var items = dataSet.GetItems(Tag.ReferencedSeriesSequence);
        if (items.Count == 0) return NResponse.Refused(DimseStatus.MissingAttribute, Tag.ReferencedSeriesSequence);
        List<AvailableSeries> series = [];
        foreach (var item in items)
        {
            if (ReadSeries(item) is not { } one)
                return NResponse.Refused(DimseStatus.InvalidAttributeValue, Tag.ReferencedSeriesSequence);
            series.Add(one);
        }

        var step = dataSet.GetItems(Tag.ReferencedPerformedProcedureStepSequence) is [var first, ..] ? first : null;
        notice = new AvailabilityNotice(dataSet.GetUid(Tag.StudyInstanceUID), series)
        {
            ProcedureStep = step is null
                ? default
                : new ReferencedSop(
                    step.GetUid(Tag.ReferencedSOPClassUID), step.GetUid(Tag.ReferencedSOPInstanceUID)),
        };
        return null;
    }

    private static AvailableSeries? ReadSeries(DataSet item)
    {
        var uid = item.GetUid(Tag.SeriesInstanceUID);
        var instances = new List<AvailableInstance>();
        foreach (var sop in item.GetItems(Tag.ReferencedSOPSequence))
        {
            var instance = new ReferencedSop(
                sop.GetUid(Tag.ReferencedSOPClassUID), sop.GetUid(Tag.ReferencedSOPInstanceUID));
            if (instance.SopClassUid.IsEmpty || instance.SopInstanceUid.IsEmpty
                || sop.GetString(Tag.InstanceAvailability) is not { } availability
                || !AeTitle.TryParse(sop.GetString(Tag.RetrieveAETitle), out var title))
            {
                return null;
            }

            instances.Add(new AvailableInstance(instance, availability, title));
        }

        return uid.IsEmpty || instances.Count == 0 ? null : new AvailableSeries(uid, instances);
    }

    private static DataSet ToItem(AvailableSeries series)
    {
        var item = new DataSet();
        item.SetSequence(Tag.ReferencedSOPSequence, series.Instances.Select(instance =>
        {
            var sop = CommitmentModel.ToItem(instance.Instance);
            sop.SetString(Tag.RetrieveAETitle, instance.RetrieveAe.ToString());
            sop.SetString(Tag.InstanceAvailability, instance.Availability);
            return sop;
        }));
        item.SetUid(Tag.SeriesInstanceUID, series.SeriesInstanceUid);
        return item;
    }

    private DataSet StepItem()
    {
        var item = CommitmentModel.ToItem(ProcedureStep);
        item.SetSequence(Tag.PerformedWorkitemCodeSequence);
        return item;
    }
}

/// <summary>Instance Availability Notification SCU. Source: PS3.4 R.3.2.</summary>
public sealed class AvailabilityScu(Association association)
{
    /// <summary>The context that a notice needs.</summary>
    public static ProposedContext Context { get; } = CFindScu.ContextFor(SopClass.InstanceAvailabilityNotification);

    /// <param name="noticeUid">A UID of this notice alone.</param>
    /// <inheritdoc cref="NormalizedScu" path="/remarks"/>
    public ValueTask<NResponse> NotifyAsync(
        Uid noticeUid, AvailabilityNotice notice, CancellationToken cancellationToken = default) =>
        new NormalizedScu(association).CreateAsync(
            SopClass.InstanceAvailabilityNotification, noticeUid, notice.ToDataSet(), cancellationToken);
}

/// <summary>Instance Availability Notification SCP: one N-CREATE a notice, nothing is kept under its UID. Source: PS3.4
/// R.3.2.</summary>
/// <param name="received">Takes a notice, durably before it answers; throws <see cref="IOException"/> if it cannot
/// now.</param>
public sealed class AvailabilityScp(
    Func<AvailabilityNotice, AssociationPeer, CancellationToken, ValueTask<DimseStatus>> received) : INormalizedScp
{
    public static IReadOnlyCollection<Uid> Classes { get; } = [SopClass.InstanceAvailabilityNotification];

    public IReadOnlyCollection<Uid> SopClasses => Classes;

    public async ValueTask<NResponse> PerformAsync(NRequest request, CancellationToken cancellationToken)
    {
        if (request is not NCreateRequest create) return NResponse.Refused(DimseStatus.UnrecognizedOperation);
        if (create.SopInstanceUid.IsEmpty) return NResponse.Refused(DimseStatus.InvalidSopInstance);
        return AvailabilityNotice.Read(create.Attributes, out var notice)
            ?? new NResponse(await received(notice!, request.Peer, cancellationToken));
    }
}
