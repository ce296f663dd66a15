using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Emulators;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.Orthanc;

namespace Drimbox.Tests.Source;

/// <summary>Image access between others: Orthanc is the PACS, curl the other DRIMbox, Python reads the parts of the answer and
/// DCMTK the images.</summary>
public sealed class ImageAccessPeerTests
{
    private const string Split = """
        import email, email.policy, sys
        kind, body, folder = sys.argv[1], open(sys.argv[2], 'rb').read(), sys.argv[3]
        message = email.message_from_bytes(b'Content-Type: ' + kind.encode() + b'\r\n\r\n' + body, policy=email.policy.HTTP)
        for number, part in enumerate(message.iter_parts()):
            open(f'{folder}/{number}.dcm', 'wb').write(part.get_payload(decode=True))
        """;

    [Fact]
    [Requirement("DB.SO.32")]
    [Requirement("DB.SO.39")]
    public async Task Curl_gets_a_series_of_orthanc_with_the_ins_in_it()
    {
        var (curl, python, dcmdump) = (Peer.Require("curl"), Peer.Require("python3"), Peer.Require("dcmdump"));
        Peer.Require("Orthanc");
        using var folder = new StoreFolder();
        var port = LoopbackPorts.Take();
        using var orthanc = await OrthancServer.StartAsync(folder.Path, port, archivePort: 1);
        var held = SourceReports.Images(4);
        foreach (var image in held)
            await orthanc.PostAsync("/instances", Part10Writer.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian));
        await using var access = await ImageAccessFixture.StartAsync(
            pacs: new DicomPeerOptions { AeTitle = "ORTHANC", Host = "127.0.0.1", Port = port },
            prepare: source => orthanc.AddModalityAsync("source", "DRIMBOX", source.Node.DicomEndPoint.Port));
        var series = held[0].GetUid(Tag.SeriesInstanceUID);
        var body = Path.Combine(folder.Path, "body");

        var answer = await Dcmtk.SucceedAsync(
            curl, "--silent", "--show-error", "--cacert", access.Files.Authority, "--cert", access.Files.Certificate,
            "--key", access.Files.Key, "--header", $"Authorization: Bearer {ImageAccessFixture.Token}",
            "--header", $"KOS-SOPInstanceUID: {access.KosUid}", "--header", $"Accept: {ImageAccessFixture.Explicit}",
            "--output", body, "--write-out", "%{http_code} %{content_type}",
            access.AddressOf(SourceReports.Study, series).ToString());

        Assert.StartsWith("200 multipart/related", answer, StringComparison.Ordinal);
        var parts = Directory.CreateDirectory(Path.Combine(folder.Path, "parts")).FullName;
        await Dcmtk.SucceedAsync(python, "-c", Split, answer[4..], body, parts);
        var files = Directory.GetFiles(parts);
        Assert.Equal(held.Count(i => i.GetUid(Tag.SeriesInstanceUID) == series), files.Length);
        foreach (var file in files)
        {
            var text = await Dcmtk.SucceedAsync(dcmdump, "--print-all", "--load-all", file);
            Assert.Contains("=LittleEndianExplicit", text, StringComparison.Ordinal);
            Assert.Contains("(0010,1002) SQ", text, StringComparison.Ordinal);
            Assert.Contains($"[{SourceReports.Ins.Extension}]", text, StringComparison.Ordinal);
            Assert.Contains(SourceReports.Ins.Root, text, StringComparison.Ordinal);
            Assert.Contains(held.Single(i => text.Contains($"[{i.GetUid(Tag.SOPInstanceUID)}]", StringComparison.Ordinal))
                .GetString(Tag.PatientID)!, text, StringComparison.Ordinal);
        }
    }
}
