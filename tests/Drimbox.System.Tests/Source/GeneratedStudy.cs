using System.Globalization;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Kos;
using Drimbox.Load.Synthetic;

namespace Drimbox.Tests.Source;

/// <summary>A key image note of a generated study.</summary>
/// <param name="Marked">The images that it marks.</param>
internal sealed record GeneratedNote(DataSet DataSet, string Text, IReadOnlyList<DataSet> Marked);

/// <summary>A rejection note of a generated study.</summary>
/// <param name="File">In the form of PS3.10.</param>
internal sealed record GeneratedRejection(RejectionPlan Plan, IReadOnlyList<Uid> Rejected, byte[] File);

/// <summary>A study as a modality makes it, what a workstation adds, and what is rejected of it.</summary>
internal sealed class GeneratedStudy
{
    private readonly SyntheticStudyOrder _order;
    private readonly List<DataSet> _images = [];
    private readonly List<GeneratedNote> _notes = [];
    private readonly List<GeneratedRejection> _rejections = [];

    /// <param name="order">The study without its series.</param>
    public GeneratedStudy(StudyPlan plan, SyntheticStudyOrder order, bool hasAccessionIssuer, Random random)
    {
        (Plan, _order) = (plan, order);
        for (var i = 0; i < plan.Series.Count; i++) _images.AddRange(SeriesOf(plan.Series[i], i + 1));
        if (!hasAccessionIssuer)
            foreach (var image in _images) image.Remove(Tag.IssuerOfAccessionNumberSequence);
        for (var i = 0; i < plan.KeyImageNotes; i++) _notes.Add(NoteOf(i, random));
        foreach (var rejection in plan.Rejections) Reject(rejection);
    }

    public StudyPlan Plan { get; }

    public Uid Uid => _order.StudyInstanceUid;

    public SyntheticStudyOrder Order => _order;

    public IReadOnlyList<GeneratedNote> Notes => _notes;

    public IReadOnlyList<GeneratedRejection> Rejections => _rejections;

    /// <summary>What is stored: images, and key image notes.</summary>
    public IEnumerable<DataSet> Stored => _images.Concat(_notes.Select(n => n.DataSet));

    /// <summary>What a PACS shows of it once all rejection notes are there.</summary>
    public IEnumerable<DataSet> Visible => Stored.Where(d => !IsRejected(d));

    private bool IsRejected(DataSet instance) =>
        _rejections.Exists(r => r.Rejected.Contains(instance.GetUid(Tag.SOPInstanceUID)));

    /// <summary>A description of so many characters; it tells what it is of.</summary>
    private string Describe(string what)
    {
        // PS3.5 6.2 counts characters, dciodvfy bytes: in UTF-8 a long one is ASCII, so that it finds no fault with it.
        var patient = _order.Patient;
        var isLatin1 = (patient.BirthName + patient.UsedName + patient.GivenNames).All(c => c <= '\u00FF');
        return (what + " " + new string(isLatin1 ? 'é' : 'e', Limit))[..Limit].TrimEnd();
    }

    private int Limit => Plan.DescriptionLength;

    private IEnumerable<DataSet> SeriesOf(SeriesPlan series, int number)
    {
        var order = _order with
        {
            // The UIDs follow from it.
            Seed = number, Modality = series.Modality, Instances = series.Images, Frames = series.Frames,
            StudyDescription = Describe("TDM & IRM"),
        };
        foreach (var image in SyntheticStudy.DataSets(order))
        {
            image.SetInt(Tag.SeriesNumber, number);
            image.SetString(Tag.SeriesDescription, Describe($"{series.Modality} {number}"));
            yield return image;
        }
    }

    // By PS3.3 A.35.4 and TID 2010, not by the code that writes manifests.
    private GeneratedNote NoteOf(int index, Random random)
    {
        var marked = _images.Where(_ => random.Next(3) == 0).Append(_images[random.Next(_images.Count)]).Distinct()
            .ToList();
        var text = index == 0 ? $"Coupe à montrer n° {index + 1}" : "";
        var note = new DataSet();
        note.SetCharacterSet(_images[0].CharacterSet);
        foreach (var tag in (ReadOnlySpan<Tag>)
            [
                Tag.StudyDate, Tag.StudyTime, Tag.AccessionNumber, Tag.IssuerOfAccessionNumberSequence,
                Tag.ReferringPhysicianName, Tag.StudyDescription, Tag.PatientName, Tag.PatientID, Tag.IssuerOfPatientID,
                Tag.IssuerOfPatientIDQualifiersSequence, Tag.PatientBirthDate, Tag.PatientSex, Tag.StudyInstanceUID,
                Tag.StudyID,
            ])
        {
            if (_images[0].TryGet(tag, out var element)) note.Set(element);
        }

        note.SetUid(Tag.SOPClassUID, SopClass.KeyObjectSelectionDocumentStorage);
        note.SetUid(Tag.SOPInstanceUID, UidOf($"note {index}"));
        note.SetUid(Tag.SeriesInstanceUID, UidOf($"series of note {index}"));
        note.SetString(Tag.Modality, "KO");
        note.SetInt(Tag.SeriesNumber, 900 + index);
        note.SetString(Tag.SeriesDescription, "KEY IMAGES");
        note.SetInt(Tag.InstanceNumber, 1);
        note.SetString(Tag.Manufacturer, "OTHER");
        foreach (var tag in (ReadOnlySpan<Tag>)[Tag.SeriesDate, Tag.ContentDate, Tag.InstanceCreationDate])
            note.SetString(tag, _order.PerformedAt.ToString("yyyyMMdd", CultureInfo.InvariantCulture));
        foreach (var tag in (ReadOnlySpan<Tag>)[Tag.SeriesTime, Tag.ContentTime, Tag.InstanceCreationTime])
            note.SetString(tag, "170000");
        note.SetEmpty(Tag.ReferencedPerformedProcedureStepSequence);
        note.SetString(Tag.ValueType, "CONTAINER");
        note.SetSequence(Tag.ConceptNameCodeSequence, CodeItem(note, "113000", "Of Interest"));
        note.SetString(Tag.ContinuityOfContent, "SEPARATE");
        note.SetSequence(Tag.CurrentRequestedProcedureEvidenceSequence, EvidenceOf(note, marked));
        var content = marked.Select(image => ReferenceItem(note, image));
        note.SetSequence(Tag.ContentSequence, text.Length == 0 ? content : [TextItem(note, text), .. content]);
        return new GeneratedNote(note, text, marked);
    }

    private static DataSet CodeItem(DataSet parent, string code, string meaning)
    {
        var item = new DataSet(parent);
        item.SetString(Tag.CodeValue, code);
        item.SetString(Tag.CodingSchemeDesignator, "DCM");
        item.SetString(Tag.CodeMeaning, meaning);
        return item;
    }

    private static DataSet SopItem(DataSet parent, DataSet image)
    {
        var item = new DataSet(parent);
        item.SetUid(Tag.ReferencedSOPClassUID, image.GetUid(Tag.SOPClassUID));
        item.SetUid(Tag.ReferencedSOPInstanceUID, image.GetUid(Tag.SOPInstanceUID));
        return item;
    }

    private static DataSet EvidenceOf(DataSet note, IReadOnlyList<DataSet> marked)
    {
        var study = new DataSet(note);
        study.SetUid(Tag.StudyInstanceUID, note.GetUid(Tag.StudyInstanceUID));
        var bySeries = marked.GroupBy(i => i.GetUid(Tag.SeriesInstanceUID));
        study.SetSequence(Tag.ReferencedSeriesSequence, bySeries.Select(series =>
        {
            var item = new DataSet(study);
            item.SetUid(Tag.SeriesInstanceUID, series.Key);
            item.SetSequence(Tag.ReferencedSOPSequence, series.Select(image => SopItem(item, image)));
            return item;
        }));
        return study;
    }

    private static DataSet ReferenceItem(DataSet note, DataSet image)
    {
        var item = new DataSet(note);
        item.SetString(Tag.RelationshipType, "CONTAINS");
        item.SetString(Tag.ValueType, "IMAGE");
        item.SetSequence(Tag.ReferencedSOPSequence, SopItem(item, image));
        return item;
    }

    private static DataSet TextItem(DataSet note, string text)
    {
        var item = new DataSet(note);
        item.SetString(Tag.RelationshipType, "CONTAINS");
        item.SetString(Tag.ValueType, "TEXT");
        item.SetSequence(Tag.ConceptNameCodeSequence, CodeItem(item, "113012", "Key Object Description"));
        item.SetString(Tag.TextValue, text);
        return item;
    }

    private void Reject(RejectionPlan plan)
    {
        var left = _images.Where(image => !IsRejected(image)).ToList();
        var series = left.GroupBy(image => image.GetUid(Tag.SeriesInstanceUID)).ToList();
        var rejected = plan.WholeSeries ? [.. series[^1]] : series[0].Take(1).ToList();
        // A study without images has no manifest: that is for other tests.
        if (rejected.Count == left.Count) return;
        var first = left[0];
        var note = new RejectionNote(
            UidOf($"rejection {_rejections.Count}"), UidOf($"series of rejection {_rejections.Count}"),
            _order.PerformedAt.AddHours(2), plan.Reason, "OTHER", _order.Patient,
            new ManifestStudy(
                Uid, first.GetString(Tag.StudyDate)!, first.GetString(Tag.StudyTime)!,
                first.GetString(Tag.StudyDescription)!),
            [.. rejected.GroupBy(image => image.GetUid(Tag.SeriesInstanceUID)).Select(one => new ManifestSeries(
                one.Key, null, null,
                [.. one.Select(i => new ManifestInstance(i.GetUid(Tag.SOPClassUID), i.GetUid(Tag.SOPInstanceUID)))]))]);
        _rejections.Add(new GeneratedRejection(
            plan, [.. rejected.Select(i => i.GetUid(Tag.SOPInstanceUID))], RejectionNoteDataSet.ToFile(note)));
    }

    // Like those of the images it follows from the study alone.
    private Uid UidOf(string what) =>
        Uid.Parse($"{Uid}.{what.Aggregate(17U, static (hash, c) => unchecked((hash * 31) + c))}");
}
