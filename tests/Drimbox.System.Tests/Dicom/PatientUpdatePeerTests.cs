using Drimbox.Archive;
using Drimbox.Archive.Corrections;
using Drimbox.Core.Identity;
using Drimbox.Load.Synthetic;
using Drimbox.Tests.Commands;

namespace Drimbox.Tests.Dicom;

/// <summary>An archive that python-hl7 tells of patients, and that DCMTK stores into and asks.</summary>
public sealed class PatientUpdatePeerTests : IAsyncLifetime
{
    private readonly StoreFolder _folder = new();
    private ArchiveNode _archive = null!;

    public async ValueTask InitializeAsync()
    {
        _archive = await ArchiveUnderTest.StartAsync(
            _folder.Path,
            o => o with { PatientUpdates = new PatientUpdateOptions { Port = 0 } });
    }

    public async ValueTask DisposeAsync()
    {
        await _archive.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Findscu_finds_under_the_other_number_what_mllp_send_merged()
    {
        var image = Path.Combine(_folder.Path, "image.dcm");
        await File.WriteAllBytesAsync(image, SyntheticStudy.Files(StudyFiles.Order).First());
        await Dcmtk.SucceedAsync("storescu", ["-aec", "ARCHIVE", "127.0.0.1", $"{_archive.Port}", image]);

        var ins = StudyFiles.Order.Patient.Ins!.Value;
        var authority = ins.Root;
        var message = Path.Combine(_folder.Path, "merge.hl7");
        await File.WriteAllTextAsync(message, string.Join('\r',
            @"MSH|^~\&|SIH|HOPITAL|ARCHIVE|SITE|20261128101500||ADT^A40^ADT_A39|M1|P|2.5",
            "EVN||20261128101500",
            $"PID|||IPP-AUTRE^^^&{authority}&ISO^PI||PAT-AUTRE^ALIX^^^^^L||19790328|F",
            $"MRG|{ins.Extension}^^^&{authority}&ISO^INS\r"));
        var answer = await Dcmtk.SucceedAsync(
            "mllp_send", ["--loose", "--file", message, "--port", $"{_archive.PatientUpdateEndPoint!.Port}", "127.0.0.1"]);
        Assert.Contains("MSA|AA|M1", answer, StringComparison.Ordinal);

        var found = await Dcmtk.SucceedAsync(
            "findscu", "-S", "-aec", "ARCHIVE", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=IPP-AUTRE",
            "-k", "PatientName", "-k", "StudyInstanceUID", "127.0.0.1", $"{_archive.Port}");
        Assert.Contains("PAT-AUTRE^ALIX", found, StringComparison.Ordinal);
        Assert.Contains(StudyFiles.Order.StudyInstanceUid.ToString(), found, StringComparison.Ordinal);
    }
}
