using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Storage;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.Ingest;

/// <summary>What an administrator does with versions and quarantine, and what a start after a crash makes of them.
/// </summary>
public sealed class KeptFilesTests : IAsyncLifetime
{
    private static readonly Uid Image = Uid.Parse("1.2.1.1.1");

    private readonly FaultyDisk _disk = new(Disk.Real);
    private ArchiveFixture _archive = null!;

    private Drimbox.Archive.KeptFiles Kept => _archive.Node.Kept;

    public async ValueTask InitializeAsync()
    {
        _archive = await StartAsync(disk: _disk);
        await _archive.StoreAsync(Ct(1, 1, 1, "PAT-UN^ALIX"));
    }

    public ValueTask DisposeAsync() => _archive.DisposeAsync();

    [Fact]
    public async Task What_is_released_stands_and_restoring_takes_it_back()
    {
        await _archive.StoreAsAsync("EVIL", Ct(1, 1, 1, "PAT-DEUX^ALIX"));
        Assert.Null(await Kept.ReleaseAsync(1, "root", default));
        Assert.Equal("PAT-DEUX^ALIX", await NameAsync());
        Assert.Empty(_archive.Files("aside"));
        Assert.Equal(RefusalReason.UnknownTarget, (await Kept.ReleaseAsync(1, "root", default))!.Reason);

        Assert.Null(await Kept.RestoreAsync(Image, 1, "root", default));
        Assert.Equal("PAT-UN^ALIX", await NameAsync());
        var versions = (await Kept.VersionsOfAsync(Image, default))!;
        Assert.Equal((3, 2), (versions.Instance.Version, Assert.Single(versions.Further).Version));
        Assert.Equal(
            ["EVIL quarantined", "root released", "root restored"],
            versions.Events.Select(e => $"{e.Actor} {e.Action}"));
        Assert.Equal(2, _archive.Files().Length);
    }

    [Fact]
    public async Task What_is_dropped_is_gone_and_what_stands_cannot_be_dropped()
    {
        await _archive.StoreAsync(Ct(1, 1, 1, "PAT-DEUX^ALIX"));
        await _archive.StoreAsAsync("EVIL", Ct(1, 1, 1, "PAT-TROIS^ALIX"));
        Assert.Equal(RefusalReason.WrongState, (await Kept.DropVersionAsync(Image, 2, "root", default))!.Reason);
        Assert.Equal(RefusalReason.UnknownTarget, (await Kept.DropVersionAsync(Image, 3, "root", default))!.Reason);
        Assert.Equal(RefusalReason.UnknownTarget, (await Kept.RestoreAsync(Image, 3, "root", default))!.Reason);
        Assert.Equal(RefusalReason.WrongState, (await Kept.RestoreAsync(Image, 2, "root", default))!.Reason);
        Assert.Null(await Kept.DropVersionAsync(Image, 1, "root", default));
        Assert.Null(await Kept.DropQuarantinedAsync(1, "root", default));
        Assert.Single(_archive.Files());
        Assert.Empty(_archive.Files("aside"));
        Assert.Equal("PAT-DEUX^ALIX", await NameAsync());
    }

    [Fact]
    public async Task The_versions_of_a_note_are_kept_since_they_say_what_is_hidden()
    {
        await _archive.StoreAsync(Note(RejectionReason.Quality, 1, (1, 1)));
        await _archive.StoreAsync(Note(RejectionReason.Quality, 1, (1, 2)));
        Assert.Equal(
            RefusalReason.WrongState,
            (await Kept.DropVersionAsync(Uid.Parse("1.2.1.900.1"), 1, "root", default))!.Reason);
    }

    [Fact]
    public async Task A_file_that_rotted_in_quarantine_is_not_released()
    {
        await _archive.StoreAsAsync("EVIL", Ct(1, 1, 1, "PAT-DEUX^ALIX"));
        var path = Assert.Single(_archive.Files("aside"));
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);
        Assert.Equal(RefusalReason.WrongState, (await Kept.ReleaseAsync(1, "root", default))!.Reason);
        Assert.Equal("PAT-UN^ALIX", await NameAsync());
        Assert.True(File.Exists(path));
    }

    [Fact]
    public async Task Whatever_disk_call_fails_a_release_happens_whole_or_not_at_all()
    {
        await _archive.StoreAsAsync("EVIL", Ct(1, 1, 1, "PAT-DEUX^ALIX"));
        for (var nth = 1; ; nth++)
        {
            _disk.Arm(nth, DiskFaultKind.NoSpace);
            var fault = await Record.ExceptionAsync(async () => Assert.Null(await Kept.ReleaseAsync(1, "root", default)));
            var hasStruck = _disk.HasStruck;
            _disk.Arm(0, DiskFaultKind.NoSpace);
            // The last call removes the file from quarantine, where its fault is for the sweep to mend.
            if (fault is null) break;
            Assert.True(hasStruck);
            Assert.IsType<StorageFaultException>(fault);
            Assert.Equal("PAT-UN^ALIX", await NameAsync());
            Assert.Single(_archive.Files());
            Assert.InRange(nth, 1, 20);
        }

        Assert.Equal("PAT-DEUX^ALIX", await NameAsync());
    }

    [Fact]
    public async Task After_a_crash_all_that_is_kept_is_there_and_what_nobody_was_told_of_is_not()
    {
        await _archive.StoreAsync(Ct(1, 1, 1, "PAT-DEUX^ALIX"));
        await _archive.StoreAsAsync("CT1", Ct(1, 1, 1, "PAT-DEUX^ALIX"), TransferSyntax.ImplicitVRLittleEndian);
        await _archive.StoreAsAsync("EVIL", Ct(1, 1, 1, "PAT-TROIS^ALIX"));
        var before = (await Kept.VersionsOfAsync(Image, default))!;
        await using var after = await _archive.StartAfterCrashAsync(folder =>
        {
            // The crash came between the name that tells the decision and its row: a replacement, a quarantined one.
            var file = Directory.GetFiles(Path.Combine(folder, "instances"), "*.v2.dcm", SearchOption.AllDirectories)[0];
            File.Copy(file, file.Replace(".v2.", ".v3.", StringComparison.Ordinal));
            var aside = Directory.GetFiles(Path.Combine(folder, "aside"))[0];
            var bytes = File.ReadAllBytes(aside);
            bytes[^1] ^= 1;
            File.WriteAllBytes(Path.Combine(folder, "aside/1790000000123456-f.otherstudy.dcm"), bytes);
        });
        var versions = (await after.Node.Kept.VersionsOfAsync(Image, default))!;
        Assert.Equal(before.Instance.File, versions.Instance.File);
        Assert.Equal(before.Further, versions.Further);
        Assert.Equal(3, after.Files().Length);
        // Nothing in quarantine is removed by itself.
        Assert.Equal(
            [QuarantineReason.OtherSender, QuarantineReason.OtherStudy],
            (await after.Node.Kept.ListQuarantineAsync(0, default)).Select(file => file.Reason));
        Assert.Null(await after.Node.Kept.RestoreAsync(Image, 1, "root", default));
    }

    [Fact]
    public async Task A_version_whose_file_is_lost_gives_way_to_the_one_before()
    {
        await _archive.StoreAsync(Ct(1, 1, 1, "PAT-DEUX^ALIX"));
        await _archive.StoreAsync(Ct(1, 1, 1, "PAT-TROIS^ALIX"));
        var lost = (await Kept.VersionsOfAsync(Image, default))!.Instance.File.FileName;
        await using var after = await _archive.StartAfterCrashAsync(folder => File.Delete(Path.Combine(folder, lost)));
        Assert.Equal(
            "PAT-DEUX^ALIX",
            Assert.Single(await after.FindAsync("STUDY", (Tag.PatientName, ""))).GetString(Tag.PatientName));
        Assert.Equal(1, Assert.Single((await after.Node.Kept.VersionsOfAsync(Image, default))!.Further).Version);
        Assert.Equal(DimseStatus.Success, await after.StoreAsync(Ct(1, 1, 1, "PAT-TROIS^ALIX")));
    }

    [Fact]
    public async Task Files_that_an_earlier_version_put_aside_are_taken_into_quarantine()
    {
        await _archive.Node.StopAsync();
        File.Copy(
            Assert.Single(_archive.Files()),
            Path.Combine(_archive.NodeFolder, "aside", "0f8fad5b-d9cb-469f-a165-70867728950e.dcm"));
        await _archive.StartNodeAsync();
        var file = Assert.Single(await Kept.ListQuarantineAsync(0, default));
        Assert.Equal((Image, QuarantineReason.Undecided), (file.SopInstanceUid, file.Reason));
        Assert.Equal("CT1", file.File.SenderAe.ToString());
    }

    private async Task<string?> NameAsync() => Assert.Single(
        await _archive.FindAsync("STUDY", (Tag.PatientName, ""))).GetString(Tag.PatientName);
}
