using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Tests.Campaigns;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Source;

/// <summary>Manifests of generated studies, from the images of a modality and the message of a RIS to the document in
/// the DMP, in the eyes of others: dciodvfy (dicom3tools), dcmdump and findscu (DCMTK), gdcmdump (GDCM).
/// <c>DRIMBOX_CAMPAIGN=50</c> says how many examinations; six without it.</summary>
public sealed class GeneratedManifestTests(ITestOutputHelper output)
{
    // On both sides of Greenwich, with half an hour, and two that never have summer time together.
    private static readonly string[] TimeZones =
        ["America/Cayenne", "Europe/Paris", "Pacific/Auckland", "Pacific/Marquesas"];

    private readonly ConcurrentBag<string> _differences = [];
    private readonly ConcurrentDictionary<string, int> _warnings = [];
    private int _manifests;
    private int _instances;
    private int _marks;

    [Fact]
    [Requirement("DB.SO.12")]
    [Requirement("DB.SO.18")]
    [Requirement("DB.SO.26")]
    public async Task Each_manifest_of_a_generated_study_says_what_its_images_and_reports_say()
    {
        foreach (var program in (string[])["dciodvfy", "dcmdump", "gdcmdump", "findscu", "storescu", "Orthanc"])
            Peer.Require(program);
        var (count, seed) = (Campaign.Size(small: ExaminationPlan.Chosen, large: 200), Seed.Get());
        var examinations = Enumerable.Range(0, count).Select(number => new GeneratedExamination(
            ExaminationPlan.Of(number, new Random(unchecked((seed * 7919) + number))), seed)).ToList();
        var watch = Stopwatch.StartNew();
        var zones = count > ExaminationPlan.Chosen ? TimeZones : TimeZones[..1];
        for (var i = 0; i < zones.Length; i++)
        {
            await using var site = await ManifestSite.StartAsync(zones[i]);
            var here = examinations.Where(e => e.Plan.Number % zones.Length == i).ToList();
            await site.PublishAsync(here);
            await Parallel.ForEachAsync(
                here, SourceFixture.Token, async (examination, _) => await InspectAsync(site, examination));
        }

        output.WriteLine(
            $"{count} examinations, {examinations.Sum(e => e.Messages.Count)} reports, {_manifests} manifests of "
            + $"{_instances} instances, {_marks} of them marked by a key image note; "
            + $"{examinations.Sum(e => e.Studies.Sum(s => s.Rejections.Count))} rejection notes; "
            + $"{watch.Elapsed.TotalSeconds:F1} s");
        foreach (var (warning, times) in _warnings.OrderBy(w => w.Key, StringComparer.Ordinal))
            output.WriteLine($"dciodvfy, {times} times: {warning}");
        Assert.True(_manifests >= count);
        Assert.True(_differences.IsEmpty, string.Join('\n', _differences.Order(StringComparer.Ordinal)));
    }

    private async Task InspectAsync(ManifestSite site, GeneratedExamination examination)
    {
        using var folder = new StoreFolder();
        var differences = new List<string>();
        var entries = (await site.Registry.FindAsync(examination.Patient.Ins!.Value.Extension!))
            .Where(e => e is { IsManifest: true, IsApproved: true }).ToLookup(ManifestCrossCheck.StudyOf);
        for (var i = 0; i < examination.Studies.Count; i++)
        {
            var where = $"examination {examination.Plan.Number}, study {i + 1}:";
            var path = Directory.CreateDirectory(Path.Combine(folder.Path, $"{i}")).FullName;
            if (entries[examination.Studies[i].Uid.ToString()].ToList() is [var entry])
                await InspectAsync(site, examination, i, entry, path, where, differences);
            else
                differences.Add($"{where} not one manifest is approved");
        }

        foreach (var difference in differences) _differences.Add(difference);
    }

    private async Task InspectAsync(
        ManifestSite site, GeneratedExamination examination, int number, EntryText entry, string folder, string where,
        List<string> differences)
    {
        var study = examination.Studies[number];
        var kos = await site.Registry.RetrieveAsync(entry);
        var file = Path.Combine(folder, "manifest.dcm");
        await File.WriteAllBytesAsync(file, kos, SourceFixture.Token);
        await VerifyAsync(file, where + " manifest", differences);
        foreach (var note in study.Notes)
        {
            // What is marked by a note that is none would say nothing.
            var path = Path.Combine(folder, "note.dcm");
            await File.WriteAllBytesAsync(
                path, Part10Writer.ToBytes(note.DataSet, TransferSyntax.ExplicitVRLittleEndian), SourceFixture.Token);
            await VerifyAsync(path, where + " key image note", differences);
        }

        var visible = study.Visible.ToList();
        var found = await site.FindStudyAsync(examination.Plan.Pacs, study, folder);
        var instances = await site.FindInstancesAsync(examination.Plan.Pacs, study, folder);
        var expected = visible.ConvertAll(d => d.GetString(Tag.SOPInstanceUID)!);
        if (!expected.Order(StringComparer.Ordinal).SequenceEqual(instances.Order(StringComparer.Ordinal)))
            differences.Add($"{where} the PACS shows {instances.Count} instances and not {expected.Count}");
        Interlocked.Increment(ref _manifests);
        Interlocked.Add(ref _instances, visible.Count);
        Interlocked.Add(ref _marks, study.Notes.SelectMany(n => n.Marked).Distinct().Count(visible.Contains));

        var attributes = new ManifestAttributes(
            examination, number,
            TimeZoneInfo.ConvertTime(ManifestCrossCheck.CreationTimeOf(entry), site.TimeZone), visible,
            ManifestSite.RetrieveHost);
        var byDcmtk = Assert.Single(
            DicomDump.Read(await Dcmtk.SucceedAsync("dcmdump", "-q", "+U8", "+L", "-Un", file)));
        attributes.Check(new DumpCheck(byDcmtk, where + " dcmdump", DumpCheck.AsDcmdump, differences), entry.UniqueId);
        var byGdcm = Assert.Single(DicomDump.Read(await Dcmtk.SucceedAsync("gdcmdump", file)));
        var check = new DumpCheck(
            byGdcm, where + " gdcmdump", DumpCheck.AsGdcmdump(examination.IsLatin1 ? Encoding.Latin1 : Encoding.UTF8),
            differences);
        check.Is(examination.IsLatin1 ? "ISO_IR 100" : "ISO_IR 192", "CS", "0008,0005");
        attributes.Check(check, entry.UniqueId);

        ManifestCrossCheck.Compare(
            where,
            [.. examination.Messages.SelectMany(m => (StatedIds[])
                [ManifestCrossCheck.OfCda(ManifestCrossCheck.DocumentOf(m)), ManifestCrossCheck.OfMessage(m)])],
            ManifestCrossCheck.OfKos(byDcmtk), ManifestCrossCheck.OfEntry(entry), ManifestCrossCheck.OfImages(found),
            differences);
        ManifestCrossCheck.CheckEntry(
            where, entry, kos, study.Order.PerformedAt, examination.StopOf(study), examination.CodesOf(number),
            differences);
    }

    /// <summary>dciodvfy: no error; its warnings are counted.</summary>
    private async Task VerifyAsync(string file, string where, List<string> differences)
    {
        var (_, report) = await Dcmtk.RunAsync("dciodvfy", file);
        // It names the IOD that it checked against, so that its silence says something.
        if (!report.Contains("KeyObjectSelectionDocument", StringComparison.Ordinal))
            differences.Add($"{where}: dciodvfy did not read it");
        foreach (var line in report.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("Error", StringComparison.Ordinal)) differences.Add($"{where}: {line}");
            else if (line.StartsWith("Warning", StringComparison.Ordinal))
                _warnings.AddOrUpdate(line, 1, static (_, times) => times + 1);
        }
    }
}
