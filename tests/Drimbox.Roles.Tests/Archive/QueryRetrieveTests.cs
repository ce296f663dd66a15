using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive;

public sealed class QueryRetrieveTests : IAsyncLifetime
{
    private readonly Receiver _workstation = new("WS");
    private ArchiveFixture _archive = null!;

    public async ValueTask InitializeAsync()
    {
        _archive = await StartAsync(o => o with { Destinations = [_workstation.Peer] });
        await _archive.StoreAsync(Ct(1, 1, 1));
        await _archive.StoreAsync(Ct(1, 1, 2));
        await _archive.StoreAsync(Ct(1, 2, 1));
        await _archive.StoreAsync(Ct(2, 1, 1, "MÜLLER^ZOÉ"));
    }

    public async ValueTask DisposeAsync()
    {
        await _archive.DisposeAsync();
        await _workstation.DisposeAsync();
    }

    [Theory]
    // Single value, list of UIDs, wildcard, range, universal: PS3.4 C.2.2.2.1 to C.2.2.2.5.
    [InlineData("AccessionNumber", "ACN2", "1.2.2")]
    [InlineData("StudyInstanceUID", "1.2.1\\1.2.2\\1.2.3", "1.2.1 1.2.2")]
    [InlineData("PatientName", "pat*", "1.2.1")]
    [InlineData("PatientName", "muller^zoe", "1.2.2")]
    [InlineData("PatientName", "M?LLER*", "1.2.2")]
    [InlineData("StudyDate", "20260802-", "1.2.2")]
    [InlineData("StudyDate", "20260801-20260802", "1.2.1 1.2.2")]
    [InlineData("StudyDate", "20260801", "1.2.1")]
    [InlineData("StudyTime", "0800-0900", "1.2.1 1.2.2")]
    [InlineData("StudyDescription", "", "1.2.1 1.2.2")]
    [InlineData("StudyInstanceUID", "*", "1.2.1 1.2.2")]
    [InlineData("ModalitiesInStudy", "MR\\CT", "1.2.1 1.2.2")]
    [InlineData("ModalitiesInStudy", "MR", "")]
    [InlineData("AccessionNumber", "' OR 1=1--", "")]
    [InlineData("AccessionNumber", "ACN_", "")]
    public async Task Studies_are_found_by(string keyword, string value, string expected)
    {
        Assert.True(Tag.TryParse(keyword, out var tag));
        var found = await _archive.FindAsync("STUDY", (tag, value));
        Assert.Equal(expected, string.Join(' ', found.Select(m => m.GetString(Tag.StudyInstanceUID)).Order()));
    }

    [Fact]
    public async Task A_match_has_what_was_asked_for_and_the_unique_keys()
    {
        var match = Assert.Single(await _archive.FindAsync(
            "SERIES", (Tag.StudyInstanceUID, "1.2.2"), (
                Tag.PatientName, ""), (Tag.Modality, ""), (Tag.NumberOfSeriesRelatedInstances, "")));
        Assert.Equal("SERIES", match.GetString(Tag.QueryRetrieveLevel));
        Assert.Equal("ARCHIVE", match.GetString(Tag.RetrieveAETitle));
        Assert.Equal("ONLINE", match.GetString(Tag.InstanceAvailability));
        Assert.Equal("MÜLLER^ZOÉ", match.GetString(Tag.PatientName));
        Assert.Equal("CT", match.GetString(Tag.Modality));
        Assert.Equal("1", match.GetString(Tag.NumberOfSeriesRelatedInstances));
        Assert.Equal("IPP2", match.GetString(Tag.PatientID));
        Assert.Equal("1.2.2.1", match.GetString(Tag.SeriesInstanceUID));
        Assert.False(match.Contains(Tag.StudyDate));
    }

    [Fact]
    public async Task Images_have_their_own_attributes()
    {
        var images = await _archive.FindAsync(
            "IMAGE", (Tag.StudyInstanceUID, "1.2.1"), (Tag.SeriesInstanceUID, "1.2.1.1"), (Tag.Rows, ""),
            (Tag.SOPClassUID, ""), (Tag.InstanceNumber, "2"));
        var image = Assert.Single(images);
        Assert.Equal(16, image.GetInt(Tag.Rows));
        Assert.Equal(SopClass.CTImageStorage, image.GetUid(Tag.SOPClassUID));
        Assert.Equal("1.2.1.1.2", image.GetString(Tag.SOPInstanceUID));
    }

    [Fact]
    public async Task Patients_are_found_in_the_patient_root_alone()
    {
        var patientRoot = SopClass.PatientRootQueryRetrieveInformationModelFind;
        await using var association = await _archive.CallAsync(
            CFindScu.ContextFor(patientRoot), CFindScu.ContextFor(Find));
        var scu = new CFindScu(association);
        var patients = await scu.FindAsync(
            patientRoot, Query("PATIENT", (Tag.PatientID, ""), (Tag.PatientName, ""))).ToListAsync();
        Assert.Equal(["IPP1", "IPP2"], patients.Select(p => p.GetString(Tag.PatientID)).Order());
        foreach (var level in (string[])["PATIENT", "STUDYS", ""])
        {
            var failure = await Assert.ThrowsAsync<DimseFailureException>(
                async () => await scu.FindAsync(Find, Query(level)).ToListAsync());
            Assert.Equal(DimseStatus.DataSetDoesNotMatchSopClass, failure.Status);
        }
    }

    [Fact]
    public async Task A_query_over_a_limit_is_refused_by_its_status()
    {
        await using var association = await _archive.CallAsync(CFindScu.ContextFor(Find));
        var scu = new CFindScu(association);
        var uids = string.Join('\\', Enumerable.Range(0, Limits.UidListMax + 1).Select(i => $"1.2.{i}"));
        var failure = await Assert.ThrowsAsync<DimseFailureException>(
            async () => await scu.FindAsync(Find, Query("STUDY", (Tag.StudyInstanceUID, uids))).ToListAsync());
        Assert.Equal(DimseStatus.OutOfResources, failure.Status);
        failure = await Assert.ThrowsAsync<DimseFailureException>(
            async () => await scu.FindAsync(
                Find, Query("STUDY", (Tag.PatientName, new string('*', 60_000) + "x"))).ToListAsync());
        Assert.Equal(DimseStatus.CannotUnderstand, failure.Status);
    }

    [Theory]
    [InlineData("STUDY", "StudyInstanceUID", "1.2.1", 3)]
    [InlineData("SERIES", "SeriesInstanceUID", "1.2.1.1", 2)]
    [InlineData("IMAGE", "SOPInstanceUID", "1.2.1.1.1\\1.2.1.2.1", 2)]
    [InlineData("STUDY", "StudyInstanceUID", "1.2.77", 0)]
    public async Task What_is_moved_arrives_as_it_was_stored(string level, string keyword, string value, int count)
    {
        Assert.True(Tag.TryParse(keyword, out var tag));
        var result = await _archive.MoveAsync("WS", level, (tag, value));
        Assert.Equal(DimseStatus.Success, result.Status);
        Assert.Equal(count, result.Counts.Completed);
        Assert.Equal(count, _workstation.Stored.Count);
        foreach (var (uid, bytes) in _workstation.Stored)
        {
            var parts = uid.Split('.').Select(int.Parse).ToArray();
            Assert.Equal(
                DataSetWriter.ToBytes(Ct(parts[2], parts[3], parts[4]), TransferSyntax.ExplicitVRLittleEndian), bytes);
        }
    }

    [Fact]
    public async Task A_move_needs_a_known_destination_and_the_key_of_its_level()
    {
        Assert.Equal(
            0xA801, (await _archive.MoveAsync("NOWHERE", "STUDY", (Tag.StudyInstanceUID, "1.2.1"))).Status.Code);
        Assert.Equal(0xA900, (await _archive.MoveAsync("WS", "STUDY", (Tag.PatientID, "IPP1"))).Status.Code);
        Assert.Equal(0xA900, (await _archive.MoveAsync("WS", "PATIENT", (Tag.PatientID, "IPP1"))).Status.Code);
        Assert.Empty(_workstation.Stored);
    }

    [Theory]
    // PS3.4 C.4.1.2.1 and C.4.2.2.1: a single value of each unique key above the level.
    [InlineData("SERIES", "", false)]
    [InlineData("SERIES", "StudyInstanceUID=1.2.1", true)]
    [InlineData("SERIES", "StudyInstanceUID=1.2.1\\1.2.2", false)]
    [InlineData("SERIES", "StudyInstanceUID=*", false)]
    [InlineData("IMAGE", "SeriesInstanceUID=1.2.1.1", false)]
    [InlineData("IMAGE", "StudyInstanceUID=1.2.1", false)]
    [InlineData("IMAGE", "StudyInstanceUID=1.2.1 SeriesInstanceUID=1.2.1.1", true)]
    [InlineData("PATIENT-ROOT STUDY", "", false)]
    [InlineData("PATIENT-ROOT STUDY", "PatientID=IPP*", false)]
    [InlineData("PATIENT-ROOT STUDY", "PatientID=IPP1", true)]
    [InlineData("PATIENT-ROOT SERIES", "StudyInstanceUID=1.2.1", false)]
    public async Task A_hierarchical_query_names_the_levels_above(string level, string keys, bool isServed)
    {
        var model = level.StartsWith("PATIENT-ROOT ", StringComparison.Ordinal)
            ? SopClass.PatientRootQueryRetrieveInformationModelFind
            : Find;
        var query = Query(level.Split(' ')[^1], (Tag.SOPInstanceUID, ""), (Tag.SeriesInstanceUID, ""));
        foreach (var key in keys.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.True(Tag.TryParse(key.Split('=')[0], out var tag));
            query.SetString(tag, key.Split('=')[1]);
        }

        await using var association = await _archive.CallAsync(CFindScu.ContextFor(model));
        var scu = new CFindScu(association);
        if (isServed)
        {
            Assert.NotEmpty(await scu.FindAsync(model, query).ToListAsync());
            return;
        }

        var failure = await Assert.ThrowsAsync<DimseFailureException>(
            async () => await scu.FindAsync(model, query).ToListAsync());
        Assert.Equal(0xA900, failure.Status.Code);
        if (model != Find) return;
        query.SetString(Tag.SOPInstanceUID, "1.2.1.1.1");
        if (level == "SERIES") query.SetString(Tag.SeriesInstanceUID, "1.2.1.1");
        await using var mover = await _archive.CallAsync(CFindScu.ContextFor(Move));
        var moved = await new CMoveScu(mover).MoveAsync(Move, query, AeTitle.Parse("WS"));
        Assert.Equal(0xA900, moved.Status.Code);
        Assert.Empty(_workstation.Stored);
    }

    [Fact]
    public async Task A_destination_comes_and_another_goes_while_an_association_goes_on()
    {
        await using var later = new Receiver("LATER");
        await using var standing = await _archive.CallAsync(CFindScu.ContextFor(Move));
        var study = Query("STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        // PS3.4 table C.4-2: A801, move destination unknown.
        Assert.Equal(0xA801, (await new CMoveScu(standing).MoveAsync(Move, study, AeTitle.Parse("LATER"))).Status.Code);

        _archive.Reload(o => o with { Destinations = [later.Peer] });

        var moved = await new CMoveScu(standing).MoveAsync(Move, study, AeTitle.Parse("LATER"));
        Assert.Equal(new SubOperations(null, 3, 0, 0), moved.Counts);
        Assert.Equal(3, later.Stored.Count);
        Assert.Equal(0xA801, (await new CMoveScu(standing).MoveAsync(Move, study, AeTitle.Parse("WS"))).Status.Code);
        Assert.Empty(_workstation.Stored);
    }

    [Fact]
    public async Task A_lost_file_is_one_failed_sub_operation()
    {
        File.Delete(_archive.Files().OrderBy(File.GetLastWriteTimeUtc).First());
        var result = await _archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        Assert.Equal(0xB000, result.Status.Code);
        Assert.Equal(new SubOperations(null, 2, 1, 0), result.Counts);
        Assert.Single(result.FailedInstances);
    }

    [Fact]
    public async Task A_get_brings_the_study_over_the_same_association()
    {
        var get = SopClass.StudyRootQueryRetrieveInformationModelGet;
        await using var target = new Receiver("UNUSED");
        await using var association = await _archive.CallAsync(
            CFindScu.ContextFor(get),
            new ProposedContext(
                SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid) { AsScp = true });
        var result = await new CGetScu(
            association).GetAsync(get, Query("STUDY", (Tag.StudyInstanceUID, "1.2.1")), target);
        Assert.Equal(DimseStatus.Success, result.Status);
        Assert.Equal(3, target.Stored.Count);
    }
}
