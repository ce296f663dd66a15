using System.Globalization;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;

namespace Drimbox.Dicom.Kos;

/// <summary>What manifests and rejection notes share: the modules of the Key Object Selection Document IOD
/// (PS3.3 A.35.4) and its lists of references.</summary>
internal static class KeyObjectDocument
{
    internal const string CodingScheme = "DCM";

    /// <summary>"Key Object Description" (PS3.16 TID 2010): the text of a document.</summary>
    internal const string DescriptionCode = "113012";

    internal static Uid SopClassUid => SopClass.KeyObjectSelectionDocumentStorage;

    /// <summary>The SOP Common, series, equipment and document attributes that follow from the instant and the ids.
    /// </summary>
    internal static void SetDocument(
        DataSet dataSet, Uid sopInstanceUid, Uid seriesInstanceUid, DateTimeOffset createdAt, string manufacturer)
    {
        var date = createdAt.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        var time = createdAt.ToString("HHmmss", CultureInfo.InvariantCulture);
        dataSet.SetString(Tag.InstanceCreationDate, date);
        dataSet.SetString(Tag.InstanceCreationTime, time);
        dataSet.SetUid(Tag.SOPClassUID, SopClassUid);
        dataSet.SetUid(Tag.SOPInstanceUID, sopInstanceUid);
        dataSet.SetString(Tag.SeriesDate, date);
        dataSet.SetString(Tag.SeriesTime, time);
        dataSet.SetString(Tag.ContentDate, date);
        dataSet.SetString(Tag.ContentTime, time);
        dataSet.SetString(Tag.Modality, "KO");
        dataSet.SetString(Tag.Manufacturer, manufacturer);
        dataSet.SetEmpty(Tag.ReferringPhysicianName);
        // PS3.3 C.12.1.1.8: ±HHMM.
        var offset = createdAt.Offset;
        dataSet.SetString(
            Tag.TimezoneOffsetFromUTC,
            (offset < TimeSpan.Zero ? "-" : "+") + offset.ToString("hhmm", CultureInfo.InvariantCulture));
        dataSet.SetEmpty(Tag.ReferencedPerformedProcedureStepSequence);
        dataSet.SetUid(Tag.SeriesInstanceUID, seriesInstanceUid);
        dataSet.SetInt(Tag.SeriesNumber, 59);
        dataSet.SetInt(Tag.InstanceNumber, 1);
    }

    internal static void SetStudy(DataSet dataSet, ManifestStudy study)
    {
        dataSet.SetString(Tag.StudyDate, study.Date);
        dataSet.SetString(Tag.StudyTime, study.Time);
        // At the root it is present and empty: the numbers are in the Referenced Request Sequence.
        dataSet.SetEmpty(Tag.AccessionNumber);
        dataSet.SetString(Tag.StudyDescription, study.Description);
        dataSet.SetUid(Tag.StudyInstanceUID, study.StudyInstanceUid);
        dataSet.SetEmpty(Tag.StudyID);
    }

    internal static void SetTitle(DataSet dataSet, CodedEntry title)
    {
        dataSet.SetString(Tag.ValueType, "CONTAINER");
        dataSet.SetSequence(Tag.ConceptNameCodeSequence, CodeItem(dataSet, title));
        dataSet.SetString(Tag.ContinuityOfContent, "SEPARATE");
    }

    internal static DataSet CodeItem(DataSet parent, string code, string meaning) =>
        CodeItem(parent, new CodedEntry(code, CodingScheme, meaning));

    internal static DataSet CodeItem(DataSet parent, CodedEntry code)
    {
        var item = new DataSet(parent);
        item.SetString(Tag.CodeValue, code.Value);
        item.SetString(Tag.CodingSchemeDesignator, code.Scheme);
        item.SetString(Tag.CodeMeaning, code.Meaning);
        return item;
    }

    /// <summary>The code of the document title, or null if the scheme is another.</summary>
    internal static string? Title(DataSet dataSet) =>
        Concept(dataSet) is { Scheme: CodingScheme } concept ? concept.Value : null;

    /// <summary>What a document is titled, or a content item is named; null where it is not said.</summary>
    internal static CodedEntry? Concept(DataSet dataSet) => Code(dataSet, Tag.ConceptNameCodeSequence);

    /// <summary>The one code of a sequence; null where there is none, or several.</summary>
    internal static CodedEntry? Code(DataSet dataSet, Tag sequence) =>
        dataSet.GetItems(sequence) is [var item] && item.GetString(Tag.CodeValue) is { } value
            ? new CodedEntry(
                value, item.GetString(Tag.CodingSchemeDesignator) ?? "", item.GetString(Tag.CodeMeaning) ?? "")
            : null;

    /// <summary>PS3.3 C.17.6.2: (0040,A375), the complete list of what the document references.</summary>
    internal static void SetEvidence(
        DataSet dataSet, Uid studyInstanceUid, IReadOnlyList<ManifestSeries> series,
        Action<DataSet, ManifestInstance>? extend = null)
    {
        var study = new DataSet(dataSet);
        study.SetSequence(Tag.ReferencedSeriesSequence, series.Select(s => SeriesItem(study, s, extend)));
        study.SetUid(Tag.StudyInstanceUID, studyInstanceUid);
        dataSet.SetSequence(Tag.CurrentRequestedProcedureEvidenceSequence, study);
    }

    /// <summary>PS3.3 C.17.6.2 and C.18: one content item for each reference.</summary>
    internal static IEnumerable<DataSet> ReferenceItems(DataSet dataSet, IReadOnlyList<ManifestSeries> series) =>
        series.SelectMany(s => s.Instances).Select(instance => ReferenceItem(dataSet, instance));

    /// <summary>PS3.3 C.18.3 to C.18.5: a content item that is a reference.</summary>
    internal static DataSet ReferenceItem(DataSet parent, ManifestInstance instance)
    {
        var item = new DataSet(parent);
        var reference = new DataSet(item);
        SetReference(reference, instance);
        item.SetSequence(Tag.ReferencedSOPSequence, reference);
        item.SetString(Tag.RelationshipType, "CONTAINS");
        item.SetString(Tag.ValueType, ValueTypeOf(instance.SopClassUid));
        return item;
    }

    internal static DataSet TextItem(DataSet parent, string code, string meaning, string text)
    {
        var item = new DataSet(parent);
        item.SetString(Tag.RelationshipType, "CONTAINS");
        item.SetString(Tag.ValueType, "TEXT");
        item.SetSequence(Tag.ConceptNameCodeSequence, CodeItem(item, code, meaning));
        item.SetString(Tag.TextValue, text);
        return item;
    }

    internal static IReadOnlyList<ManifestSeries>? ReadEvidence(DataSet dataSet, out Uid studyInstanceUid)
    {
        studyInstanceUid = default;
        // One document, one study.
        if (dataSet.GetItems(Tag.CurrentRequestedProcedureEvidenceSequence) is not [var study]) return null;
        if (!study.TryGetUid(Tag.StudyInstanceUID, out studyInstanceUid)) return null;
        var series = new List<ManifestSeries>();
        foreach (var item in study.GetItems(Tag.ReferencedSeriesSequence))
        {
            if (!item.TryGetUid(Tag.SeriesInstanceUID, out var seriesUid)) return null;
            var instances = new List<ManifestInstance>();
            foreach (var reference in item.GetItems(Tag.ReferencedSOPSequence))
            {
                if (!reference.TryGetUid(Tag.ReferencedSOPClassUID, out var sopClass)
                    || !reference.TryGetUid(Tag.ReferencedSOPInstanceUID, out var sopInstance)) return null;
                instances.Add(new ManifestInstance(
                    sopClass, sopInstance, reference.GetInt(Tag.InstanceNumber), reference.GetInt(Tag.NumberOfFrames)));
            }

            series.Add(new ManifestSeries(
                seriesUid, item.GetInt(Tag.SeriesNumber), item.GetString(Tag.RetrieveURL), instances)
            {
                RetrieveLocationUid = item.TryGetUid(Tag.RetrieveLocationUID, out var location) ? location : null,
            });
        }

        return series;
    }

    /// <summary>The text of a document, or an empty one.</summary>
    internal static string ReadDescription(DataSet dataSet)
    {
        foreach (var item in dataSet.GetItems(Tag.ContentSequence))
        {
            if (Title(item) == DescriptionCode) return item.GetString(Tag.TextValue) ?? "";
        }

        return "";
    }

    /// <summary>The instant in (0008,0012), (0008,0013) and (0008,0201); UTC where no offset is given. That of the
    /// content, which every such document has (PS3.3 C.17.6.2), where its maker leaves that of the instance out.</summary>
    internal static DateTimeOffset? ReadCreation(DataSet dataSet)
    {
        var (date, time) = dataSet.Contains(Tag.InstanceCreationDate)
            ? (Tag.InstanceCreationDate, Tag.InstanceCreationTime)
            : (Tag.ContentDate, Tag.ContentTime);
        var text = dataSet.GetString(date) + dataSet.GetString(time)?.Split('.')[0];
        if (!DateTime.TryParseExact(
                text, "yyyyMMddHHmmss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var local)) return null;
        var offset = TimeSpan.Zero;
        if (dataSet.GetString(Tag.TimezoneOffsetFromUTC) is { Length: 5 } zone
            && TimeSpan.TryParseExact(zone[1..], "hhmm", CultureInfo.InvariantCulture, out var magnitude)
            && magnitude <= TimeSpan.FromHours(14))
            offset = zone[0] == '-' ? -magnitude : magnitude;
        // The first and last day of the calendar have no room for an offset.
        return local.Year is > 1 and < 9999 ? new DateTimeOffset(local, offset) : null;
    }

    internal static ManifestStudy ReadStudy(DataSet dataSet, Uid studyInstanceUid) => new(
        studyInstanceUid,
        dataSet.GetString(Tag.StudyDate) ?? "",
        dataSet.GetString(Tag.StudyTime) ?? "",
        dataSet.GetString(Tag.StudyDescription) ?? "");

    private static DataSet SeriesItem(
        DataSet study, ManifestSeries series, Action<DataSet, ManifestInstance>? extend)
    {
        var item = new DataSet(study);
        if (series.RetrieveUrl is { } url) item.SetString(Tag.RetrieveURL, url);
        item.SetSequence(Tag.ReferencedSOPSequence, series.Instances.Select(instance =>
        {
            var reference = new DataSet(item);
            SetReference(reference, instance);
            extend?.Invoke(reference, instance);
            return reference;
        }));
        item.SetUid(Tag.SeriesInstanceUID, series.SeriesInstanceUid);
        if (series.SeriesNumber is { } number) item.SetInt(Tag.SeriesNumber, number);
        if (series.RetrieveLocationUid is { } location) item.SetUid(Tag.RetrieveLocationUID, location);
        return item;
    }

    private static void SetReference(DataSet reference, ManifestInstance instance)
    {
        reference.SetUid(Tag.ReferencedSOPClassUID, instance.SopClassUid);
        reference.SetUid(Tag.ReferencedSOPInstanceUID, instance.SopInstanceUid);
        if (instance.InstanceNumber is { } number) reference.SetInt(Tag.InstanceNumber, number);
        if (instance.NumberOfFrames is { } frames) reference.SetInt(Tag.NumberOfFrames, frames);
    }

    // PS3.3 A.35.4.3.1: IMAGE, WAVEFORM or COMPOSITE, by what the SOP class is. A class of images is called so in
    // PS3.6, but for these few.
    private static string ValueTypeOf(Uid sopClass)
    {
        if (!UidRegistry.TryFind(sopClass, out var entry)) return "COMPOSITE";
        if (entry.Name.EndsWith("Waveform Storage", StringComparison.Ordinal)) return "WAVEFORM";
        var isImage = entry.Name.Contains("Image Storage", StringComparison.Ordinal)
            || sopClass == SopClass.SegmentationStorage || sopClass == SopClass.LabelMapSegmentationStorage
            || sopClass == SopClass.HeightMapSegmentationStorage || sopClass == SopClass.ParametricMapStorage
            || sopClass == SopClass.EnhancedUSVolumeStorage || sopClass == SopClass.RTDoseStorage;
        return isImage ? "IMAGE" : "COMPOSITE";
    }
}
