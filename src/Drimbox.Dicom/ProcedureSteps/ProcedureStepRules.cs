using Drimbox.Dicom.Dimse;

namespace Drimbox.Dicom.ProcedureSteps;

/// <summary>What may be done to a Modality Performed Procedure Step. Pure. Source: PS3.4 F.7.2.</summary>
public static class ProcedureStepRules
{
    public const string InProgress = "IN PROGRESS";
    public const string Completed = "COMPLETED";
    public const string Discontinued = "DISCONTINUED";

    /// <summary>PS3.4 table F.7.2-2, (0000,0903).</summary>
    public const ushort NoLongerUpdatable = 0xA710;

    // PS3.4 table F.7.2-1, type 1 at N-CREATE. Those of type 2 that modalities leave out are not asked for.
    private static readonly Tag[] NeededAtCreation =
    [
        Tag.Modality, Tag.PerformedStationAETitle, Tag.PerformedProcedureStepStartDate,
        Tag.PerformedProcedureStepStartTime, Tag.PerformedProcedureStepStatus, Tag.PerformedProcedureStepID,
        Tag.ScheduledStepAttributesSequence,
    ];

    // PS3.4 table F.7.2-1, column N-SET: not allowed.
    private static readonly HashSet<Tag> FixedAtCreation =
    [
        Tag.Modality, Tag.PerformedStationAETitle, Tag.PerformedStationName, Tag.PerformedLocation,
        Tag.PerformedProcedureStepStartDate, Tag.PerformedProcedureStepStartTime, Tag.PerformedProcedureStepID,
        Tag.ScheduledStepAttributesSequence, Tag.PatientName, Tag.PatientID, Tag.IssuerOfPatientID,
        Tag.PatientBirthDate, Tag.PatientSex, Tag.ReferencedPatientSequence, Tag.StudyID,
    ];

    // PS3.4 table F.7.2-1, final state type 1.
    private static readonly Tag[] NeededAtEnd =
        [Tag.PerformedProcedureStepEndDate, Tag.PerformedProcedureStepEndTime];

    /// <returns>The refusal, or null if the step may be created.</returns>
    public static NResponse? RefuseCreation(DataSet attributes)
    {
        if (Missing(attributes, NeededAtCreation) is { } missing) return missing;
        foreach (var step in attributes.GetItems(Tag.ScheduledStepAttributesSequence))
        {
            if (Missing(step, Tag.StudyInstanceUID) is { } absent) return absent;
        }

        return StatusOf(attributes) == InProgress
            ? null
            : NResponse.Refused(
                DimseStatus.InvalidAttributeValue.With("A step is created IN PROGRESS."),
                Tag.PerformedProcedureStepStatus);
    }

    /// <summary>The step after an N-SET.</summary>
    /// <param name="updated">Null if it is refused.</param>
    /// <returns>The response: a refusal, success, or 0107 that names attributes which an N-SET may not set and which were
    /// left as they are.</returns>
    public static NResponse Set(DataSet step, DataSet modifications, out DataSet? updated)
    {
        updated = null;
        if (StatusOf(step) != InProgress)
        {
            // PS3.4 table F.7.2-2, to the letter.
            return new NResponse(DimseStatus.ProcessingFailure.With(
                "Performed Procedure Step Object may no longer be updated"))
            {
                ErrorId = NoLongerUpdatable,
            };
        }

        var status = modifications.Contains(Tag.PerformedProcedureStepStatus) ? StatusOf(modifications) : InProgress;
        if (status is not (InProgress or Completed or Discontinued))
        {
            return NResponse.Refused(
                DimseStatus.InvalidAttributeValue.With("No such status of a performed procedure step."),
                Tag.PerformedProcedureStepStatus);
        }

        var merged = new DataSet();
        foreach (var element in step.Elements) merged.Set(element);
        List<Tag> ignored = [];
        foreach (var element in modifications.Elements)
        {
            if (FixedAtCreation.Contains(element.Tag)) ignored.Add(element.Tag);
            else if (!element.Tag.IsGroupLength && element.Tag != Tag.SpecificCharacterSet) merged.Set(element);
        }

        if (status != InProgress && RefuseEnd(merged, status) is { } unfinished) return unfinished;
        updated = merged;
        return ignored.Count == 0
            ? NResponse.Success
            : NResponse.Refused(DimseStatus.AttributeListError, ignored);
    }

    public static string StatusOf(DataSet step) => step.GetString(Tag.PerformedProcedureStepStatus)?.Trim() ?? "";

    private static NResponse? RefuseEnd(DataSet step, string status)
    {
        if (Missing(step, NeededAtEnd) is { } missing) return missing;
        var series = step.GetItems(Tag.PerformedSeriesSequence);
        // A step that was broken off before the first image has no series, whatever note 2 of the table says.
        if (series.Count == 0)
            return status == Completed ? Missing(step, Tag.PerformedSeriesSequence) : null;
        foreach (var one in series)
        {
            if (Missing(one, Tag.ProtocolName, Tag.SeriesInstanceUID) is { } absent) return absent;
        }

        return null;
    }

    // PS3.7 C.5.10 and C.5.11: an absent attribute and an empty one are different failures.
    private static NResponse? Missing(DataSet dataSet, params IReadOnlyList<Tag> tags)
    {
        var absent = tags.Where(tag => !dataSet.Contains(tag)).ToList();
        if (absent.Count > 0) return NResponse.Refused(DimseStatus.MissingAttribute, absent);
        var empty = tags.Where(tag => IsEmpty(dataSet, tag)).ToList();
        return empty.Count > 0 ? NResponse.Refused(DimseStatus.MissingAttributeValue, empty) : null;
    }

    private static bool IsEmpty(DataSet dataSet, Tag tag) =>
        dataSet.TryGet(tag, out var element) && (element.Sequence is { } items ? items.Count == 0 : element.Length == 0);
}
