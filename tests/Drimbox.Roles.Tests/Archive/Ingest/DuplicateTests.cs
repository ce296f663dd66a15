using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Storage;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.Ingest;

/// <summary>What becomes of an instance that arrives under a known UID, over sockets (docs/adr/0017).</summary>
public sealed class DuplicateTests
{
    internal static readonly ArchiveSites Sites = new(
    [
        new ArchiveSite("north", [AeTitle.Parse("CT1"), AeTitle.Parse("MR1")], AeTitle.Parse("PACS1")),
    ]);

    private static readonly Uid Image = Uid.Parse("1.2.1.1.1");

    [Fact]
    public async Task A_corrected_header_is_what_is_found_and_sent_and_the_former_is_kept()
    {
        await using var workstation = new Receiver("WS");
        await using var archive = await StartAsync(o => o with { Destinations = [workstation.Peer] });
        await archive.StoreAsync(Ct(1, 1, 1));
        var former = await File.ReadAllBytesAsync(Assert.Single(archive.Files()));
        var corrected = Ct(1, 1, 1, name: "PAT-TROIS^DOMINIQUE^MARIE");
        Assert.Equal(DimseStatus.Success, await archive.StoreAsync(corrected));

        var found = Assert.Single(await archive.FindAsync("STUDY", (Tag.PatientName, ""), (Tag.NumberOfStudyRelatedInstances, "")));
        Assert.Equal("PAT-TROIS^DOMINIQUE^MARIE", found.GetString(Tag.PatientName));
        Assert.Equal("1", found.GetString(Tag.NumberOfStudyRelatedInstances));
        await archive.MoveAsync("WS", "STUDY", (Tag.StudyInstanceUID, "1.2.1"));
        Assert.Equal(Bytes(corrected), workstation.Stored["1.2.1.1.1"]);
        var prior = Assert.Single((await archive.Node.Kept.VersionsOfAsync(Image, default))!.Further);
        Assert.Equal(former, await File.ReadAllBytesAsync(Path.Combine(archive.NodeFolder, prior.File.FileName)));
    }

    [Theory]
    [InlineData("MR1", null, 0x0000)]
    [InlineData("PACS1", null, 0x0000)]
    [InlineData("NODE7", "PACS1", 0x0000)]
    [InlineData("NODE7", null, 0x0111)]
    [InlineData("NODE7", "CT1", 0x0111)]
    public async Task A_site_corrects_what_it_sent_and_nobody_else_does(string sender, string? moveOriginator, int expected)
    {
        await using var archive = await StartAsync(o => o with { Sites = Sites });
        await archive.StoreAsync(Ct(1, 1, 1));
        var status = await archive.StoreAsAsync(sender, Ct(1, 1, 1, fill: 9), moveOriginator: moveOriginator);
        Assert.Equal(expected, status.Code);
        Assert.Equal(expected == 0 ? 0 : 1, archive.Files("aside").Length);
        // And what it sent is of the site from then on.
        if (expected == 0) Assert.Equal(DimseStatus.Success, await archive.StoreAsync(Ct(1, 1, 1, fill: 10)));
    }

    [Fact]
    public async Task The_file_tells_who_sent_it_and_for_whom()
    {
        await using var archive = await StartAsync(o => o with { Sites = Sites });
        await archive.StoreAsAsync("NODE7", Ct(1, 1, 1), moveOriginator: "PACS1");
        Assert.True(DicomFile.TryRead(Assert.Single(archive.Files()), out var file, out _));
        Assert.Equal("PACS1", file!.Meta.GetString(Tag.SourceApplicationEntityTitle));
        Assert.Equal("NODE7", file.Meta.GetString(Tag.SendingApplicationEntityTitle));
    }

    [Fact]
    public async Task Only_the_PACS_of_the_site_corrects_patient_and_study()
    {
        await using var archive = await StartAsync(o => o with { Sites = Sites });
        await archive.StoreAsync(Ct(1, 1, 1));
        var otherPatient = Ct(1, 1, 1);
        otherPatient.SetString(Tag.PatientID, "IPP9");
        Assert.Equal(0x0111, (await archive.StoreAsAsync("MR1", otherPatient)).Code);
        Assert.Equal(DimseStatus.Success, await archive.StoreAsAsync("PACS1", otherPatient));
        Assert.Equal(
            "IPP9", Assert.Single(await archive.FindAsync("STUDY", (Tag.PatientID, ""))).GetString(Tag.PatientID));

        var otherStudy = Ct(2, 1, 1);
        otherStudy.SetString(Tag.SOPInstanceUID, "1.2.1.1.1");
        Assert.Equal(0x0111, (await archive.StoreAsync(otherStudy)).Code);
        Assert.Equal(DimseStatus.Success, await archive.StoreAsAsync("PACS1", otherStudy));
        Assert.Equal(
            "1.2.2",
            Assert.Single(await archive.FindAsync("STUDY", (Tag.StudyInstanceUID, ""))).GetString(Tag.StudyInstanceUID));
    }

    [Fact]
    public async Task Another_issuer_of_the_patient_id_is_another_patient()
    {
        await using var archive = await StartAsync();
        var ct = Ct(1, 1, 1);
        SetIssuer(ct, "1.2.250.1.999.1");
        await archive.StoreAsync(ct);
        var other = Ct(1, 1, 1, fill: 9);
        SetIssuer(other, "1.2.250.1.999.2");
        Assert.Equal(0x0111, (await archive.StoreAsync(other)).Code);
        SetIssuer(other, "1.2.250.1.999.1");
        Assert.Equal(DimseStatus.Success, await archive.StoreAsync(other));

        static void SetIssuer(DataSet ct, string oid)
        {
            var item = new DataSet(ct);
            item.SetString(Tag.UniversalEntityID, oid);
            item.SetString(Tag.UniversalEntityIDType, "ISO");
            ct.SetSequence(Tag.IssuerOfPatientIDQualifiersSequence, item);
        }
    }

    [Fact]
    public async Task Of_two_renditions_each_receiver_gets_the_one_that_it_takes()
    {
        await using var archive = await StartAsync();
        var ct = Ct(1, 1, 1);
        await archive.StoreAsync(ct);
        // As another maker compressed it: bytes that no conversion of ours would make.
        var compressed = Ct(1, 1, 1);
        compressed.Set(new DataElement(
            Tag.PixelData, Vr.OB, new EncapsulatedFragments { Array.Empty<byte>(), new byte[] { 0xFF, 0xD8, 0xFF, 0xD9 } }));
        Assert.Equal(DimseStatus.Success, await archive.StoreAsAsync("CT1", compressed, TransferSyntax.JPEGLSLossless));
        Assert.Equal(DimseStatus.Success, await archive.StoreAsAsync("CT1", compressed, TransferSyntax.JPEGLSLossless));
        Assert.Equal(2, archive.Files().Length);
        Assert.Single(await archive.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1")));

        Assert.Equal(Bytes(ct), await GetAsync(archive, TransferSyntax.ExplicitVRLittleEndian));
        Assert.Equal(
            DataSetWriter.ToBytes(compressed, TransferSyntax.JPEGLSLossless),
            await GetAsync(archive, TransferSyntax.JPEGLSLossless));
        // Neither: the one that can be converted is.
        Assert.Equal(
            DataSetWriter.ToBytes(ct, TransferSyntax.ImplicitVRLittleEndian),
            await GetAsync(archive, TransferSyntax.ImplicitVRLittleEndian));
    }

    [Fact]
    public async Task A_correction_of_one_rendition_puts_the_others_aside_with_the_former_version()
    {
        await using var archive = await StartAsync();
        await archive.StoreAsync(Ct(1, 1, 1));
        await archive.StoreAsAsync("CT1", Ct(1, 1, 1), TransferSyntax.ImplicitVRLittleEndian);
        var corrected = Ct(1, 1, 1, name: "PAT-CINQ^ALIX");
        await archive.StoreAsAsync("CT1", corrected, TransferSyntax.ImplicitVRLittleEndian);
        // No receiver sees the former name.
        Assert.Equal(Bytes(corrected), await GetAsync(archive, TransferSyntax.ExplicitVRLittleEndian));
        var versions = (await archive.Node.Kept.VersionsOfAsync(Image, default))!;
        Assert.Equal((2, 0), (versions.Instance.Version, versions.Instance.Renditions.Count));
        Assert.Equal([1, 1], versions.Further.Select(file => file.Version));
    }

    [Theory]
    [InlineData(DuplicatePolicy.KeepFirst, 0x0111, "PAT-TROIS^DOMINIQUE")]
    [InlineData(DuplicatePolicy.AlwaysReplace, 0x0000, "PAT-CINQ^ALIX")]
    public async Task The_policy_of_the_site_decides(DuplicatePolicy policy, int expected, string name)
    {
        await using var archive = await StartAsync(o => o with { Duplicates = policy });
        await archive.StoreAsync(Ct(1, 1, 1));
        var sender = policy == DuplicatePolicy.KeepFirst ? "CT1" : "ANYONE";
        Assert.Equal(expected, (await archive.StoreAsAsync(sender, Ct(1, 1, 1, "PAT-CINQ^ALIX"))).Code);
        Assert.Equal(
            name, Assert.Single(await archive.FindAsync("STUDY", (Tag.PatientName, ""))).GetString(Tag.PatientName));
    }

    [Fact]
    public async Task A_note_that_is_quarantined_hides_nothing_until_it_is_released()
    {
        await using var archive = await StartAsync();
        for (var i = 1; i <= 2; i++) await archive.StoreAsync(Ct(1, 1, i));
        await archive.StoreAsync(Note(RejectionReason.Quality, 1, (1, 1)));
        Assert.Equal(0x0111, (await archive.StoreAsAsync("EVIL", Note(RejectionReason.Quality, 1, (1, 2)))).Code);
        Assert.Single(await archive.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1")));
        Assert.Null(await archive.Node.Kept.ReleaseAsync(1, "root", default));
        Assert.Empty(await archive.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1")));
    }

    [Theory]
    [InlineData("replaced")]
    [InlineData("rendition")]
    [InlineData("quarantined")]
    public async Task Whatever_disk_call_fails_the_answer_is_A700_and_the_next_attempt_succeeds(string kind)
    {
        var disk = new FaultyDisk(Disk.Real);
        await using var archive = await StartAsync(disk: disk);
        for (var nth = 1; ; nth++)
        {
            var standing = Ct(1, 1, nth);
            Assert.Equal(DimseStatus.Success, await archive.StoreAsync(standing));
            var files = archive.Files().Length + archive.Files("aside").Length;
            disk.Arm(nth, DiskFaultKind.DeviceError);
            var status = await SendAsync(nth);
            var hasStruck = disk.HasStruck;
            disk.Arm(0, DiskFaultKind.DeviceError);
            if (!hasStruck)
            {
                Assert.Equal(kind == "quarantined" ? 0x0111 : 0x0000, status.Code);
                // Creation, header, data set, file and folder, the name that tells what was decided, its folder.
                Assert.InRange(nth, 8, 20);
                break;
            }

            Assert.Equal(DimseStatus.OutOfResources, status);
            var versions = (await archive.Node.Kept.VersionsOfAsync(Uid.Parse($"1.2.1.1.{nth}"), default))!;
            Assert.Equal((1, 0), (versions.Instance.Version, versions.Further.Count));
            Assert.Equal(files, archive.Files().Length + archive.Files("aside").Length);
            Assert.Equal(kind == "quarantined" ? 0x0111 : 0x0000, (await SendAsync(nth)).Code);
        }

        Task<DimseStatus> SendAsync(int instance) => kind switch
        {
            "replaced" => archive.StoreAsync(Ct(1, 1, instance, fill: 9)),
            "rendition" => archive.StoreAsAsync("CT1", Ct(1, 1, instance), TransferSyntax.ImplicitVRLittleEndian),
            _ => archive.StoreAsAsync("EVIL", Ct(1, 1, instance, fill: 9)),
        };
    }

    private static byte[] Bytes(DataSet dataSet) =>
        DataSetWriter.ToBytes(dataSet, TransferSyntax.ExplicitVRLittleEndian);

    /// <summary>The one image of study 1, for a receiver that takes one transfer syntax.</summary>
    private static async Task<byte[]> GetAsync(ArchiveFixture archive, TransferSyntax syntax)
    {
        var get = SopClass.StudyRootQueryRetrieveInformationModelGet;
        await using var target = new Receiver("UNUSED");
        await using var association = await archive.CallAsync(
            CFindScu.ContextFor(get), new ProposedContext(SopClass.CTImageStorage, syntax.Uid) { AsScp = true });
        var result = await new CGetScu(association).GetAsync(
            get, Query("STUDY", (Tag.StudyInstanceUID, "1.2.1")), target);
        Assert.Equal(DimseStatus.Success, result.Status);
        await association.ReleaseAsync();
        return Assert.Single(target.Stored).Value;
    }
}
