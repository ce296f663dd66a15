using System.Globalization;
using Drimbox.Core.Identity;
using Drimbox.Dicom;

namespace Drimbox.Tests.Source;

/// <summary>What a manifest of a generated study must say (facts document 2.1, from the national samples), by what its
/// images and reports say: type, presence and value of each attribute.</summary>
/// <param name="studyNumber">Of the examination, from 0.</param>
/// <param name="createdAt">XDS creationTime, in the time zone of the site.</param>
/// <param name="visible">The instances that the PACS shows now.</param>
/// <param name="host">Of the retrieve URLs.</param>
internal sealed class ManifestAttributes(
    GeneratedExamination examination, int studyNumber, DateTimeOffset createdAt, IReadOnlyList<DataSet> visible,
    string host)
{
    private const string KeyObjectSelection = "1.2.840.10008.5.1.4.1.1.88.59";

    private readonly GeneratedStudy _study = examination.Studies[studyNumber];

    // In the order in which they are to be shown.
    private readonly List<IGrouping<string, DataSet>> _series =
    [
        .. visible.GroupBy(i => i.GetString(Tag.SeriesInstanceUID)!)
            .OrderBy(s => s.First().GetInt(Tag.SeriesNumber)),
    ];

    /// <param name="uniqueId">XDS uniqueId.</param>
    public void Check(DumpCheck kos, string uniqueId)
    {
        CheckDocument(kos, uniqueId);
        CheckPatient(kos);
        CheckRequests(kos);
        CheckEvidence(kos);
        CheckContent(kos);
        // Its value is the character set, which dcmdump +U8 changes.
        kos.Value("0008,0005", "CS");
        kos.IsNothingElse();
    }

    private void CheckDocument(DumpCheck kos, string uniqueId)
    {
        var (date, time) = (Written(createdAt, "yyyyMMdd"), Written(createdAt, "HHmmss"));
        kos.Is(date, "DA", "0008,0012", "0008,0021", "0008,0023");
        kos.Is(time, "TM", "0008,0013", "0008,0031", "0008,0033");
        kos.Is(Written(createdAt, "zzz").Replace(":", "", StringComparison.Ordinal), "SH", "0008,0201");
        kos.Is(KeyObjectSelection, "UI", "0008,0016");
        kos.Is(uniqueId, "UI", "0008,0018");
        var image = visible[0];
        kos.Is(image.GetString(Tag.StudyDate)!, "DA", "0008,0020");
        kos.Is(image.GetString(Tag.StudyTime)!, "TM", "0008,0030");
        kos.Is(image.GetString(Tag.StudyDescription)!, "LO", "0008,1030");
        kos.IsEmpty("SH", "0008,0050", "0020,0010");
        kos.Is("KO", "CS", "0008,0060");
        kos.Is("Drimbox", "LO", "0008,0070");
        var structure = SourceReports.Structure;
        kos.Is($"{structure.Name}^^^^^^^^^{structure.Id.Extension}", "LO", "0008,0080");
        kos.IsEmpty("PN", "0008,0090");
        kos.IsEmpty("SQ", "0008,1111");
        kos.Is(_study.Uid.ToString(), "UI", "0020,000d");
        var series = kos.Value("0020,000e", "UI");
        kos.Same(
            "own series", ["new"],
            [Uid.TryParse(series, out _) && series != uniqueId && _series.All(s => s.Key != series) ? "new" : series]);
        kos.Is("59", "IS", "0020,0011");
        kos.Is("1", "IS", "0020,0013");
        kos.Is("CONTAINER", "CS", "0040,a040");
        kos.Is("SEPARATE", "CS", "0040,a050");
        foreach (var title in kos.Items("0040,a043", 1)) IsCode(title, "113030", "MANIFEST");
    }

    private void CheckPatient(DumpCheck kos)
    {
        var patient = examination.Patient;
        kos.Is($"{patient.BirthName}^{patient.FirstGivenName}", "PN", "0010,0010");
        IsIns(kos);
        kos.Is(patient.BirthDate, "DA", "0010,0030");
        kos.Is(patient.Sex, "CS", "0010,0040");
        kos.Is(
            $"^{patient.GivenNames}" + (patient.UsedName is { } used ? $"\\{used}^{patient.FirstGivenName}" : ""),
            "PN", "0010,1001");
        foreach (var other in kos.Items("0010,1002", 1))
        {
            IsIns(other);
            other.Is("TEXT", "CS", "0010,0022");
            other.IsNothingElse();
        }

        kos.Is(patient.BirthPlace, "LT", "0010,4000");
    }

    private void IsIns(DumpCheck item)
    {
        item.Is(examination.Patient.Ins!.Value.Extension!, "LO", "0010,0020");
        item.Is("ASIP-SANTE-INS-NIR", "LO", "0010,0021");
        foreach (var authority in item.Items("0010,0024", 1)) IsAuthority(authority, NationalAuthorities.InsNirTest);
    }

    private void CheckRequests(DumpCheck kos)
    {
        var orders = examination.Orders.ToList();
        foreach (var (item, order) in kos.Items("0040,a370", orders.Count).Zip(orders))
        {
            item.Is(_study.Uid.ToString(), "UI", "0020,000d");
            item.Is(order.AccessionNumber!.Value.Extension!, "SH", "0008,0050");
            foreach (var issuer in item.Items("0008,0051", 1)) IsAuthority(issuer, order.AccessionNumber!.Value.Root);
            item.Is(order.PlacerOrderNumber.Extension!, "LO", "0040,2016");
            foreach (var issuer in item.Items("0040,0026", 1)) IsAuthority(issuer, order.PlacerOrderNumber.Root);
            item.IsEmpty("LO", "0040,2017", "0032,1060");
            item.IsEmpty("SH", "0040,1001");
            item.IsEmpty("SQ", "0032,1064", "0008,1110");
            item.IsNothingElse();
        }
    }

    private void CheckEvidence(DumpCheck kos)
    {
        foreach (var study in kos.Items("0040,a375", 1))
        {
            study.Is(_study.Uid.ToString(), "UI", "0020,000d");
            foreach (var (item, series) in study.Items("0008,1115", _series.Count).Zip(_series))
            {
                item.Is(series.Key, "UI", "0020,000e");
                item.Is($"{series.First().GetInt(Tag.SeriesNumber)}", "IS", "0020,0011");
                item.Is($"https://{host}/studies/{_study.Uid}/series/{series.Key}", "UR", "0008,1190");
                var instances = series.OrderBy(i => i.GetInt(Tag.InstanceNumber)).ToList();
                foreach (var (reference, instance) in item.Items("0008,1199", instances.Count).Zip(instances))
                    CheckReference(reference, instance);
                item.IsNothingElse();
            }

            study.IsNothingElse();
        }
    }

    private void CheckReference(DumpCheck reference, DataSet instance)
    {
        IsReference(reference, instance);
        var notes = _study.Notes.Where(n => visible.Contains(n.DataSet) && n.Marked.Contains(instance))
            .OrderBy(n => n.DataSet.GetUid(Tag.SOPInstanceUID)).ToList();
        if (notes.Count > 0)
        {
            foreach (var (item, note) in reference.Items("0008,1199", notes.Count).Zip(notes))
            {
                item.Is(note.DataSet.GetString(Tag.SOPInstanceUID)!, "UI", "0008,1155");
                item.Is(note.DataSet.GetString(Tag.SeriesInstanceUID)!, "UI", "0020,000e");
                foreach (var concept in item.Items("0040,a043", 1)) IsCode(concept, "113000", "Of Interest");
                foreach (var content in item.Items("0040,a730", 1))
                {
                    if (note.Text.Length > 0) content.Is(note.Text, "UT", "0040,a160");
                    else content.IsEmpty("UT", "0040,a160");
                    content.IsNothingElse();
                }

                item.IsNothingElse();
            }
        }

        reference.IsNothingElse();
    }

    private void CheckContent(DumpCheck kos)
    {
        var instances = _series.SelectMany(s => s.OrderBy(i => i.GetInt(Tag.InstanceNumber))).ToList();
        var items = kos.Items("0040,a730", instances.Count + 1);
        foreach (var (item, instance) in items.Zip(instances))
        {
            item.Is("CONTAINS", "CS", "0040,a010");
            var isNote = instance.GetString(Tag.SOPClassUID) == KeyObjectSelection;
            item.Is(isNote ? "COMPOSITE" : "IMAGE", "CS", "0040,a040");
            foreach (var reference in item.Items("0008,1199", 1))
            {
                IsReference(reference, instance);
                reference.IsNothingElse();
            }

            item.IsNothingElse();
        }

        if (items.Count == 0) return;
        var text = items[^1];
        text.Is("CONTAINS", "CS", "0040,a010");
        text.Is("TEXT", "CS", "0040,a040");
        foreach (var concept in text.Items("0040,a043", 1)) IsCode(concept, "113012", "Key Object Description");
        text.Is(Description(), "UT", "0040,a160");
        text.IsNothingElse();
    }

    private string Description()
    {
        var regions = string.Join(", ", examination.RegionsOf(studyNumber));
        return $"Examen : {visible[0].GetString(Tag.StudyDescription)}\n"
            + $"Acte = {string.Join(" ; ", examination.ActsOf(studyNumber))}\n"
            + string.Concat(_series.Select(s => $"Série-{s.Key} : {s.First().GetString(Tag.Modality)} @{regions} : "
                + $"{s.First().GetString(Tag.SeriesDescription)}\n"));
    }

    private static string Written(DateTimeOffset time, string form) =>
        time.ToString(form, CultureInfo.InvariantCulture);

    private static void IsReference(DumpCheck reference, DataSet instance)
    {
        reference.Is(instance.GetString(Tag.SOPClassUID)!, "UI", "0008,1150");
        reference.Is(instance.GetString(Tag.SOPInstanceUID)!, "UI", "0008,1155");
        reference.Is($"{instance.GetInt(Tag.InstanceNumber)}", "IS", "0020,0013");
        // Frames are counted where there are frames.
        if (instance.GetInt(Tag.NumberOfFrames) is { } frames) reference.Is($"{frames}", "IS", "0028,0008");
    }

    private static void IsCode(DumpCheck item, string code, string meaning)
    {
        item.Is(code, "SH", "0008,0100");
        item.Is("DCM", "SH", "0008,0102");
        item.Is(meaning, "LO", "0008,0104");
        item.IsNothingElse();
    }

    private static void IsAuthority(DumpCheck item, string oid)
    {
        item.Is(oid, "UT", "0040,0032");
        item.Is("ISO", "CS", "0040,0033");
        item.IsNothingElse();
    }
}
