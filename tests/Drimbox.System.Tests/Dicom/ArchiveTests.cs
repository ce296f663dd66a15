using Drimbox.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scp;
using Drimbox.Emulators;
using Drimbox.Load.Synthetic;
using Drimbox.Tests.Commands;

namespace Drimbox.Tests.Dicom;

/// <summary>An archive between tools of DCMTK: storescu stores, findscu finds, movescu sends to storescp, and what
/// arrives there is what left the modality.</summary>
public sealed class ArchiveTests : IAsyncLifetime
{
    // Images that take several PDUs.
    private static readonly SyntheticStudyOrder Order = StudyFiles.Order with { Rows = 512, Columns = 512 };

    private readonly StoreFolder _folder = new();
    private readonly int _destinationPort = LoopbackPorts.Take();
    private readonly Dictionary<string, byte[]> _sent = [];
    private readonly List<string> _paths = [];
    private ArchiveNode _archive = null!;

    private string Port => $"{_archive.Port}";

    public async ValueTask InitializeAsync()
    {
        _archive = await ArchiveUnderTest.StartAsync(
            _folder.Path,
            o => o with { Destinations = [new DicomPeer(AeTitle.Parse("WS"), "127.0.0.1", _destinationPort)] });
        foreach (var bytes in SyntheticStudy.Files(Order))
        {
            var path = Path.Combine(_folder.Path, $"image{_paths.Count}.dcm");
            await File.WriteAllBytesAsync(path, bytes);
            _paths.Add(path);
            Assert.True(DicomFile.TryRead(path, out var file, out _));
            _sent[file!.DataSet.GetString(Tag.SOPInstanceUID)!] = bytes[(int)file.DataSetOffset..];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _archive.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_storescu_sent_is_what_storescp_receives()
    {
        await Dcmtk.SucceedAsync("storescu", ["-aec", "ARCHIVE", "127.0.0.1", Port, .. _paths]);

        var found = await Dcmtk.SucceedAsync(
            "findscu",
                "-S", "-aec", "ARCHIVE", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientName=pat-trois^dominique*",
            "-k", "StudyInstanceUID",
                "-k", "NumberOfStudyRelatedInstances", "-k", "ModalitiesInStudy", "127.0.0.1", Port);
        Assert.Contains(Order.StudyInstanceUid.ToString(), found, StringComparison.Ordinal);
        Assert.Contains("(0020,1208) IS [6 ]", found, StringComparison.Ordinal);
        Assert.Contains("(0008,0061) CS [CT]", found, StringComparison.Ordinal);

        var target = Directory.CreateDirectory(Path.Combine(_folder.Path, "ws")).FullName;
        using var scp = await Dcmtk.ListenAsync(
            "storescp", target, _destinationPort, "+B", "-od", target, $"{_destinationPort}");
        await Dcmtk.SucceedAsync(
            "movescu", "-S", "-aec", "ARCHIVE", "-aem", "WS", "-k", "QueryRetrieveLevel=STUDY",
            "-k", $"StudyInstanceUID={Order.StudyInstanceUid}", "127.0.0.1", Port);
        var received = Directory.GetFiles(target);
        Assert.Equal(6, received.Length);
        foreach (var path in received)
        {
            Assert.True(DicomFile.TryRead(path, out var file, out _));
            var bytes = await File.ReadAllBytesAsync(path);
            Assert.Equal(_sent[file!.DataSet.GetString(Tag.SOPInstanceUID)!], bytes[(int)file.DataSetOffset..]);
        }
    }

    [Fact]
    public async Task Getscu_gets_the_series_of_a_study_over_its_own_association()
    {
        await Dcmtk.SucceedAsync("storescu", ["-aec", "ARCHIVE", "127.0.0.1", Port, .. _paths]);
        var target = Directory.CreateDirectory(Path.Combine(_folder.Path, "got")).FullName;
        await Dcmtk.SucceedAsync(
            "getscu", "-S", "-aec", "ARCHIVE", "+B", "-od", target, "-k", "QueryRetrieveLevel=STUDY",
            "-k", $"StudyInstanceUID={Order.StudyInstanceUid}", "127.0.0.1", Port);
        Assert.Equal(
            _sent.Keys.Order(),
            Directory.GetFiles(target).Select(path =>
            {
                Assert.True(DicomFile.TryRead(path, out var file, out _));
                return file!.DataSet.GetString(Tag.SOPInstanceUID)!;
            }).Order());
    }

    [Fact]
    public async Task The_files_of_the_archive_are_dicom_files_to_dcmtk()
    {
        await Dcmtk.SucceedAsync("storescu", ["-aec", "ARCHIVE", "127.0.0.1", Port, .. _paths]);
        foreach (var path in Directory.GetFiles(
            Path.Combine(_folder.Path, "pacs", "instances"), "*.dcm", SearchOption.AllDirectories))
            await Dcmtk.SucceedAsync("dcmftest", path);
    }

    [Fact]
    public async Task Findscu_walks_down_the_levels()
    {
        await Dcmtk.SucceedAsync("storescu", ["-aec", "ARCHIVE", "127.0.0.1", Port, .. _paths]);
        var series = await Dcmtk.SucceedAsync(
            "findscu", "-S", "-aec",
                "ARCHIVE", "-k", "QueryRetrieveLevel=SERIES", "-k", $"StudyInstanceUID={Order.StudyInstanceUid}",
            "-k", "SeriesInstanceUID", "127.0.0.1", Port);
        Assert.Contains("Find Response: 2 (Pending)", series, StringComparison.Ordinal);
        var patients = await Dcmtk.SucceedAsync(
            "findscu",
                "-P", "-aec", "ARCHIVE", "-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID", "127.0.0.1", Port);
        Assert.Contains("Find Response: 1 (Pending)", patients, StringComparison.Ordinal);
    }
}
