using System.Collections.Frozen;

namespace Drimbox.Storage;

/// <summary>How an attribute is matched.</summary>
internal enum ColumnKind
{
    /// <summary>By its characters; case counts (PS3.4 C.2.2.2.1).</summary>
    Text,

    /// <summary>By its folded form.</summary>
    PersonName,

    /// <summary>By a key of twelve digits, so that 10 and 100000 are one time.</summary>
    Time,

    Number,

    /// <summary>By the modalities of its visible series.</summary>
    Modalities,

    /// <summary>By the transfer syntaxes of its renditions.</summary>
    TransferSyntaxes,

    /// <summary>Counted; never matched.</summary>
    Count,

    /// <summary>By its items: see <see cref="ArchiveSequence"/>.</summary>
    Sequence,

    /// <summary>By its characters, within an item.</summary>
    Item,
}

/// <param name="Level">The level whose entity has the attribute.</param>
/// <param name="Value">The expression that returns it.</param>
/// <param name="Match">The column that is compared.</param>
/// <param name="Index">The index whose first column is compared, if there is one.</param>
/// <param name="TimeKey">Of a date: the column with the time of the same moment.</param>
internal sealed record ArchiveColumn(
    FindLevel Level, ColumnKind Kind, string Value, string Match, string? Index = null, string? TimeKey = null);

/// <summary>Where the items of a sequence lie.</summary>
/// <param name="Rows">What selects a row for each item; null if there is one item at most, in the columns of the entity
/// itself.</param>
/// <param name="Items">The attributes of an item, in the order of their tags.</param>
internal sealed record ArchiveSequence(string? Rows, IReadOnlyList<ArchiveAttribute> Items);

/// <summary>Where each attribute lies: p, s, e and i are patient, study, series and instance, r an item of Request
/// Attributes Sequence.</summary>
internal static class ArchiveColumns
{
    private const string StudiesOfPatient =
        "FROM study s2 INDEXED BY study_patient WHERE s2.patient = p.id AND s2.visible_instances > 0";

    private static readonly FrozenDictionary<ArchiveAttribute, ArchiveColumn> _columns =
        new Dictionary<ArchiveAttribute, ArchiveColumn>
        {
            [ArchiveAttribute.PatientId] = Text(FindLevel.Patient, "p.patient_id", "patient_attributes"),
            [ArchiveAttribute.IssuerOfPatientId] = Text(FindLevel.Patient, "p.issuer"),
            [ArchiveAttribute.PatientName] =
                new(FindLevel.Patient, ColumnKind.PersonName, "p.name", "p.name_folded", "patient_name_folded"),
            [ArchiveAttribute.PatientBirthDate] = Text(FindLevel.Patient, "p.birth_date"),
            [ArchiveAttribute.PatientSex] = Text(FindLevel.Patient, "p.sex"),
            [ArchiveAttribute.IssuerOfPatientIdQualifiersSequence] = new(FindLevel.Patient, ColumnKind.Sequence, "", ""),
            [ArchiveAttribute.PatientIdUniversalEntityId] = Item("p.issuer_entity"),
            [ArchiveAttribute.PatientIdUniversalEntityIdType] = Item("p.issuer_entity_type"),
            [ArchiveAttribute.NumberOfPatientRelatedStudies] =
                Count(FindLevel.Patient, $"(SELECT count(*) {StudiesOfPatient})"),
            [ArchiveAttribute.NumberOfPatientRelatedSeries] =
                Count(FindLevel.Patient, $"(SELECT coalesce(sum(s2.visible_series), 0) {StudiesOfPatient})"),
            [ArchiveAttribute.NumberOfPatientRelatedInstances] =
                Count(FindLevel.Patient, $"(SELECT coalesce(sum(s2.visible_instances), 0) {StudiesOfPatient})"),

            [ArchiveAttribute.StudyInstanceUid] = Text(FindLevel.Study, "s.study_instance_uid", "study_uid"),
            [ArchiveAttribute.StudyDate] =
                Text(FindLevel.Study, "s.study_date", "study_study_date", "s.study_time_key"),
            [ArchiveAttribute.StudyTime] = new(FindLevel.Study, ColumnKind.Time, "s.study_time", "s.study_time_key"),
            [ArchiveAttribute.AccessionNumber] =
                Text(FindLevel.Study, "s.accession_number", "study_accession_number"),
            [ArchiveAttribute.IssuerOfAccessionNumberSequence] = new(FindLevel.Study, ColumnKind.Sequence, "", ""),
            [ArchiveAttribute.AccessionNumberLocalNamespaceEntityId] = Item("s.accession_issuer"),
            [ArchiveAttribute.AccessionNumberUniversalEntityId] = Item("s.accession_issuer_entity"),
            [ArchiveAttribute.AccessionNumberUniversalEntityIdType] = Item("s.accession_issuer_entity_type"),
            [ArchiveAttribute.StudyId] = Text(FindLevel.Study, "s.study_id"),
            [ArchiveAttribute.StudyDescription] = Text(FindLevel.Study, "s.study_description"),
            [ArchiveAttribute.ReferringPhysicianName] =
                new(FindLevel.Study, ColumnKind.PersonName, "s.referring_physician", "s.referring_folded"),
            [ArchiveAttribute.ModalitiesInStudy] =
                new(FindLevel.Study, ColumnKind.Modalities, "s.modalities", "s.modalities"),
            [ArchiveAttribute.NumberOfStudyRelatedSeries] = Count(FindLevel.Study, "s.visible_series"),
            [ArchiveAttribute.NumberOfStudyRelatedInstances] = Count(FindLevel.Study, "s.visible_instances"),

            [ArchiveAttribute.SeriesInstanceUid] =
                Text(FindLevel.Series, "e.series_instance_uid", "series_uid"),
            [ArchiveAttribute.Modality] = Text(FindLevel.Series, "e.modality"),
            [ArchiveAttribute.SeriesNumber] = Text(FindLevel.Series, "e.series_number"),
            [ArchiveAttribute.SeriesDescription] = Text(FindLevel.Series, "e.series_description"),
            [ArchiveAttribute.SeriesDate] =
                Text(FindLevel.Series, "e.series_date", timeKey: "e.series_time_key"),
            [ArchiveAttribute.SeriesTime] =
                new(FindLevel.Series, ColumnKind.Time, "e.series_time", "e.series_time_key"),
            [ArchiveAttribute.PerformedProcedureStepStartDate] =
                Text(FindLevel.Series, "e.pps_start_date", timeKey: "e.pps_start_time_key"),
            [ArchiveAttribute.PerformedProcedureStepStartTime] =
                new(FindLevel.Series, ColumnKind.Time, "e.pps_start_time", "e.pps_start_time_key"),
            [ArchiveAttribute.RequestAttributesSequence] = new(FindLevel.Series, ColumnKind.Sequence, "", ""),
            [ArchiveAttribute.RequestAccessionNumber] = Item("r.accession_number"),
            [ArchiveAttribute.RequestedProcedureId] =
                Item("r.requested_procedure_id", "request_requested_procedure_id"),
            [ArchiveAttribute.RequestedProcedureDescription] = Item("r.requested_procedure_description"),
            [ArchiveAttribute.ScheduledProcedureStepId] =
                Item("r.scheduled_procedure_step_id", "request_scheduled_step_id"),
            [ArchiveAttribute.ScheduledProcedureStepDescription] = Item("r.scheduled_procedure_step_description"),
            [ArchiveAttribute.NumberOfSeriesRelatedInstances] = Count(FindLevel.Series, "e.visible_instances"),

            [ArchiveAttribute.SopInstanceUid] =
                Text(FindLevel.Image, "i.sop_instance_uid", "instance_uid"),
            [ArchiveAttribute.SopClassUid] = Text(FindLevel.Image, "i.sop_class_uid"),
            [ArchiveAttribute.AvailableTransferSyntaxUid] = new(
                FindLevel.Image, ColumnKind.TransferSyntaxes, RenditionTerms.Value, "i.transfer_syntax_uid"),
            [ArchiveAttribute.InstanceNumber] = Text(FindLevel.Image, "i.instance_number"),
            [ArchiveAttribute.NumberOfFrames] = Number(FindLevel.Image, "i.number_of_frames"),
            [ArchiveAttribute.Rows] = Number(FindLevel.Image, "i.rows"),
            [ArchiveAttribute.Columns] = Number(FindLevel.Image, "i.columns"),
        }.ToFrozenDictionary();

    private static readonly FrozenDictionary<ArchiveAttribute, ArchiveSequence> _sequences =
        new Dictionary<ArchiveAttribute, ArchiveSequence>
        {
            [ArchiveAttribute.IssuerOfPatientIdQualifiersSequence] = new(
                null, [ArchiveAttribute.PatientIdUniversalEntityId, ArchiveAttribute.PatientIdUniversalEntityIdType]),
            [ArchiveAttribute.IssuerOfAccessionNumberSequence] = new(
                null,
                [
                    ArchiveAttribute.AccessionNumberLocalNamespaceEntityId,
                    ArchiveAttribute.AccessionNumberUniversalEntityId,
                    ArchiveAttribute.AccessionNumberUniversalEntityIdType,
                ]),
            [ArchiveAttribute.RequestAttributesSequence] = new(
                "FROM request_attributes r NOT INDEXED WHERE r.series = e.id",
                [
                    ArchiveAttribute.RequestAccessionNumber, ArchiveAttribute.RequestedProcedureDescription,
                    ArchiveAttribute.ScheduledProcedureStepDescription, ArchiveAttribute.ScheduledProcedureStepId,
                    ArchiveAttribute.RequestedProcedureId,
                ]),
        }.ToFrozenDictionary();

    public static ArchiveColumn Of(ArchiveAttribute attribute) => _columns[attribute];

    public static ArchiveSequence SequenceOf(ArchiveAttribute attribute) => _sequences[attribute];

    /// <summary>The unique keys of a level and of those above it: every match tells them.</summary>
    public static IEnumerable<ArchiveAttribute> UniqueKeys(FindLevel level)
    {
        yield return ArchiveAttribute.PatientId;
        if (level >= FindLevel.Study) yield return ArchiveAttribute.StudyInstanceUid;
        if (level >= FindLevel.Series) yield return ArchiveAttribute.SeriesInstanceUid;
        if (level >= FindLevel.Image) yield return ArchiveAttribute.SopInstanceUid;
    }

    private static ArchiveColumn Text(
        FindLevel level, string column, string? index = null, string? timeKey = null) =>
        new(level, ColumnKind.Text, column, column, index, timeKey);

    private static ArchiveColumn Item(string column, string? index = null) =>
        new(FindLevel.Series, ColumnKind.Item, column, column, index);

    private static ArchiveColumn Count(FindLevel level, string sql) => new(level, ColumnKind.Count, sql, "");

    // 0 stands for an attribute that the instance does not have.
    private static ArchiveColumn Number(FindLevel level, string column) =>
        new(level, ColumnKind.Number, $"CASE WHEN {column} = 0 THEN '' ELSE CAST({column} AS TEXT) END", column);
}
