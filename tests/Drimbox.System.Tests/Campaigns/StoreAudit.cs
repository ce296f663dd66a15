using System.Net;
using System.Security.Cryptography;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Campaigns;

/// <summary>What became of the instances of one run, as C-FIND and the getscu of DCMTK see it.</summary>
/// <param name="Lost">Acknowledged, and not found or not retrieved.</param>
/// <param name="Altered">Retrieved with other bytes than were sent.</param>
/// <param name="Halves">Found and not retrieved, retrieved and not found, counted wrongly, or never sent.</param>
internal sealed record StoreAudit(int Acknowledged, int Kept, string[] Lost, string[] Altered, string[] Halves)
{
    private static readonly Uid Find = SopClass.StudyRootQueryRetrieveInformationModelFind;

    public static async Task<StoreAudit> RunAsync(IPEndPoint archive, SentInstances run)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var retrieved = new Dictionary<string, string>(StringComparer.Ordinal);
        var halves = new List<string>();
        foreach (var study in run.Studies)
        {
            var images = await FindAsync(archive, "IMAGE", study, Tag.SOPInstanceUID);
            var counted = await FindAsync(archive, "STUDY", study, Tag.NumberOfStudyRelatedInstances);
            found.UnionWith(images);
            if (string.Concat(counted) != (images.Count == 0 ? "" : $"{images.Count}"))
                halves.Add($"{study}: {string.Concat(counted)} counted, {images.Count} found");
            if (images.Count > 0) await RetrieveAsync(archive, study, retrieved);
        }

        halves.AddRange(found.Except(retrieved.Keys).Select(uid => $"{uid}: found, not retrieved"));
        halves.AddRange(retrieved.Keys.Except(found).Select(uid => $"{uid}: retrieved, not found"));
        halves.AddRange(found.Union(retrieved.Keys).Except(run.Sent.Keys).Select(uid => $"{uid}: never sent"));
        return new StoreAudit(
            run.Acknowledged.Count, retrieved.Count,
            [.. run.Acknowledged.Keys.Where(uid => !found.Contains(uid) || !retrieved.ContainsKey(uid))],
            [.. retrieved.Where(one => run.Sent.GetValueOrDefault(one.Key) != one.Value).Select(one => one.Key)],
            [.. halves]);
    }

    /// <summary>Nothing is lost, nothing is altered, nothing is half there.</summary>
    public void AssertWhole(string context)
    {
        Assert.True(Lost.Length == 0, $"{context}: {Lost.Length} of {Acknowledged} lost: {string.Join(' ', Lost)}");
        Assert.True(Altered.Length == 0, $"{context}: altered: {string.Join(' ', Altered)}");
        Assert.True(Halves.Length == 0, $"{context}: {string.Join("; ", Halves)}");
    }

    private static async Task<List<string>> FindAsync(IPEndPoint archive, string level, string study, Tag wanted)
    {
        await using var association = await Association.RequestAsync(
            new AssociationOptions
            {
                Host = "127.0.0.1",
                Port = archive.Port,
                CallingAe = AeTitle.Parse("MODALITY"),
                CalledAe = AeTitle.Parse("ARCHIVE"),
                Contexts = [CFindScu.ContextFor(Find)],
            },
            TestContext.Current.CancellationToken);
        var query = new DataSet();
        query.SetString(Tag.QueryRetrieveLevel, level);
        query.SetString(Tag.StudyInstanceUID, study);
        if (level == "IMAGE") query.SetString(Tag.SeriesInstanceUID, $"{study}.1");
        query.SetEmpty(wanted);
        var values = new List<string>();
        var matches = new CFindScu(association).FindAsync(Find, query, TestContext.Current.CancellationToken);
        await foreach (var match in matches)
            values.Add(match.GetString(wanted) ?? "");
        await association.ReleaseAsync(TestContext.Current.CancellationToken);
        return values;
    }

    private static async Task RetrieveAsync(IPEndPoint archive, string study, Dictionary<string, string> retrieved)
    {
        using var folder = new StoreFolder();
        await Dcmtk.SucceedAsync(
            "getscu", "-S", "-aet", "MODALITY", "-aec", "ARCHIVE", "+B", "-od", folder.Path,
            "-k", "QueryRetrieveLevel=STUDY", "-k", $"StudyInstanceUID={study}", "127.0.0.1", $"{archive.Port}");
        foreach (var path in Directory.EnumerateFiles(folder.Path))
        {
            Assert.True(DicomFile.TryRead(path, out var file, out _), path);
            await using var stream = File.OpenRead(path);
            stream.Position = file!.DataSetOffset;
            var hash = await SHA256.HashDataAsync(stream, TestContext.Current.CancellationToken);
            retrieved[file.DataSet.GetString(Tag.SOPInstanceUID)!] = Convert.ToHexStringLower(hash);
        }
    }
}
