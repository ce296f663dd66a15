using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Json;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.Ingest;

/// <summary>The index made again from the files alone is the index that was.</summary>
public sealed class IndexRebuildTests
{
    private static readonly Tag[] StudyKeys =
    [
        Tag.PatientID, Tag.IssuerOfPatientID, Tag.PatientName, Tag.PatientBirthDate, Tag.PatientSex, Tag.StudyDate,
        Tag.StudyTime, Tag.AccessionNumber, Tag.StudyID, Tag.StudyDescription, Tag.ReferringPhysicianName,
        Tag.ModalitiesInStudy, Tag.NumberOfStudyRelatedSeries, Tag.NumberOfStudyRelatedInstances,
    ];

    [Fact]
    public async Task Every_query_every_retrieve_and_all_that_is_kept_is_the_same()
    {
        await using var workstation = new Receiver("WS");
        await using var archive = await StartAsync(
            o => o with { Destinations = [workstation.Peer], Sites = DuplicateTests.Sites });
        await FillAsync(archive);
        var before = await PictureAsync(archive, workstation);
        Assert.InRange(before.Count, 30, 500);

        await archive.Node.StopAsync();
        DeleteIndex(archive);
        var report = await RebuildAsync(archive);
        await archive.StartNodeAsync();
        Assert.Equal(before, await PictureAsync(archive, workstation));
        Assert.Equal((0, 0, false), (report.Found, report.Repeated, report.HistoryKept));
        Assert.Equal(archive.Files().Length + archive.Files("aside").Length, report.Files);
        // The next start after a crash finds every file in its place.
        var files = archive.Files().Order().Select(path => Path.GetRelativePath(archive.NodeFolder, path)).ToList();
        await using var after = await archive.StartAfterCrashAsync();
        Assert.Equal(files, after.Files().Order().Select(path => Path.GetRelativePath(after.NodeFolder, path)));
        // And life goes on as if nothing had been.
        Assert.Equal(DimseStatus.Success, await archive.StoreAsync(Ct(1, 1, 1, "PAT-HUIT^ALIX")));
        Assert.Equal(0x0111, (await archive.StoreAsAsync("EVIL", Ct(1, 1, 1, "PAT-NEUF^ALIX"))).Code);
    }

    [Fact]
    public async Task Made_again_twice_it_is_the_same_and_what_is_not_in_the_files_is_taken_over()
    {
        await using var workstation = new Receiver("WS");
        await using var archive = await StartAsync(
            o => o with { Destinations = [workstation.Peer], Sites = DuplicateTests.Sites });
        await FillAsync(archive);
        var before = await PictureAsync(archive, workstation);
        var events = await archive.Node.Index.EventsOfAsync(Uid.Parse("1.2.1.1.1"), default);
        Assert.NotEmpty(events);
        for (var again = 0; again < 2; again++)
        {
            await archive.Node.StopAsync();
            Assert.True((await RebuildAsync(archive)).HistoryKept);
            Assert.False(Directory.Exists(Path.Combine(archive.NodeFolder, "rebuild")));
            await archive.StartNodeAsync();
            Assert.Equal(before, await PictureAsync(archive, workstation));
            Assert.Equal(events, await archive.Node.Index.EventsOfAsync(Uid.Parse("1.2.1.1.1"), default));
        }
    }

    [Fact]
    public async Task A_store_in_use_is_refused_and_left_alone()
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        var fault = await Assert.ThrowsAsync<StorageFaultException>(() => RebuildAsync(archive));
        Assert.Equal(StorageFault.InUse, fault.Fault);
        Assert.Single(await archive.FindAsync("STUDY", (Tag.StudyInstanceUID, "")));
    }

    [Fact]
    public async Task An_archive_whose_index_is_gone_does_not_start_and_loses_nothing()
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.Node.StopAsync();
        DeleteIndex(archive);
        var fault = await Assert.ThrowsAsync<StorageFaultException>(archive.StartNodeAsync);
        Assert.Equal(StorageFault.Absent, fault.Fault);
        Assert.Contains("drimbox index rebuild", fault.Message, StringComparison.Ordinal);
        Assert.Single(archive.Files());
        Assert.False(File.Exists(Path.Combine(archive.NodeFolder, "archive.db")));
    }

    [Fact]
    public async Task Whatever_disk_call_fails_the_store_starts_as_it_was_or_asks_for_the_rebuild_again()
    {
        var disk = new FaultyDisk(Disk.Real);
        await using var archive = await StartAsync(disk: disk);
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.StoreAsync(Ct(1, 1, 1, fill: 9));
        await archive.Node.StopAsync();
        for (var nth = 1; ; nth++)
        {
            disk.Arm(nth, DiskFaultKind.DeviceError);
            var fault = await Record.ExceptionAsync(() => RebuildAsync(archive, disk));
            var hasStruck = disk.HasStruck;
            disk.Arm(0, DiskFaultKind.DeviceError);
            if (!hasStruck)
            {
                Assert.Null(fault);
                break;
            }

            Assert.InRange(nth, 1, 60);
            if (fault is not null && !File.Exists(Path.Combine(archive.NodeFolder, "archive.db")))
            {
                Assert.Equal(
                    StorageFault.Absent,
                    (await Assert.ThrowsAsync<StorageFaultException>(archive.StartNodeAsync)).Fault);
                await RebuildAsync(archive, disk);
            }

            await archive.StartNodeAsync();
            Assert.Single(await archive.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1")));
            Assert.Equal(2, (await archive.Node.Kept.VersionsOfAsync(Uid.Parse("1.2.1.1.1"), default))!.Instance.Version);
            await archive.Node.StopAsync();
        }
    }

    [Fact]
    public async Task What_the_files_do_not_decide_is_quarantined_where_it_lies_and_nothing_is_deleted()
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.Node.StopAsync();
        var file = Assert.Single(archive.Files());
        var bytes = await File.ReadAllBytesAsync(file);
        var folder = Path.GetDirectoryName(file)!;
        // Under way when the power went, with the index: half of it, the same again, and another under the same UID.
        await File.WriteAllBytesAsync(Path.Combine(folder, "9999999999999997-a.dcm"), bytes[..(bytes.Length / 2)]);
        await File.WriteAllBytesAsync(Path.Combine(folder, "9999999999999998-b.dcm"), bytes);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(Path.Combine(folder, "9999999999999999-c.dcm"), bytes);
        DeleteIndex(archive);
        var report = await RebuildAsync(archive);
        Assert.Equal((4, 1, 2, 2, 1), (
            report.Files, report.Instances, report.Found, report.Quarantined, report.Repeated));
        await archive.StartNodeAsync();
        Assert.Equal(4, archive.Files().Length);
        Assert.Equal(
            ["Incomplete", "Undecided"],
            (await archive.Node.Kept.ListQuarantineAsync(0, default)).Select(q => q.Reason.ToString()).Order());
        Assert.Single(await archive.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1")));
    }

    /// <summary>Everything that an archive can hold.</summary>
    private static async Task FillAsync(ArchiveFixture archive)
    {
        for (var study = 1; study <= 3; study++)
        for (var series = 1; series <= 2; series++)
        for (var instance = 1; instance <= 3; instance++)
            Assert.Equal(DimseStatus.Success, await archive.StoreAsync(Ct(study, series, instance)));
        // Corrected by its modality; by the PACS with another patient; corrected twice; compressed beside it.
        await archive.StoreAsync(Ct(1, 1, 1, "PAT-DEUX^ALIX"));
        var otherPatient = Ct(3, 2, 1);
        otherPatient.SetString(Tag.PatientID, "IPP9");
        await archive.StoreAsAsync("PACS1", otherPatient);
        await archive.StoreAsync(Ct(1, 1, 2, fill: 8));
        await archive.StoreAsAsync("NODE7", Ct(1, 1, 2, fill: 9), moveOriginator: "PACS1");
        await archive.StoreAsAsync("MR1", Ct(1, 2, 2), TransferSyntax.ImplicitVRLittleEndian);
        // Moved to another study by the PACS.
        var moved = Ct(3, 7, 1);
        moved.SetString(Tag.SOPInstanceUID, "1.2.1.2.3");
        await archive.StoreAsAsync("PACS1", moved);
        // Quarantined; one of them released, a version restored, another dropped.
        for (var i = 1; i <= 3; i++)
            Assert.Equal(0x0111, (await archive.StoreAsAsync("EVIL", Ct(3, 1, i, "PAT-CINQ^ALIX"))).Code);
        var kept = archive.Node.Kept;
        Assert.Null(await kept.ReleaseAsync(2, "root", default));
        Assert.Null(await kept.RestoreAsync(Uid.Parse("1.2.1.1.1"), 1, "root", default));
        Assert.Null(await kept.DropVersionAsync(Uid.Parse("1.2.1.1.2"), 1, "root", default));
        // Rejected; replaced while it is hidden, its first version dropped: still hidden. What comes after is not.
        await archive.StoreAsync(Note(RejectionReason.Quality, 2, (2, 1), (2, 2), (3, 1)));
        await archive.StoreAsync(Ct(2, 2, 1, fill: 9));
        Assert.Null(await kept.DropVersionAsync(Uid.Parse("1.2.2.2.1"), 1, "root", default));
        await archive.StoreAsync(Ct(2, 3, 1));
        await archive.Node.StopAsync();
        await archive.StartNodeAsync();
        await archive.StoreAsAsync("PACS1", Ct(3, 2, 2, fill: 9));
    }

    /// <summary>What can be seen of an archive from outside.</summary>
    private static async Task<List<string>> PictureAsync(ArchiveFixture archive, Receiver workstation)
    {
        var lines = new List<string>();
        (Tag, string)[] series = [(Tag.Modality, ""), (Tag.SeriesNumber, ""), (Tag.SeriesDescription, ""),
            (Tag.NumberOfSeriesRelatedInstances, ""), (Tag.SeriesInstanceUID, "")];
        (Tag, string)[] image = [(Tag.SOPClassUID, ""), (Tag.InstanceNumber, ""), (Tag.Rows, ""),
            (Tag.AvailableTransferSyntaxUID, ""), (Tag.SOPInstanceUID, "")];
        (Tag, string)[] study = [.. StudyKeys.Select(tag => (tag, ""))];
        foreach (var (level, keys) in new[] { ("STUDY", study), ("SERIES", series), ("IMAGE", image) })
        {
            foreach (var match in await archive.FindAsync(level, keys))
                lines.Add($"{level} {System.Text.Encoding.UTF8.GetString(DicomJson.ToBytes(match))}");
        }

        foreach (var name in (string[])["PAT-TROIS*", "PAT-DEUX*", "PAT-CINQ*"])
            lines.Add($"{name} {(await archive.FindAsync("STUDY", (Tag.PatientName, name))).Count}");
        workstation.Stored.Clear();
        for (var number = 1; number <= 3; number++)
            await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, $"1.2.{number}"));
        lines.AddRange(workstation.Stored.Select(stored =>
            $"{stored.Key} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(stored.Value))}"));
        foreach (var row in await archive.Node.Index.ListAsync(0, 1000, default))
        {
            var versions = (await archive.Node.Kept.VersionsOfAsync(row.SopInstanceUid, default))!;
            lines.Add(
                $"{row.SopInstanceUid} {row.SeriesInstanceUid} {row.StudyInstanceUid} {row.Visible} {row.Version} "
                + $"{row.TransferSyntaxUid} {row.File}");
            lines.AddRange(versions.Further.Select(file =>
                $"{row.SopInstanceUid} {file.Version} {file.TransferSyntaxUid} {file.File}"));
        }

        lines.AddRange((await archive.Node.Kept.ListQuarantineAsync(0, default)).Select(file =>
            $"quarantine {file with { RowId = 0 }}"));
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private static void DeleteIndex(ArchiveFixture archive)
    {
        foreach (var file in Directory.GetFiles(archive.NodeFolder, "archive.db*")) File.Delete(file);
    }

    private static Task<RebuildReport> RebuildAsync(ArchiveFixture archive, Disk? disk = null) =>
        new IndexRebuild(
            archive.DataFolder, "pacs",
            new ArchiveSurroundings { Ids = new RandomIdSource(), Random = new Random(1), Disk = disk ?? Disk.Real })
            .RunAsync();
}
