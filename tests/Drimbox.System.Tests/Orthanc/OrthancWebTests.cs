using System.Text;
using Drimbox.Core;
using Drimbox.Dicom.Part10;
using Drimbox.Emulators;
using Drimbox.Grains.Hosting;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Teleradiology;
using Drimbox.Teleradiology.Studies;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Orthanc;

/// <summary>A teleradiology platform that fetches its studies from Orthanc over DICOMweb.</summary>
public sealed class OrthancWebTests : IDisposable
{
    private readonly StoreFolder _folder = new();
    private readonly SampleStudy _study = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _study.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_study_is_fetched_from_Orthanc_by_WADO_RS_as_it_was_stored_there()
    {
        using var orthanc = await OrthancServer.StartAsync(
            _folder.Path, LoopbackPorts.Take(), LoopbackPorts.Take(), OrthancServer.DicomWebPlugin());
        foreach (var path in _study.Paths)
            await orthanc.PostAsync("/instances", await File.ReadAllBytesAsync(path, Cancellation));
        await using var platform = await TeleradiologyNode.StartAsync(
            Options(new Uri(orthanc.Address, "dicom-web/")), _folder.Path,
            NodeSurroundings.Real(WatchedLog.Instance), Cancellation);

        var examination = Samples.Examination("1") with { StudyInstanceUid = SampleStudy.Order.StudyInstanceUid };
        await SendAsync(platform, TeleradiologyWriter.Write(Samples.Request("1"), Samples.Envelope("1")));
        await SendAsync(platform, TeleradiologyWriter.Write(examination, Samples.Envelope("2")));

        await Eventually.HoldsAsync(
            () => platform.GetRequestAsync(Samples.Order("1"), Cancellation),
            request => request.InstancesFetched == _study.Uids.Length,
            request => $"{request.InstancesFetched} of {_study.Uids.Length} instances are here");
        var folder = Path.Combine(
            _folder.Path, "teleradiology", "studies", SampleStudy.Order.StudyInstanceUid.ToString());
        foreach (var path in _study.Paths)
        {
            var sent = await DataSetOfAsync(path);
            Assert.True(DicomFile.TryRead(path, out var file, out _));
            var uid = file!.DataSet.GetUid(Drimbox.Dicom.Tag.SOPInstanceUID);
            Assert.Equal(sent, await DataSetOfAsync(Path.Combine(folder, $"{uid}.dcm")));
        }
    }

    private static async Task<byte[]> DataSetOfAsync(string path)
    {
        var bytes = await File.ReadAllBytesAsync(path, Cancellation);
        Assert.True(DicomFile.TryRead(bytes, out var file, out _));
        return bytes[(int)file!.DataSetOffset..];
    }

    private static async Task SendAsync(TeleradiologyNode platform, byte[] message)
    {
        await using var client = new MllpClient(
            new MllpClientOptions { Host = "127.0.0.1", Port = platform.Hl7EndPoint.Port }, TimeProvider.System);
        var answered = Assert.IsType<MllpExchange.Answered>(await client.SendAsync(message, Cancellation));
        Assert.Contains("MSA|AA|", Encoding.UTF8.GetString(answered.Ack.Span), StringComparison.Ordinal);
    }

    private static TeleradiologyOptions Options(Uri web) => new()
    {
        Hl7 = new Hl7NodeOptions { Application = "TLRAPP", Facility = "TLRFAC", Port = 0 },
        Dicom = new DicomNodeOptions { AeTitle = "TLR", Port = 0 },
        Structure = new StructureOptions { Id = "300017986", Name = "Plateforme" },
        Ris = new Hl7PeerOptions
        {
            Host = "127.0.0.1", Port = LoopbackPorts.Take(), Application = "RISAPP", Facility = "RISFAC",
        },
        WebArchive = new WebArchiveOptions { Address = web },
        DocumentRoot = "1.2.250.1.999.7",
        Radiologist = new RadiologistOptions { Id = "801234564895", FamilyName = "ERIC", GivenName = "THOMAS" },
    };
}
