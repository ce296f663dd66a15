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

    /// <summary>Counted; never matched.</summary>
    Count,
}

/// <param name="Level">The level whose entity has the attribute.</param>
/// <param name="Value">The expression that returns it.</param>
/// <param name="Match">The column that is compared.</param>
internal sealed record ArchiveColumn(FindLevel Level, ColumnKind Kind, string Value, string Match);

/// <summary>Where each attribute lies: p, s, e and i are patient, study, series and instance.</summary>
internal static class ArchiveColumns
{
    private const string SeriesOfPatient =
        "FROM study s2 JOIN series e2 ON e2.study = s2.id WHERE s2.patient = p.id AND e2.visible_instances > 0";

    private const string SeriesOfStudy = "FROM series e2 WHERE e2.study = s.id AND e2.visible_instances > 0";

    private static readonly FrozenDictionary<ArchiveAttribute, ArchiveColumn> _columns =
        new Dictionary<ArchiveAttribute, ArchiveColumn>
        {
            [ArchiveAttribute.PatientId] = Text(FindLevel.Patient, "p.patient_id"),
            [ArchiveAttribute.IssuerOfPatientId] = Text(FindLevel.Patient, "p.issuer"),
            [ArchiveAttribute.PatientName] = new(FindLevel.Patient, ColumnKind.PersonName, "p.name", "p.name_folded"),
            [ArchiveAttribute.PatientBirthDate] = Text(FindLevel.Patient, "p.birth_date"),
            [ArchiveAttribute.PatientSex] = Text(FindLevel.Patient, "p.sex"),
            [ArchiveAttribute.NumberOfPatientRelatedStudies] =
                Count(FindLevel.Patient, $"(SELECT count(DISTINCT s2.id) {SeriesOfPatient})"),
            [ArchiveAttribute.NumberOfPatientRelatedSeries] =
                Count(FindLevel.Patient, $"(SELECT count(*) {SeriesOfPatient})"),
            [ArchiveAttribute.NumberOfPatientRelatedInstances] =
                Count(FindLevel.Patient, $"(SELECT coalesce(sum(e2.visible_instances), 0) {SeriesOfPatient})"),

            [ArchiveAttribute.StudyInstanceUid] = Text(FindLevel.Study, "s.study_instance_uid"),
            [ArchiveAttribute.StudyDate] = Text(FindLevel.Study, "s.study_date"),
            [ArchiveAttribute.StudyTime] = new(FindLevel.Study, ColumnKind.Time, "s.study_time", "s.study_time_key"),
            [ArchiveAttribute.AccessionNumber] = Text(FindLevel.Study, "s.accession_number"),
            [ArchiveAttribute.StudyId] = Text(FindLevel.Study, "s.study_id"),
            [ArchiveAttribute.StudyDescription] = Text(FindLevel.Study, "s.study_description"),
            [ArchiveAttribute.ReferringPhysicianName] =
                new(FindLevel.Study, ColumnKind.PersonName, "s.referring_physician", "s.referring_folded"),
            [ArchiveAttribute.ModalitiesInStudy] = new(
                FindLevel.Study,
                ColumnKind.Modalities,
                $@"(SELECT coalesce(group_concat(modality, '\'), '') FROM (
                    SELECT DISTINCT modality {SeriesOfStudy} AND modality <> '' ORDER BY modality))",
                "e2.modality"),
            [ArchiveAttribute.NumberOfStudyRelatedSeries] =
                Count(FindLevel.Study, $"(SELECT count(*) {SeriesOfStudy})"),
            [ArchiveAttribute.NumberOfStudyRelatedInstances] =
                Count(FindLevel.Study, $"(SELECT coalesce(sum(e2.visible_instances), 0) {SeriesOfStudy})"),

            [ArchiveAttribute.SeriesInstanceUid] = Text(FindLevel.Series, "e.series_instance_uid"),
            [ArchiveAttribute.Modality] = Text(FindLevel.Series, "e.modality"),
            [ArchiveAttribute.SeriesNumber] = Text(FindLevel.Series, "e.series_number"),
            [ArchiveAttribute.SeriesDescription] = Text(FindLevel.Series, "e.series_description"),
            [ArchiveAttribute.SeriesDate] = Text(FindLevel.Series, "e.series_date"),
            [ArchiveAttribute.SeriesTime] =
                new(FindLevel.Series, ColumnKind.Time, "e.series_time", "e.series_time_key"),
            [ArchiveAttribute.NumberOfSeriesRelatedInstances] = Count(FindLevel.Series, "e.visible_instances"),

            [ArchiveAttribute.SopInstanceUid] = Text(FindLevel.Image, "i.sop_instance_uid"),
            [ArchiveAttribute.SopClassUid] = Text(FindLevel.Image, "i.sop_class_uid"),
            [ArchiveAttribute.AvailableTransferSyntaxUid] = Text(FindLevel.Image, "i.transfer_syntax_uid"),
            [ArchiveAttribute.InstanceNumber] = Text(FindLevel.Image, "i.instance_number"),
            [ArchiveAttribute.NumberOfFrames] = Number(FindLevel.Image, "i.number_of_frames"),
            [ArchiveAttribute.Rows] = Number(FindLevel.Image, "i.rows"),
            [ArchiveAttribute.Columns] = Number(FindLevel.Image, "i.columns"),
        }.ToFrozenDictionary();

    public static ArchiveColumn Of(ArchiveAttribute attribute) => _columns[attribute];

    /// <summary>The unique keys of a level and of those above it: every match tells them.</summary>
    public static IEnumerable<ArchiveAttribute> UniqueKeys(FindLevel level)
    {
        yield return ArchiveAttribute.PatientId;
        if (level >= FindLevel.Study) yield return ArchiveAttribute.StudyInstanceUid;
        if (level >= FindLevel.Series) yield return ArchiveAttribute.SeriesInstanceUid;
        if (level >= FindLevel.Image) yield return ArchiveAttribute.SopInstanceUid;
    }

    private static ArchiveColumn Text(FindLevel level, string column) => new(level, ColumnKind.Text, column, column);

    private static ArchiveColumn Count(FindLevel level, string sql) => new(level, ColumnKind.Count, sql, "");

    // 0 stands for an attribute that the instance does not have.
    private static ArchiveColumn Number(FindLevel level, string column) =>
        new(level, ColumnKind.Number, $"iif({column} = 0, '', CAST({column} AS TEXT))", column);
}
