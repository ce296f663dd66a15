using System.Security.Cryptography;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Storage;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive;

/// <summary>What a start finds after a crash.</summary>
public sealed class StartUpTests
{
    [Fact]
    public async Task What_was_acknowledged_is_there_after_a_crash()
    {
        await using var archive = await StartAsync();
        for (var i = 1; i <= 5; i++) await archive.StoreAsync(Ct(1, 1, i));
        await using var after = await archive.StartAfterCrashAsync();
        Assert.Equal(5, (await after.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1"))).Count);
        Assert.Equal(DimseStatus.Success, await after.StoreAsync(Ct(1, 1, 6)));
    }

    [Fact]
    public async Task Rows_whose_files_are_not_whole_are_dropped_and_orphans_are_swept()
    {
        await using var archive = await StartAsync();
        for (var i = 1; i <= 4; i++) await archive.StoreAsync(Ct(1, 1, i));
        var names = new List<string>();
        for (var i = 1; i <= 3; i++)
            names.Add((await archive.Node.Index.FindInstanceAsync(Uid.Parse($"1.2.1.1.{i}"), default))!.File.FileName);
        await using var after = await archive.StartAfterCrashAsync(folder =>
        {
            File.Delete(Path.Combine(folder, names[0]));
            using (var cut = File.OpenWrite(Path.Combine(folder, names[1]))) cut.SetLength(300);
            var bytes = File.ReadAllBytes(Path.Combine(folder, names[2]));
            bytes[^1] ^= 1;
            File.WriteAllBytes(Path.Combine(folder, names[2]), bytes);
            File.WriteAllText(Path.Combine(folder, "instances/000001/orphan.dcm"), "half an object");
        });
        Assert.Equal(
            ["1.2.1.1.4"],
            (await after.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1"))).Select(
                m => m.GetString(Tag.SOPInstanceUID)));
        Assert.Single(after.Files());
        // What was dropped may come again.
        Assert.Equal(DimseStatus.Success, await after.StoreAsync(Ct(1, 1, 1)));
    }

    [Fact]
    public async Task A_note_that_was_stored_but_not_yet_applied_is_applied()
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        // The crash came after the row of the note and before its effect: the row and its file are all there is.
        var note = Note(RejectionReason.Quality, 1, (1, 1));
        var file = Part10Writer.ToBytes(note, TransferSyntax.ExplicitVRLittleEndian, AeTitle.Parse("CT1"));
        await File.WriteAllBytesAsync(Path.Combine(archive.NodeFolder, "instances/000001/note.dcm"), file);
        await archive.Node.Index.InsertAsync(
            new InstanceRecord(
                new PatientAttributes("IPP1", "", "PAT-TROIS^DOMINIQUE", "19790328", "F"),
                new StudyAttributes(Uid.Parse("1.2.1"), "", "", "", "", "", ""),
                new SeriesAttributes(Uid.Parse("1.2.1.900"), "KO", "", "", "", ""),
                new InstanceAttributes(
                    note.GetUid(Tag.SOPInstanceUID), note.GetUid(
                        Tag.SOPClassUID), TransferSyntax.ExplicitVRLittleEndian.Uid, "", 0, 0, 0),
                new InstanceFile(
                    "instances/000001/note.dcm", file.Length, Convert.ToHexStringLower(
                        SHA256.HashData(file)), new string('a', 64),
                    DateTimeOffset.UnixEpoch, AeTitle.Parse("CT1"))),
            [], default);
        Assert.Equal(2, (await archive.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1"))).Count);
        await using var after = await archive.StartAfterCrashAsync();
        Assert.Empty(await after.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1")));
    }

    [Fact]
    public async Task After_a_clean_stop_nothing_is_read_again()
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.Node.StopAsync();
        await archive.StartNodeAsync();
        Assert.True(archive.Node.Index.StoppedCleanly);
        Assert.Single(await archive.FindAsync("STUDY", (Tag.StudyInstanceUID, "1.2.1")));
    }

    [Fact]
    public async Task A_second_process_cannot_open_the_store()
    {
        await using var archive = await StartAsync();
        var second = new Drimbox.Archive.ArchiveNode(
            archive.Node.Options, new Drimbox.Archive.ArchiveSurroundings { Ids = new NoIds(
                ), Random = new Random(1) });
        var fault = await Assert.ThrowsAsync<StorageFaultException>(() => second.StartAsync());
        Assert.Equal(StorageFault.InUse, fault.Fault);
    }

    private sealed class NoIds : Drimbox.Core.IIdSource
    {
        public Uid NewUid() => throw new InvalidOperationException();

        public string NewUuid() => throw new InvalidOperationException();
    }
}
