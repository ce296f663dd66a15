using System.Globalization;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Emulators;
using Drimbox.Load.Synthetic;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Demo;

/// <summary>The demo left running, asked by tools of DCMTK as a visitor would.</summary>
public sealed class DemoFromOutsideTests : IAsyncLifetime
{
    private const string Destination = "WORKSTATION";

    private static readonly SyntheticStudyOrder Order = new(
        Uid.Parse("1.2.250.1.999.10.9.77"),
        new Patient(
            InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "279035121518989"), null,
            "PAT-TROIS", "DOMINIQUE", "DOMINIQUE ZOÉ", "PAT-TROIS", "19790328", "F", "63220"),
        new DateTimeOffset(2026, 8, 22, 8, 31, 17, TimeSpan.FromHours(2)))
    {
        Instances = 1,
    };

    private readonly StoreFolder _folder = new();
    private readonly int _destinationPort = LoopbackPorts.Take();
    private DrimboxProcess? _demo;
    private IReadOnlyList<string> _lines = [];

    private string Kept => Path.Combine(_folder.Path, "demo");

    public async ValueTask InitializeAsync()
    {
        Peer.RequireGate();
        _demo = DrimboxProcess.Start("demo", "--keep", Kept, "--peer", $"{Destination}@127.0.0.1:{_destinationPort}");
        _lines = await _demo.ReadUntilAsync(l => l.StartsWith("The system stays up", StringComparison.Ordinal));
        Assert.True(_lines.Contains("demo: 13 steps ok, 0 failed"), string.Join('\n', _lines) + _demo.Errors);
    }

    public async ValueTask DisposeAsync()
    {
        if (_demo is not null) await _demo.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_tools_of_DCMTK_work_against_it_and_its_manifests_pass_dciodvfy()
    {
        var port = PortOf("archive", "DICOM");
        foreach (var node in (string[])["archive", "teleradiology", "source"])
        {
            var aet = AddressOf(node, "DICOM").Split('@')[0];
            // Only the archive takes the default AE title of the tool.
            var calling = node == "archive" ? "ECHOSCU" : "DRIMBOX";
            await Dcmtk.SucceedAsync("echoscu", "-aet", calling, "-aec", aet, "127.0.0.1", PortOf(node, "DICOM"));
        }

        var sent = SyntheticStudy.Files(Order).Single();
        var image = Path.Combine(_folder.Path, "image.dcm");
        await File.WriteAllBytesAsync(image, sent, TestContext.Current.CancellationToken);
        await Dcmtk.SucceedAsync("storescu", "-aec", "DRIMBOX", "127.0.0.1", port, image);
        var found = await Dcmtk.SucceedAsync(
            "findscu", "-S", "-aec", "DRIMBOX", "-k", "QueryRetrieveLevel=STUDY", "-k", "NumberOfStudyRelatedInstances",
            "-k", $"StudyInstanceUID={Order.StudyInstanceUid}", "127.0.0.1", port);
        Assert.Contains("(0020,1208) IS [1 ]", found, StringComparison.Ordinal);

        var target = Directory.CreateDirectory(Path.Combine(_folder.Path, "workstation")).FullName;
        using (await Dcmtk.ListenAsync("storescp", target, _destinationPort, "+B", "-od", target, $"{_destinationPort}"))
        {
            await Dcmtk.SucceedAsync(
                "movescu", "-S", "-aec", "DRIMBOX", "-aem", Destination, "-k", "QueryRetrieveLevel=STUDY",
                "-k", $"StudyInstanceUID={Order.StudyInstanceUid}", "127.0.0.1", port);
        }

        var back = Assert.Single(Directory.GetFiles(target));
        Assert.Equal(await DataSetOfAsync(image), await DataSetOfAsync(back));

        var manifests = Manifests();
        // The first manifest, and the one after the rejection of two images (steps 5 and 9).
        Assert.True(manifests.Count >= 2, $"{manifests.Count} manifests in {Kept}/source/objects");
        foreach (var manifest in manifests)
        {
            var (_, output) = await Dcmtk.RunAsync("dciodvfy", manifest);
            Assert.DoesNotContain(output.Split('\n'), l => l.StartsWith("Error", StringComparison.Ordinal));
        }
    }

    /// <summary>The table of the CI-SIS wins over its example: the event of the request, the version of its volet,
    /// its MSH-18, and ERR-5 in the volet of the CDA alone.</summary>
    [Fact]
    public async Task A_bare_MLLP_client_gets_the_acknowledgements_of_the_CI_SIS_table()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var exam = new ExaminationCase();
        var request = Template.Fill(
            "Messages/orm-o01-nw.er7", ("time", "20260314080500+0100"), ("control", "NW-1"), ("ins", exam.Ins),
            ("order", exam.Order));
        var report = Encoding.UTF8.GetString(exam.Mdm("t02", exam.Cda(1), 1, control: "MDM-1"));
        (string Node, string Message, string Type, string Version, string Code, string Error)[] cases =
        [
            ("teleradiology", request, "ACK^O01^ACK", "2.5.1", "AA", ""),
            ("teleradiology", request.Replace("|NW-1|", "|NW-2|").Replace("ORC|NW|", "ORC||"), "ACK^O01^ACK", "2.5.1", "AE", "101"),
            ("teleradiology", request.Replace("|NW-1|", "|NW-3|").Replace("|2.5.1|", "|2.3|"), "ACK^O01^ACK", "2.5.1", "AE", "203"),
            ("ris", report, "ACK^T02^ACK", "2.6", "AA", ""),
            ("ris", report.Replace("|MDM-1|", "|MDM-2|").Replace("\rEVN|", "\rEVX|"), "ACK^T02^ACK", "2.6", "AE", "100"),
            ("ris", report.Replace("|MDM-1|", "|MDM-3|").Replace("|2.6|", "|2.3|"), "ACK^T02^ACK", "2.6", "AE", "203"),
            ("ris", report.Replace("|MDM-1|", "|MDM-4|").Replace("|PAT-TROIS^", "|PAT-QUATRE^"), "ACK^T02^ACK", "2.6", "AE", "207"),
        ];
        foreach (var (node, message, type, version, code, error) in cases)
        {
            var port = int.Parse(PortOf(node, "MLLP"), CultureInfo.InvariantCulture);
            var ack = await MllpWire.SendAsync(port, Template.ToWire(message), cancellation);
            Assert.NotNull(ack);
            var errorCode = ack.Find("ERR") is null ? "" : ack["ERR", 3].Split('^')[0];
            var isApplicationError = ack.Find("ERR") is not null && ack["ERR", 5].Length > 0;
            Assert.Equal(
                (node, type, version, "UNICODE UTF-8", code, error, node == "ris" && error == "207"),
                (node, ack["MSH", 9], ack["MSH", 12], ack["MSH", 18], ack["MSA", 1], errorCode, isApplicationError));
            Assert.Equal(message.Split('|')[9], ack["MSA", 2]);
        }
    }

    private List<string> Manifests() =>
        Directory.GetFiles(Path.Combine(Kept, "source", "objects"), "*", SearchOption.AllDirectories)
            .Where(path => DicomFile.TryRead(path, out var file, out _)
                && file!.DataSet.GetString(Tag.SOPClassUID) == SopClass.KeyObjectSelectionDocumentStorage.ToString())
            .ToList();

    private static async Task<byte[]> DataSetOfAsync(string path)
    {
        Assert.True(DicomFile.TryRead(path, out var file, out _));
        return (await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken))[(int)file!.DataSetOffset..];
    }

    // "archive        DICOM DRIMBOX@127.0.0.1:11112"
    private string AddressOf(string node, string protocol) =>
        _lines.Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Single(w => w is [var n, var p, _] && n == node && p == protocol)[2];

    private string PortOf(string node, string protocol) =>
        AddressOf(node, protocol).Split(':')[1];
}
