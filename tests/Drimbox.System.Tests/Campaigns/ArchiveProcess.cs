using System.Globalization;
using System.Net;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Emulators;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Demo;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Campaigns;

/// <summary>The program with an archive and nothing else, as a process of its own, seen from outside: what it answers
/// and what the kernel says of it.</summary>
internal sealed class ArchiveProcess : IAsyncDisposable
{
    private readonly string _folder;
    private readonly DemoChild _child;

    private ArchiveProcess(string folder, DemoChild child, int port)
    {
        _folder = folder;
        _child = child;
        EndPoint = new IPEndPoint(IPAddress.Loopback, port);
    }

    public IPEndPoint EndPoint { get; }

    public int ProcessId => _child.ProcessId;

    public string Output => _child.Output;

    /// <summary>KiB that are resident now.</summary>
    public long Resident => Status("VmRSS");

    /// <summary>KiB that were resident at most since the start.</summary>
    public long ResidentMax => Status("VmHWM");

    public int Descriptors => Directory.GetFiles($"/proc/{ProcessId}/fd").Length;

    public int Threads => (int)Status("Threads");

    /// <param name="under">A program with its arguments that becomes the process.</param>
    public static async Task<ArchiveProcess> StartAsync(params IReadOnlyList<string> under)
    {
        Peer.RequireProcess();
        var folder = Directory.CreateTempSubdirectory("drimbox-campaign-").FullName;
        var port = LoopbackPorts.Take();
        var configuration = new GatewayConfiguration
        {
            DataFolder = Path.Combine(folder, "data"),
            Archive = new ArchiveSection
            {
                Dicom = new DicomNodeOptions { AeTitle = "ARCHIVE", Port = port },
                Callers = [new CallerSection { AeTitle = "MODALITY" }],
            },
        };
        Directory.CreateDirectory(configuration.DataFolder);
        var file = Path.Combine(folder, "drimbox.json");
        await File.WriteAllTextAsync(
            file, JsonSerializer.Serialize(configuration, AdministrationJson.Options),
            TestContext.Current.CancellationToken);
        var child = DemoChild.Start(file, under);
        var process = new ArchiveProcess(folder, child, port);
        await child.WaitUntilReadyAsync(TestContext.Current.CancellationToken);
        return process;
    }

    /// <summary>A whole association with one C-ECHO.</summary>
    public void Echo(string from = "127.0.0.1")
    {
        using var peer = RawPeer.Associate(EndPoint, Pdus.EchoRequest("ARCHIVE", "MODALITY"), from);
        peer.Send(Pdus.Command(1, Pdus.EchoRq(1)));
        Assert.Equal(0x0000, peer.ReadCommand().Status!.Value.Code);
        peer.Send(FixedPdu.ReleaseRq());
        Assert.Equal(FixedPdu.ReleaseRp(), peer.ReadPdu());
    }

    /// <summary>Some work of every sort, so that what a process makes once is there before anything is
    /// counted.</summary>
    public void WarmUp()
    {
        var request = Pdus.Request(
            "ARCHIVE", "MODALITY",
            (SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid),
            (SopClass.StudyRootQueryRetrieveInformationModelFind, TransferSyntax.ImplicitVRLittleEndian.Uid));
        for (var i = 1; i <= 60; i++)
        {
            using var peer = RawPeer.Associate(EndPoint, request);
            var uid = $"1.2.826.9.{i}";
            peer.Send([
                .. Pdus.Command(1, Pdus.StoreRq(1, uid)),
                .. Pdus.PData(1, false, true, CampaignInstance.Create(uid, 1_000))]);
            Assert.Equal(0x0000, peer.ReadCommand().Status!.Value.Code);
            peer.Send([
                .. Pdus.Command(3, new CommandSet
                {
                    CommandField = CommandField.CFindRq, MessageId = 2, DataSetType = CommandSet.WithDataSet,
                    AffectedSopClassUid = SopClass.StudyRootQueryRetrieveInformationModelFind,
                }),
                // (0008,0052) CS, implicit: a level that is none, which the index is not asked for.
                .. Pdus.PData(3, false, true, Convert.FromHexString("0800520006000000535455445941"))]);
            Assert.Equal(0xA900, peer.ReadCommand().Status!.Value.Code);
        }

        Parallel.For(0, 16, _ => Echo());
    }

    /// <summary>Waits until no more descriptors are open than at the beginning, but for a few: an assembly that is
    /// first needed later has two, a reader of the index three.</summary>
    public Task DescriptorsReturnToAsync(int beginning) => Flow.Eventually.HoldsAsync(
        () => Task.FromResult(Descriptors), count => count <= beginning + 16,
        count => $"{count} descriptors are open, {beginning} were at the beginning");

    /// <summary>One line for the output of a test.</summary>
    public override string ToString() =>
        $"resident {Resident / 1024} MiB, at most {ResidentMax / 1024} MiB, {Descriptors} descriptors, "
        + $"{Threads} threads";

    public async ValueTask DisposeAsync()
    {
        await _child.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private long Status(string name)
    {
        var line = File.ReadLines($"/proc/{ProcessId}/status")
            .First(text => text.StartsWith(name + ":", StringComparison.Ordinal));
        return long.Parse(
            line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}

/// <summary>CT instances of a given size that are an image to an archive.</summary>
internal static class CampaignInstance
{
    /// <summary>A data set of about <paramref name="length"/> bytes, explicit VR little endian.</summary>
    public static byte[] Create(string sopInstanceUid, int length)
    {
        var ct = new DataSet();
        ct.SetUid(Tag.SOPClassUID, SopClass.CTImageStorage);
        ct.SetString(Tag.SOPInstanceUID, sopInstanceUid);
        ct.SetString(Tag.StudyDate, "20260822");
        ct.SetString(Tag.Modality, "CT");
        ct.SetString(Tag.PatientName, "PAT-TROIS^DOMINIQUE");
        ct.SetString(Tag.PatientID, "IPP101");
        ct.SetString(Tag.StudyInstanceUID, "1.2.826.0.1");
        ct.SetString(Tag.SeriesInstanceUID, "1.2.826.0.1.1");
        ct.SetBytes(Tag.PixelData, Vr.OW, new byte[length]);
        return DataSetWriter.ToBytes(ct, TransferSyntax.ExplicitVRLittleEndian);
    }
}
