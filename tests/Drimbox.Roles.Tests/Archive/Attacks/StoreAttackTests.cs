using System.IO.Compression;
using System.Text.RegularExpressions;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using static Drimbox.Tests.Archive.ArchiveFixture;

namespace Drimbox.Tests.Archive.Attacks;

/// <summary>Attacks A4 to A10 on the Storage SCP of an archive, over a socket: the exact status, a fixed comment, and
/// nothing left on the disk.</summary>
public sealed partial class StoreAttackTests : IAsyncLifetime
{
    private const string NotWellFormed = "The data set is not well-formed.";

    private ArchiveFixture _archive = null!;

    public async ValueTask InitializeAsync() => _archive = await StartAsync();

    public ValueTask DisposeAsync() => _archive.DisposeAsync();

    [Theory]
    [InlineData("a length beyond the end", "10001000 504E FEFF 4142")]
    [InlineData("a length of 4 GiB less two", "08000801 5554 0000 FEFFFFFF 4142")]
    [InlineData("a private value longer than the stream", "09000110 4F42 0000 FFFFFF7F 4142")]
    [InlineData("undefined length of text", "08000801 5554 0000 FFFFFFFF 4142")]
    [InlineData("undefined length of words", "09000110 4F46 0000 FFFFFFFF 4142")]
    [InlineData("UN of undefined length without its end", "09000110 554E 0000 FFFFFFFF")]
    [InlineData("UN of undefined length around text", "09000110 554E 0000 FFFFFFFF 41424344 45464748")]
    [InlineData("a sequence without its end", "08001511 5351 0000 FFFFFFFF")]
    [InlineData("an item longer than its sequence", "08001511 5351 0000 0C000000 FEFF00E0 10000000 08005011")]
    [InlineData("a delimiter with a length", "08001511 5351 0000 FFFFFFFF FEFFDDE0 04000000")]
    [InlineData("a delimiter at the top", "FEFFDDE0 00000000")]
    [InlineData("no value representation", "10001000 2020 0400 41424344")]
    [InlineData("half an element", "10001000 5050")]
    [InlineData("an indexed element twice", "08001800 5549 0400 312E3200 08001800 5549 0400 312E3300")]
    public async Task A4_a_data_set_that_lies_about_its_lengths_is_C000(string what, string hex)
    {
        _ = what;
        byte[] bytes = [.. Head(), .. Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))];
        Refused(await _archive.StoreBytesAsync(bytes, "1.2.3.4"), 0xC000, NotWellFormed);
        await ServesAsync();
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(64, true)]
    [InlineData(65, false)]
    [InlineData(255, false)]
    [InlineData(256, false)]
    [InlineData(1_800, false)]
    [InlineData(100_000, false)]
    public async Task A5_sequences_deeper_than_64_are_C000(int depth, bool isTaken)
    {
        foreach (var isDefined in new[] { false, true })
        {
            // A length of 32 bits per level, and two levels a sequence: the defined form ends at 2 GiB, not here.
            byte[] bytes = [.. Head(), .. isDefined ? NestedByLength(depth) : Nested(depth), .. Tail()];
            var status = await _archive.StoreBytesAsync(bytes, "1.2.3.4");
            if (isTaken) Assert.Equal(DimseStatus.Success, status);
            else Refused(status, 0xC000, NotWellFormed);
            if (isTaken) break;
        }

        if (!isTaken) await ServesAsync();
    }

    [Fact]
    public async Task A6_deflated_bytes_in_a_context_that_is_not_deflated_are_no_data_set()
    {
        using var deflated = new MemoryStream();
        await using (var deflate = new DeflateStream(deflated, CompressionLevel.SmallestSize))
            await deflate.WriteAsync(new byte[1024 * 1024]);
        var bytes = deflated.ToArray();
        // Its first bytes may pass for a tag behind Pixel Data, where the scan ends: then the UIDs are missed.
        byte[] behindGroup8 = [0x08, 0x00, .. bytes, .. new byte[bytes.Length & 1]];
        foreach (var lie in new[] { bytes[..(bytes.Length & ~1)], behindGroup8 })
            Assert.Contains((await _archive.StoreBytesAsync(lie, "1.2.3.4")).Code, new ushort[] { 0xC000, 0xA900 });
        await ServesAsync();
    }

    [Theory]
    [InlineData("../../../../tmp/x")]
    [InlineData("/etc/passwd")]
    [InlineData("..\\..\\x")]
    [InlineData("1.2.3%2e%2e")]
    [InlineData("1.2.03")]
    [InlineData("1..2")]
    [InlineData("1.2.\0.3")]
    [InlineData("1.2.22222222222222222222222222222222222222222222222222222222222222")]
    public async Task A8_a_uid_of_the_data_set_that_is_none_is_C000(string uid)
    {
        foreach (var tag in new[] { Tag.SOPInstanceUID, Tag.StudyInstanceUID, Tag.SeriesInstanceUID })
        {
            var ct = Ct(1, 1, 1);
            ct.Set(new DataElement(
                tag, Vr.UI, System.Text.Encoding.Latin1.GetBytes(uid.Length % 2 == 0 ? uid : uid + "\0")));
            var status = await _archive.StoreBytesAsync(
                DataSetWriter.ToBytes(ct, TransferSyntax.ExplicitVRLittleEndian), "1.2.1.1.1");
            Refused(status, 0xC000, "A UID of the data set is not valid.");
        }

        await ServesAsync();
    }

    [Fact]
    public async Task A8_no_text_of_a_peer_becomes_a_name_on_the_disk()
    {
        string[] names = ["../../../../tmp/x", "/etc/passwd", "nul\0byte", "%2e%2e%2f", "a\nb", "CON", "-rf"];
        foreach (var (number, evil) in names.Index())
        {
            var ct = Ct(1, 1, number + 1, name: evil);
            ct.SetString(Tag.PatientID, evil);
            ct.SetString(Tag.AccessionNumber, evil.Length > 16 ? evil[..16] : evil);
            Assert.Equal(DimseStatus.Success, await _archive.StoreAsync(ct));
        }

        Assert.Equal(7, _archive.Files().Length);
        Assert.All(
            Directory.GetFiles(_archive.NodeFolder, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(_archive.NodeFolder, path)),
            name => Assert.Matches(OwnName(), name));
        Assert.False(File.Exists("/tmp/x"));
    }

    // {class of the data set} x {instance of the data set}, against CT and 1.2.1.1.1 of the command; "" is absent.
    [Theory]
    [InlineData("CT", "same", 0x0000)]
    [InlineData("MR", "same", 0xA900)]
    [InlineData("", "same", 0xA900)]
    [InlineData("CT", "other", 0x0117)]
    [InlineData("CT", "", 0x0117)]
    [InlineData("MR", "other", 0xA900)]
    [InlineData("", "", 0xA900)]
    public async Task A9_a_data_set_that_is_not_what_its_command_says_is_A900_or_0117(
        string sopClass, string instance, int expected)
    {
        var ct = Ct(1, 1, 1);
        if (sopClass == "MR") ct.SetUid(Tag.SOPClassUID, SopClass.MRImageStorage);
        if (sopClass.Length == 0) ct.Remove(Tag.SOPClassUID);
        if (instance == "other") ct.SetString(Tag.SOPInstanceUID, "1.2.9");
        if (instance.Length == 0) ct.Remove(Tag.SOPInstanceUID);
        var status = await _archive.StoreBytesAsync(
            DataSetWriter.ToBytes(ct, TransferSyntax.ExplicitVRLittleEndian), "1.2.1.1.1");
        Assert.Equal(expected, status.Code);
        Assert.Equal(expected == 0 ? 1 : 0, _archive.Files().Length);
    }

    [Fact]
    public async Task A10_the_first_of_two_objects_under_one_uid_stays_whoever_else_sends_another()
    {
        Assert.Equal(DimseStatus.Success, await _archive.StoreAsync(Ct(1, 1, 1)));
        var first = await File.ReadAllBytesAsync(Assert.Single(_archive.Files()));
        // The same bytes, from anyone.
        Assert.Equal(DimseStatus.Success, await _archive.StoreAsync(Ct(1, 1, 1)));
        Assert.Equal(DimseStatus.Success, await _archive.StoreAsAsync("EVIL", Ct(1, 1, 1)));
        // From a stranger: other pixels, another patient, another study, another transfer syntax; from the sender of
        // the first: another patient, another study.
        var otherStudy = Ct(1, 1, 1);
        otherStudy.SetString(Tag.StudyInstanceUID, "1.2.2");
        var otherPatient = Ct(1, 1, 1);
        otherPatient.SetString(Tag.PatientID, "IPP9");
        (string Sender, DataSet Ct, TransferSyntax? Syntax)[] others =
        [
            ("EVIL", Ct(1, 1, 1, fill: 9), null), ("EVIL", Ct(1, 1, 1, name: "PAT-QUATRE^ALIX"), null),
            ("EVIL", Ct(1, 1, 1), TransferSyntax.ImplicitVRLittleEndian), ("CT1", otherPatient, null),
            ("CT1", otherStudy, null),
        ];
        foreach (var (sender, other, syntax) in others)
        {
            for (var again = 0; again < 2; again++)
            {
                Refused(
                    await _archive.StoreAsAsync(sender, other, syntax), 0x0111,
                    "Another data set has this SOP Instance UID.");
            }
        }

        Assert.Equal(first, await File.ReadAllBytesAsync(Assert.Single(_archive.Files())));
        // Each once, however often it came.
        Assert.Equal(5, _archive.Files("aside").Length);
        Assert.Equal(
            ["OtherSender", "OtherSender", "OtherSender", "OtherPatient", "OtherStudy"],
            (await _archive.Node.Kept.ListQuarantineAsync(0, default)).Select(file => file.Reason.ToString()));
        Assert.All(_archive.Files("aside"), path => Assert.Matches(
            OwnName(), Path.GetRelativePath(_archive.NodeFolder, path)));
        var found = Assert.Single(await _archive.FindAsync("STUDY", (Tag.PatientName, "")));
        Assert.Equal("PAT-TROIS^DOMINIQUE", found.GetString(Tag.PatientName));
    }

    [Fact]
    public async Task A10_a_flood_of_corrections_keeps_every_object_and_one_stands()
    {
        await Task.WhenAll(Enumerable.Range(1, 12).Select(fill => Task.Run(async () =>
            Assert.Equal(DimseStatus.Success, await _archive.StoreAsync(Ct(1, 1, 1, fill: (byte)fill))))));
        var versions = (await _archive.Node.Kept.VersionsOfAsync(Uid.Parse("1.2.1.1.1"), default))!;
        Assert.Equal(12, versions.Instance.Version);
        Assert.Equal(Enumerable.Range(1, 11), versions.Further.Select(file => file.Version).Order());
        Assert.Equal(12, _archive.Files().Length);
        Assert.Single(await _archive.FindAsync("IMAGE", (Tag.StudyInstanceUID, "1.2.1")));
    }

    [GeneratedRegex(@"^(archive\.db(-wal|-shm)?|lock|[a-z]+\.lock|(instances/[0-9]{6}/[0-9a-f-]+(\.v[0-9]+h?(-[0-9]+)?)?|aside/[0-9a-f-]+\.[a-z]+)\.dcm)$")]
    private static partial Regex OwnName();

    private static void Refused(DimseStatus status, int code, string comment)
    {
        Assert.Equal(code, status.Code);
        Assert.Equal(comment, status.Comment);
    }

    // Whatever came before: nothing of it is left, and the next object is stored.
    private async Task ServesAsync()
    {
        Assert.Empty(_archive.Files());
        Assert.Equal(DimseStatus.Success, await _archive.StoreAsync(Ct(7, 1, 1)));
        Assert.Single(_archive.Files());
    }

    private static byte[] Head()
    {
        var head = new DataSet();
        head.SetUid(Tag.SOPClassUID, SopClass.CTImageStorage);
        head.SetString(Tag.SOPInstanceUID, "1.2.3.4");
        return DataSetWriter.ToBytes(head, TransferSyntax.ExplicitVRLittleEndian);
    }

    private static byte[] Tail()
    {
        var tail = new DataSet();
        tail.SetString(Tag.StudyInstanceUID, "1.2.3");
        tail.SetString(Tag.SeriesInstanceUID, "1.2.3.1");
        return DataSetWriter.ToBytes(tail, TransferSyntax.ExplicitVRLittleEndian);
    }

    private static byte[] Nested(int depth) =>
    [
        .. Enumerable.Repeat(Convert.FromHexString("0800151153510000FFFFFFFF" + "FEFF00E0FFFFFFFF"), depth)
            .SelectMany(b => b),
        .. Enumerable.Repeat(Convert.FromHexString("FEFF0DE000000000" + "FEFFDDE000000000"), depth)
            .SelectMany(b => b),
    ];

    private static byte[] NestedByLength(int depth)
    {
        var bytes = new List<byte>();
        for (var level = depth; level > 0; level--)
        {
            // Below this level: a header of 20 bytes for each further one.
            var inside = (level - 1) * 20;
            bytes.AddRange([0x08, 0x00, 0x15, 0x11, 0x53, 0x51, 0, 0, .. BitConverter.GetBytes(inside + 8)]);
            bytes.AddRange([0xFE, 0xFF, 0x00, 0xE0, .. BitConverter.GetBytes(inside)]);
        }

        return [.. bytes];
    }
}
