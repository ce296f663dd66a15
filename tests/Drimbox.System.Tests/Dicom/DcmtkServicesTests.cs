using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Dicom.Worklist;
using Drimbox.Emulators;

namespace Drimbox.Tests.Dicom;

/// <summary>Worklists, senders and receivers of DCMTK, and GDCM's SCU, at the other end.</summary>
public sealed class DcmtkServicesTests : IDisposable
{
    private static readonly Uid Worklist = SopClass.ModalityWorklistInformationModelFind;
    private readonly SampleStudy _study = new();

    public void Dispose() => _study.Dispose();

    [Fact]
    public async Task Findscu_reads_our_worklist()
    {
        await using var server = DcmjsInteroperabilityTests.Start(o => o with
        {
            Find = [new WorklistScp(_ => DcmjsInteroperabilityTests.Worklist("CT", "MR", "CT"))],
        });
        var output = await Dcmtk.SucceedAsync(
            "findscu", "-W", "-aec", "ARCHIVE", "-k", "PatientName",
            "-k", "ScheduledProcedureStepSequence[0].Modality=CT",
            "-k", "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate=20260801-20260831",
            "127.0.0.1", Port(server));
        Assert.Contains("Find Response: 2 (Pending)", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Find Response: 3", output, StringComparison.Ordinal);
        Assert.Contains("PAT-TROIS^DOMINIQUE", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task We_read_the_worklist_of_wlmscpfs()
    {
        var root = _study.Folder("worklists");
        var folder = Directory.CreateDirectory(Path.Combine(root, "RIS")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "lockfile"), "");
        await foreach (var item in DcmjsInteroperabilityTests.Worklist("CT", "MR"))
        {
            var modality = item.GetItems(Tag.ScheduledProcedureStepSequence)[0].GetString(Tag.Modality);
            byte[] file =
            [
                .. Part10Writer.Header(Worklist, Uid.Parse("1.2.3.60"), TransferSyntax.ExplicitVRLittleEndian.Uid),
                .. DataSetWriter.ToBytes(item, TransferSyntax.ExplicitVRLittleEndian),
            ];
            await File.WriteAllBytesAsync(Path.Combine(folder, $"{modality}.wl"), file);
        }

        var port = LoopbackPorts.Take();
        using var scp = await Dcmtk.ListenAsync("wlmscpfs", root, port, "-dfr", "-dfp", root, $"{port}");
        await using var association = await Association.RequestAsync(
            Options(port, "RIS", [CFindScu.ContextFor(Worklist)]));
        var query = new DataSet();
        query.SetEmpty(Tag.PatientName);
        var step = new DataSet();
        step.SetString(Tag.Modality, "MR");
        step.SetEmpty(Tag.ScheduledProcedureStepStartDate);
        query.SetSequence(Tag.ScheduledProcedureStepSequence, step);
        var found = await new CFindScu(association).FindAsync(Worklist, query).ToListAsync();
        var match = Assert.Single(found);
        Assert.Equal("PAT-TROIS^DOMINIQUE", match.GetString(Tag.PatientName));
        Assert.Equal(
            "20260822",
            match.GetItems(Tag.ScheduledProcedureStepSequence)[0].GetString(Tag.ScheduledProcedureStepStartDate));
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task Dcmsend_delivers_byte_for_byte()
    {
        var store = new KeptInstances();
        await using var server = DcmjsInteroperabilityTests.Start(o => o with { Store = store });
        await Dcmtk.SucceedAsync("dcmsend", ["-aec", "ARCHIVE", "127.0.0.1", Port(server), .. _study.Paths]);
        Assert.Equal(_study.DataSets(), store.Stored.ToDictionary());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task Dcmrecv_receives_what_we_send(int window)
    {
        var port = LoopbackPorts.Take();
        var target = _study.Folder("received");
        using var scp = await Dcmtk.ListenAsync(
            "dcmrecv", target, port, "-xf", "/etc/dcmtk/storescp.cfg", "Default", "-od", target, $"{port}");
        await using var association = await Association.RequestAsync(
            Options(port, "ANY", CStoreScu.ContextsFor(_study.Sources)) with { Window = window });
        // DCMTK does not negotiate a window: the answer has no item, and one operation is outstanding.
        Assert.Equal(1, association.InvokedMax);
        var answers = new List<DimseStatus>();
        await new CStoreScu(association).SendAllAsync(_study.Sources, (_, status) => answers.Add(status));
        await association.ReleaseAsync();
        Assert.All(answers, status => Assert.Equal(DimseStatus.Success, status));
        var uids = Directory.GetFiles(target).Select(path =>
        {
            Assert.True(DicomFile.TryRead(path, out var file, out _));
            return file!.DataSet.GetString(Tag.SOPInstanceUID)!;
        });
        Assert.Equal(_study.Uids, uids.Order());
    }

    [Fact]
    public async Task Termscu_cannot_stop_us()
    {
        await using var server = DcmjsInteroperabilityTests.Start(o => o);
        // A private SOP class of DCMTK that asks a server to end.
        await Dcmtk.RunAsync("termscu", "-aec", "ARCHIVE", "127.0.0.1", Port(server));
        await Dcmtk.SucceedAsync("echoscu", "-aec", "ARCHIVE", "127.0.0.1", Port(server));
    }

    [Fact]
    public async Task Gdcmscu_echoes_stores_finds_and_moves()
    {
        var store = new KeptInstances();
        var port = LoopbackPorts.Take();
        // GDCM 3.0 accepts any syntax for what it has moved to it, and reads all of it as implicit VR.
        using var moved = new SampleStudy(TransferSyntax.ImplicitVRLittleEndian);
        var scp = new StudyScp(moved);
        await using var server = DcmjsInteroperabilityTests.Start(o => o with
        {
            Store = store,
            Find = [scp],
            Retrieve = [scp],
            MoveDestination = ae => new DicomPeer(ae, "127.0.0.1", port),
        });
        string[] to = ["127.0.0.1", Port(server), "--aetitle", "GDCM", "--call", "ARCHIVE"];
        // GDCM 3.0 may end with an exception of its own after A-RELEASE-RP, with storescp and dcmqrscp too: what counts is
        // that each request was understood and answered, not its exit code.
        var (_, echo) = await Dcmtk.RunAsync("gdcmscu", ["--echo", "--debug", .. to]);
        // A-RELEASE-RP: GDCM releases when the C-ECHO-RSP has come.
        Assert.Contains("PDU code: 6", echo, StringComparison.Ordinal);
        await Dcmtk.RunAsync("gdcmscu", ["--store", .. to, .. _study.Paths]);
        Assert.Equal(_study.DataSets(), store.Stored.ToDictionary());
        var key = $"0020,000d={SampleStudy.Order.StudyInstanceUid}";
        await Dcmtk.RunAsync(
            "gdcmscu", ["--find", .. to, "--studyroot", "--study", "--key", key, "--key", "0010,0010="]);
        Assert.Equal(
            SampleStudy.Order.StudyInstanceUid, Assert.Single(scp.Queries).Identifier.GetUid(Tag.StudyInstanceUID));
        var target = _study.Folder("moved");
        await Dcmtk.RunAsync(
            "gdcmscu", ["--move", .. to, "--studyroot", "--study", "--key", key, "--port-scp", $"{port}", "-o", target]);
        Assert.Equal(
            moved.Uids, Directory.GetFiles(target).Select(path => Path.GetFileNameWithoutExtension(path)).Order());
    }

    private static string Port(DicomAcceptor server) => $"{server.EndPoint.Port}";

    private static AssociationOptions Options(int port, string called, IReadOnlyList<ProposedContext> contexts) => new()
    {
        Host = "127.0.0.1",
        Port = port,
        CallingAe = AeTitle.Parse("MODALITY"),
        CalledAe = AeTitle.Parse(called),
        Contexts = contexts,
    };
}
