using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive;

/// <summary>Imaging Object Change Management, RAD-66.</summary>
public sealed class RejectionTests
{
    [Theory]
    [InlineData(RejectionReason.Quality)]
    [InlineData(RejectionReason.PatientSafety)]
    [InlineData(RejectionReason.IncorrectWorklistEntry)]
    [InlineData(RejectionReason.DataRetentionPolicyExpired)]
    [Requirement("DB.SO.25")]
    public async Task A_note_hides_what_it_names_and_itself(RejectionReason reason)
    {
        await using var workstation = new Receiver("WS");
        await using var archive = await StartAsync(o => o with { Destinations = [workstation.Peer] });
        for (var i = 1; i <= 3; i++) await archive.StoreAsync(Ct(1, 1, i));
        Assert.Equal(DimseStatus.Success, await archive.StoreAsync(Note(reason, 1, (1, 1), (1, 3))));
        Assert.Equal(
            ["1.2.1.1.2"],
            (await archive.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1"))).Select(
                m => m.GetString(Tag.SOPInstanceUID)));
        var moved = await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        Assert.Equal(1, moved.Counts.Completed);
        Assert.Equal(["1.2.1.1.2"], workstation.Stored.Keys);
        // Nothing was deleted.
        Assert.Equal(4, archive.Files().Length);
    }

    /// <summary>RAD-66 leaves to the site whether what was rejected for quality is still used.</summary>
    [Theory]
    [InlineData(RejectionReason.Quality, true)]
    [InlineData(RejectionReason.PatientSafety, false)]
    [InlineData(RejectionReason.IncorrectWorklistEntry, false)]
    [InlineData(RejectionReason.DataRetentionPolicyExpired, false)]
    public async Task An_AE_that_is_configured_so_sees_what_was_rejected_for_quality_and_all_counts_follow(
        RejectionReason reason, bool isShown)
    {
        await using var workstation = new Receiver("WS");
        await using var archive = await StartAsync(o => o with
        {
            Destinations = [workstation.Peer],
            ShowRejectedTo = new HashSet<AeTitle> { AeTitle.Parse("CT1") },
        });
        for (var i = 1; i <= 3; i++) await archive.StoreAsync(Ct(1, 1, i));
        await archive.StoreAsync(Note(reason, 1, (1, 1), (1, 2), (1, 3)));
        var studies = await archive.FindAsync(
            "STUDY", (Tag.StudyInstanceUID, "1.2.1"), (Tag.NumberOfStudyRelatedSeries, ""),
            (Tag.NumberOfStudyRelatedInstances, ""), (Tag.ModalitiesInStudy, ""));
        var series = await archive.FindAsync(
            "SERIES", (Tag.StudyInstanceUID, "1.2.1"), (Tag.Modality, "CT"), (Tag.NumberOfSeriesRelatedInstances, ""));
        var patients = await archive.FindAsync(
            "STUDY", (Tag.PatientID, "IPP1"), (Tag.NumberOfPatientRelatedInstances, ""));
        var moved = await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        if (!isShown)
        {
            Assert.Empty(studies);
            Assert.Empty(series);
            Assert.Empty(patients);
            Assert.Equal(0, moved.Counts.Completed);
            return;
        }

        // Three images and the note that tells why.
        var study = Assert.Single(studies);
        Assert.Equal("4", study.GetString(Tag.NumberOfStudyRelatedInstances));
        Assert.Equal("2", study.GetString(Tag.NumberOfStudyRelatedSeries));
        Assert.Equal(["CT", "KO"], study.GetStrings(Tag.ModalitiesInStudy));
        Assert.Equal("3", Assert.Single(series).GetString(Tag.NumberOfSeriesRelatedInstances));
        Assert.Equal("4", Assert.Single(patients).GetString(Tag.NumberOfPatientRelatedInstances));
        Assert.Equal(4, moved.Counts.Completed);
        Assert.Equal(4, workstation.Stored.Count);
    }

    [Fact]
    public async Task Everyone_else_sees_nothing_of_it()
    {
        await using var archive = await StartAsync(o => o with
        {
            ShowRejectedTo = new HashSet<AeTitle> { AeTitle.Parse("QUALITY") },
        });
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.StoreAsync(Note(RejectionReason.Quality, 1, (1, 1)));
        Assert.Empty(await archive.FindAsync("STUDY", (Tag.StudyInstanceUID, "1.2.1")));
    }

    [Fact]
    public async Task A_study_whose_images_are_all_rejected_is_found_no_more()
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.StoreAsync(Note(RejectionReason.Quality, 1, (1, 1)));
        Assert.Empty(await archive.FindAsync("STUDY", (Tag.StudyInstanceUID, "")));
        Assert.Equal(DimseStatus.Success, (await archive.StoreAsync(Ct(1, 1, 1))));
        Assert.Empty(await archive.FindAsync("STUDY", (Tag.StudyInstanceUID, "")));
    }

    [Fact]
    public async Task A_key_object_selection_with_another_title_is_an_object_like_any_other()
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        var note = Note(RejectionReason.Quality, 1, (1, 1));
        note.GetItems(Tag.ConceptNameCodeSequence)[0].SetString(Tag.CodeValue, "113030");
        Assert.Equal(DimseStatus.Success, await archive.StoreAsync(note));
        Assert.Equal(2, (await archive.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1"))).Count);
    }

    [Fact]
    [Requirement("DB.SO.26")]
    public async Task A_note_is_passed_on_to_every_listener_byte_for_byte()
    {
        await using var first = new Receiver("DRIMBOX");
        await using var second = new Receiver("OTHER");
        await using var archive = await StartAsync(o => o with { IocmListeners = [first.Peer, second.Peer] });
        var note = Note(RejectionReason.Quality, 1, (1, 1));
        await archive.StoreAsync(note);
        await first.WaitForOneAsync();
        await second.WaitForOneAsync();
        Assert.Equal(DataSetWriter.ToBytes(note, TransferSyntax.ExplicitVRLittleEndian), first.Stored["1.2.1.900.1"]);
        // Images are nobody's business.
        await archive.StoreAsync(Ct(1, 1, 1));
        Assert.Single(second.Stored);
    }

    [Fact]
    public async Task A_listener_that_asks_at_once_sees_the_note_applied()
    {
        const int rounds = 20;
        await using var listener = new Receiver("DRIMBOX");
        await using var archive = await StartAsync(o => o with { IocmListeners = [listener.Peer] });
        var seen = new List<int>();
        listener.Arriving = async () =>
            seen.Add((await archive.FindAsync("IMAGE", (Tag.StudyInstanceUID, $"1.2.{seen.Count + 1}"))).Count);
        for (var study = 1; study <= rounds; study++)
        {
            await archive.StoreAsync(Ct(study, 1, 1));
            await archive.StoreAsync(Ct(study, 1, 2));
            await archive.StoreAsync(Note(RejectionReason.Quality, study, (1, 1)));
            await listener.WaitForOneAsync();
        }

        Assert.Equal(Enumerable.Repeat(1, rounds), seen);
    }

    [Fact]
    public async Task A_listener_that_is_busy_gets_the_note_later()
    {
        await using var listener = new Receiver("DRIMBOX");
        listener.Answers.Enqueue(DimseStatus.OutOfResources);
        await using var archive = await StartAsync(o => o with { IocmListeners = [listener.Peer] });
        await archive.StoreAsync(Note(RejectionReason.Quality, 1, (1, 1)));
        await listener.WaitForOneAsync();
        Assert.Single(listener.Stored);
    }

    [Fact]
    public async Task A_note_that_waited_through_a_restart_is_passed_on()
    {
        await using var listener = new Receiver("DRIMBOX");
        var isThere = false;
        await using var archive = await StartAsync(o => o with
        {
            // Before the restart, a port where nobody listens.
            IocmListeners = [isThere ? listener.Peer : listener.Peer with { Port = 9 }],
        });
        await archive.StoreAsync(Note(RejectionReason.Quality, 1, (1, 1)));
        await archive.Node.StopAsync();
        isThere = true;
        await archive.StartNodeAsync();
        await listener.WaitForOneAsync();
        Assert.Single(listener.Stored);
    }
}
