using System.Globalization;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;

namespace Drimbox.Dicom.Kos;

/// <summary>An <see cref="ImageLibrary"/> as content items, and back: PS3.16 TID 1600 to 1602 with what DICOM CP-2595
/// (letter ballot of 2026-03-22) adds to them, as IHE RAD MADO Rev. 1.1, 6.X.2.9 (pages 49 to 53) asks.</summary>
internal static class ImageLibraryItems
{
    private const string IheScheme = "99IHE";

    private static readonly CodedEntry Library = Dcm("111028", "Image Library");
    private static readonly CodedEntry Group = Dcm("126200", "Image Library Group");
    private static readonly CodedEntry Modality = Dcm("121139", "Modality");
    private static readonly CodedEntry TargetRegion = Dcm("123014", "Target Region");
    private static readonly CodedEntry SeriesUid = Dcm("112002", "Series Instance UID");
    private static readonly CodedEntry SeriesNumber = Dcm("113607", "Series Number");
    private static readonly CodedEntry InstanceNumber = Dcm("113609", "Instance Number");
    private static readonly CodedEntry Frames = Dcm("121140", "Number of Frames");
    private static readonly CodedEntry Title = Dcm("121144", "Document Title");

    // Codes of IHE until those of CP-2595 are in PS3.16 (page 49).
    private static readonly CodedEntry SeriesDescription = new("MADOTEMP002", IheScheme, "Series Description");
    private static readonly CodedEntry SeriesDate = new("MADOTEMP003", IheScheme, "Series Date");
    private static readonly CodedEntry SeriesTime = new("MADOTEMP004", IheScheme, "Series Time");
    private static readonly CodedEntry InstancesOfSeries =
        new("MADOTEMP007", IheScheme, "Number of Series Related Instances");
    private static readonly CodedEntry SeriesOfStudy = new("MADOTEMP009", IheScheme, "Number of Study Related Series");

    /// <summary>What is written as text in the character set of the document.</summary>
    public static IEnumerable<string?> Texts(ImageLibrary library) =>
    [
        .. library.Regions.Select(r => r.Meaning),
        .. library.Series.SelectMany(s => (string[])[s.Description, s.BodyPartExamined]),
        .. library.Series.SelectMany(s => s.Titles).Select(t => t.Title.Meaning),
    ];

    /// <param name="series">What the manifest references, in the order of the library.</param>
    public static DataSet Encode(DataSet document, ImageLibrary library, IReadOnlyList<ManifestSeries> series)
    {
        var item = Container(document, Library);
        item.SetSequence(Tag.ContentSequence,
        [
            // TID 1600 row 1b: each once, as in Modalities in Study.
            .. library.Series.Select(s => s.Modality).Distinct().Order(StringComparer.Ordinal)
                .Select(modality => CodeItem(item, Modality, Dcm(modality, modality))),
            .. library.Regions.Select(region => CodeItem(item, TargetRegion, region)),
            NumberItem(item, SeriesOfStudy, series.Count, "series"),
            .. library.Series.Zip(series, (described, referenced) => GroupItem(item, described, referenced)),
        ]);
        return item;
    }

    /// <summary>The library of a document; null where it has none that describes each of <paramref name="series"/>.
    /// </summary>
    public static ImageLibrary? TryRead(DataSet document, IReadOnlyList<ManifestSeries> series)
    {
        if (Named(document, Library).FirstOrDefault() is not { } library) return null;
        var described = new Dictionary<Uid, LibrarySeries>();
        foreach (var group in Named(library, Group))
        {
            if (SeriesOf(group) is { } one) described.TryAdd(one.SeriesInstanceUid, one);
        }

        if (!series.All(s => described.ContainsKey(s.SeriesInstanceUid))) return null;
        return new ImageLibrary(
            Named(library, TargetRegion).Select(r => KeyObjectDocument.Code(r, Tag.ConceptCodeSequence))
                .OfType<CodedEntry>().ToList(),
            series.Select(s => described[s.SeriesInstanceUid]).ToList());
    }

    /// <summary>The series with the numbers that the library has of them and their images, where the list of references
    /// has none: other makers write them here alone.</summary>
    public static IReadOnlyList<ManifestSeries> Number(DataSet document, IReadOnlyList<ManifestSeries> series)
    {
        var numbers = new Dictionary<Uid, (int? Number, int? Frames)>();
        foreach (var group in Named(document, Library).SelectMany(library => Named(library, Group)))
        {
            if (UidOf(group) is { } uid) numbers.TryAdd(uid, (NumberIn(group, SeriesNumber), null));
            foreach (var entry in group.GetItems(Tag.ContentSequence))
            {
                if (entry.GetItems(Tag.ReferencedSOPSequence) is [var reference, ..]
                    && reference.TryGetUid(Tag.ReferencedSOPInstanceUID, out var instance))
                    numbers.TryAdd(instance, (NumberIn(entry, InstanceNumber), NumberIn(entry, Frames)));
            }
        }

        return series.Select(s => s with
        {
            SeriesNumber = s.SeriesNumber ?? numbers.GetValueOrDefault(s.SeriesInstanceUid).Number,
            Instances = s.Instances.Select(i => i with
            {
                InstanceNumber = i.InstanceNumber ?? numbers.GetValueOrDefault(i.SopInstanceUid).Number,
                NumberOfFrames = i.NumberOfFrames ?? numbers.GetValueOrDefault(i.SopInstanceUid).Frames,
            }).ToList(),
        }).ToList();
    }

    // TID 1600 rows 2 to 4: a group is a series.
    private static DataSet GroupItem(DataSet library, LibrarySeries described, ManifestSeries referenced)
    {
        Core.Invariant.Holds(described.SeriesInstanceUid == referenced.SeriesInstanceUid);
        var group = Container(library, Group);
        var items = new List<DataSet> { CodeItem(group, Modality, Dcm(described.Modality, described.Modality)) };
        if (described.Date.Length > 0) items.Add(ValueItem(group, SeriesDate, "DATE", Tag.Date, described.Date));
        if (described.Time.Length > 0) items.Add(ValueItem(group, SeriesTime, "TIME", Tag.Time, described.Time));
        if (described.Description.Length > 0) items.Add(TextItem(group, SeriesDescription, described.Description));
        if (referenced.SeriesNumber is { } number) items.Add(TextItem(group, SeriesNumber, Text(number)));
        if (described.BodyPartExamined.Length > 0) items.Add(TextItem(group, TargetRegion, described.BodyPartExamined));
        var uid = Item(group, SeriesUid, "UIDREF");
        uid.SetUid(Tag.UID, described.SeriesInstanceUid);
        items.Add(uid);
        // The profile writes TEXT and gives units, which a text has not; CP-2595 row 5g has the number.
        items.Add(NumberItem(group, InstancesOfSeries, referenced.Instances.Count, "instances"));
        items.AddRange(referenced.Instances.Select(instance => EntryItem(
            group, instance, described.Titles.FirstOrDefault(t => t.SopInstanceUid == instance.SopInstanceUid)?.Title)));
        group.SetSequence(Tag.ContentSequence, items);
        return group;
    }

    private static DataSet EntryItem(DataSet group, ManifestInstance instance, CodedEntry? title)
    {
        // The numbers are content items here, not attributes of the reference.
        var entry = KeyObjectDocument.ReferenceItem(
            group, new ManifestInstance(instance.SopClassUid, instance.SopInstanceUid));
        var items = new List<DataSet>();
        if (instance.NumberOfFrames is { } frames) items.Add(NumberItem(entry, Frames, frames, "frames"));
        if (instance.InstanceNumber is { } number) items.Add(TextItem(entry, InstanceNumber, Text(number)));
        if (title is not null) items.Add(CodeItem(entry, Title, title));
        if (items.Count > 0) entry.SetSequence(Tag.ContentSequence, items);
        return entry;
    }

    private static LibrarySeries? SeriesOf(DataSet group)
    {
        if (UidOf(group) is not { } uid) return null;
        var titles = new List<DocumentTitle>();
        foreach (var entry in group.GetItems(Tag.ContentSequence))
        {
            if (entry.GetItems(Tag.ReferencedSOPSequence) is [var reference, ..]
                && reference.TryGetUid(Tag.ReferencedSOPInstanceUID, out var instance)
                && Named(entry, Title).FirstOrDefault() is { } item
                && KeyObjectDocument.Code(item, Tag.ConceptCodeSequence) is { } title)
                titles.Add(new DocumentTitle(instance, title));
        }

        return new LibrarySeries(
            uid,
            Named(group, Modality).FirstOrDefault() is { } modality
                ? KeyObjectDocument.Code(modality, Tag.ConceptCodeSequence)?.Value ?? ""
                : "",
            ValueIn(group, SeriesDate, Tag.Date), ValueIn(group, SeriesTime, Tag.Time),
            ValueIn(group, SeriesDescription, Tag.TextValue), ValueIn(group, TargetRegion, Tag.TextValue), titles);
    }

    private static Uid? UidOf(DataSet group) =>
        Named(group, SeriesUid).FirstOrDefault() is { } item && item.TryGetUid(Tag.UID, out var uid) ? uid : null;

    // The meaning is for people (PS3.3 8.3).
    private static IEnumerable<DataSet> Named(DataSet parent, CodedEntry concept) =>
        parent.GetItems(Tag.ContentSequence).Where(item =>
            KeyObjectDocument.Concept(item) is { } name && name.Value == concept.Value && name.Scheme == concept.Scheme);

    private static string ValueIn(DataSet parent, CodedEntry concept, Tag value) =>
        Named(parent, concept).Select(item => item.GetString(value)).FirstOrDefault(text => text is not null) ?? "";

    // A number as NUM, or as TEXT.
    private static int? NumberIn(DataSet parent, CodedEntry concept)
    {
        if (Named(parent, concept).FirstOrDefault() is not { } item) return null;
        if (item.GetItems(Tag.MeasuredValueSequence) is [var measured, ..])
            return measured.GetDouble(Tag.NumericValue) is { } value and >= 0 and <= int.MaxValue ? (int)value : null;
        return int.TryParse(
            item.GetString(Tag.TextValue), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
    }

    private static DataSet Container(DataSet parent, CodedEntry concept)
    {
        var item = new DataSet(parent);
        item.SetString(Tag.RelationshipType, "CONTAINS");
        KeyObjectDocument.SetTitle(item, concept);
        return item;
    }

    private static DataSet CodeItem(DataSet parent, CodedEntry concept, CodedEntry value)
    {
        var item = Item(parent, concept, "CODE");
        item.SetSequence(Tag.ConceptCodeSequence, KeyObjectDocument.CodeItem(item, value));
        return item;
    }

    private static DataSet TextItem(DataSet parent, CodedEntry concept, string text) =>
        ValueItem(parent, concept, "TEXT", Tag.TextValue, text);

    private static DataSet ValueItem(DataSet parent, CodedEntry concept, string type, Tag tag, string value)
    {
        var item = Item(parent, concept, type);
        item.SetString(tag, value);
        return item;
    }

    // PS3.3 C.18.1; the unit is an annotation of UCUM: {series}.
    private static DataSet NumberItem(DataSet parent, CodedEntry concept, int value, string unit)
    {
        var item = Item(parent, concept, "NUM");
        var measured = new DataSet(item);
        measured.SetSequence(
            Tag.MeasurementUnitsCodeSequence,
            KeyObjectDocument.CodeItem(measured, new CodedEntry($"{{{unit}}}", "UCUM", unit)));
        measured.SetString(Tag.NumericValue, Text(value));
        item.SetSequence(Tag.MeasuredValueSequence, measured);
        return item;
    }

    private static DataSet Item(DataSet parent, CodedEntry concept, string type)
    {
        var item = new DataSet(parent);
        item.SetString(Tag.RelationshipType, "HAS ACQ CONTEXT");
        item.SetString(Tag.ValueType, type);
        item.SetSequence(Tag.ConceptNameCodeSequence, KeyObjectDocument.CodeItem(item, concept));
        return item;
    }

    private static CodedEntry Dcm(string code, string meaning) => new(code, KeyObjectDocument.CodingScheme, meaning);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
