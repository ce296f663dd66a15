using System.Net;
using System.Text.Json;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Availability;
using Drimbox.Dicom.Commitment;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.ProcedureSteps;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Dicom.Worklist;
using Drimbox.Emulators;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Dicom;

/// <summary>Our acceptor with dcmjs-dimse as the SCU.</summary>
public sealed class DcmjsInteroperabilityTests : IDisposable
{
    private const string Step = "1.2.3.40";
    private readonly SampleStudy _study = new();

    public void Dispose() => _study.Dispose();

    [Fact]
    public async Task It_echoes_stores_and_finds()
    {
        var store = new KeptInstances();
        await using var server = Start(o => o with { Store = store, Find = [new StudyScp(_study)] });
        AssertStatuses(await Dcmjs.RunAsync(Port(server), "echo"), 0);
        AssertStatuses(await Dcmjs.RunAsync(Port(server), "store", [.. _study.Paths]), 0, 0, 0);
        Assert.Equal(_study.Uids, store.Uids);
        var found = await Dcmjs.RunAsync(Port(server), "find", $"{SampleStudy.Order.StudyInstanceUid}");
        Assert.Equal([0xFF00, 0], Statuses(found));
        var match = found.GetProperty("datasets")[0];
        Assert.Equal($"{SampleStudy.Order.StudyInstanceUid}", match.GetProperty("StudyInstanceUID").GetString());
    }

    [Fact]
    public async Task It_retrieves_over_another_association_and_over_the_same()
    {
        var scp = new StudyScp(_study);
        var received = new KeptInstances();
        await using var destination = Start(o => o with { AeTitles = [AeTitle.Parse("WS")], Store = received });
        await using var server = Start(o => o with
        {
            Retrieve = [scp],
            MoveDestination = ae => new DicomPeer(ae, "127.0.0.1", Port(destination)),
        });
        var study = $"{SampleStudy.Order.StudyInstanceUid}";
        AssertStatuses(await Dcmjs.RunAsync(Port(server), "move", study, "WS"), 0xFF00, 0xFF00, 0);
        Assert.Equal(_study.DataSets(), received.Stored.ToDictionary());
        var got = await Dcmjs.RunAsync(Port(server), "get", study);
        Assert.Equal(0, Statuses(got)[^1]);
        Assert.Equal(_study.Uids, Strings(got, "stored").Order());
    }

    [Fact]
    public async Task It_reads_the_worklist()
    {
        await using var server = Start(o => o with { Find = [new WorklistScp(_ => Worklist("CT", "MR"))] });
        var found = await Dcmjs.RunAsync(Port(server), "worklist", "MR");
        Assert.Equal([0xFF00, 0], Statuses(found));
        Assert.Contains("20260822", found.GetProperty("datasets")[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_begins_and_ends_a_procedure_step_and_hears_that_the_end_is_final()
    {
        await using var server = Start(o => o with { Normalized = [new ProcedureStepScp(new MemorySteps())] });
        const string Begun = """
            {"Modality":"CT","PatientID":"IPP101","PerformedStationAETitle":"MODALITY",
             "PerformedProcedureStepStartDate":"20260822","PerformedProcedureStepStartTime":"083117",
             "PerformedProcedureStepStatus":"IN PROGRESS","PerformedProcedureStepID":"P1",
             "ScheduledStepAttributesSequence":[{"StudyInstanceUID":"1.2.3.50"}]}
            """;
        const string Ended = """
            {"PerformedProcedureStepStatus":"COMPLETED","PerformedProcedureStepEndDate":"20260822",
             "PerformedProcedureStepEndTime":"084500",
             "PerformedSeriesSequence":[{"ProtocolName":"HEAD","SeriesInstanceUID":"1.2.3.51"}]}
            """;
        AssertStatuses(await Dcmjs.RunAsync(Port(server), "create", Step, Begun), 0);
        AssertStatuses(await Dcmjs.RunAsync(Port(server), "create", Step, Begun), 0x0111);
        AssertStatuses(await Dcmjs.RunAsync(Port(server), "set", Step, Ended), 0);
        var late = await Dcmjs.RunAsync(Port(server), "set", Step, Ended);
        Assert.Equal([0x0110], Statuses(late));
        Assert.Contains("may no longer be updated", Strings(late, "comments").Single(), StringComparison.Ordinal);
        var kept = await Dcmjs.RunAsync(Port(server), "retrieve", Step, "00400252");
        Assert.Equal([0], Statuses(kept));
        Assert.Equal(
            "COMPLETED", kept.GetProperty("datasets")[0].GetProperty("PerformedProcedureStepStatus").GetString());
        AssertStatuses(await Dcmjs.RunAsync(Port(server), "remove", Step), 0x0211);
    }

    [Fact]
    public async Task It_tells_what_is_available()
    {
        AvailabilityNotice? told = null;
        var scp = new AvailabilityScp((notice, _, _) =>
        {
            told = notice;
            return new(DimseStatus.Success);
        });
        await using var server = Start(o => o with { Normalized = [scp] });
        const string Notice = """
            {"StudyInstanceUID":"1.2.3.50","ReferencedPerformedProcedureStepSequence":[],
             "ReferencedSeriesSequence":[{"SeriesInstanceUID":"1.2.3.51","ReferencedSOPSequence":[
               {"ReferencedSOPClassUID":"1.2.840.10008.5.1.4.1.1.2","ReferencedSOPInstanceUID":"1.2.3.52",
                "InstanceAvailability":"ONLINE","RetrieveAETitle":"ARCHIVE"}]}]}
            """;
        AssertStatuses(await Dcmjs.RunAsync(Port(server), "notify", "1.2.3.70", Notice), 0);
        Assert.Equal("1.2.3.52", told!.Series[0].Instances[0].Instance.SopInstanceUid.ToString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3000)]
    public async Task It_asks_for_commitment_and_is_told_on_either_association(int lingerMilliseconds)
    {
        var port = LoopbackPorts.Take();
        using var modality = await Dcmjs.ListenAsync(port);
        var check = new AllButOne();
        await using var scp = new StorageCommitmentScp(new StorageCommitmentOptions
        {
            Check = check,
            ReportTo = ae => new DicomPeer(ae, "127.0.0.1", port),
            OnSameAssociation = lingerMilliseconds > 0,
        });
        await using var server = Start(o => o with { Normalized = [scp] });
        var asked = await Dcmjs.RunAsync(
            Port(server), "commit", "1.2.3.99", $"{SopClass.CTImageStorage}", "1.2.3.1", $"{lingerMilliseconds}");
        Assert.Equal([0], Statuses(asked));
        var events = asked.GetProperty("events");
        var report = lingerMilliseconds > 0
            ? events[0].GetProperty("dataset")
            : Assert.Single(await modality.RequestsAsync("NEventReport", 1)).GetProperty("dataset");
        Assert.Equal("1.2.3.99", report.GetProperty("TransactionUID").GetString());
        Assert.Contains("1.2.3.1", report.GetProperty("ReferencedSOPSequence").ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("secret", true)]
    [InlineData("guess", false)]
    public async Task It_says_who_it_is(string passcode, bool isAccepted)
    {
        await using var server = Start(o => o with { UserIdentity = new OneUser() });
        var result = await Dcmjs.RunAsync(Port(server), "identity", "reader", passcode);
        if (isAccepted) Assert.True(result.GetProperty("identityAnswered").GetBoolean());
        else Assert.Equal([1, 2, 1], result.GetProperty("rejected").EnumerateArray().Select(n => n.GetInt32()));
    }

    [Fact]
    public async Task It_has_several_operations_outstanding()
    {
        var store = new KeptInstances();
        await using var server = Start(o => o with { Store = store });
        var result = await Dcmjs.RunAsync(Port(server), "window", [.. _study.Paths]);
        Assert.Equal(Enumerable.Repeat(0, 11), Statuses(result));
        Assert.Equal(_study.Uids, store.Uids);
    }

    internal static DicomAcceptor Start(Func<AcceptorOptions, AcceptorOptions> change)
    {
        var server = new DicomAcceptor(
            change(new AcceptorOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
                AeTitles = [AeTitle.Parse("ARCHIVE")],
            }),
            NullLogger.Instance);
        server.Start();
        return server;
    }

    internal static async IAsyncEnumerable<DataSet> Worklist(params string[] modalities)
    {
        await Task.CompletedTask;
        foreach (var modality in modalities)
        {
            var item = new DataSet();
            item.SetString(Tag.PatientName, "PAT-TROIS^DOMINIQUE");
            item.SetString(Tag.PatientID, "IPP101");
            item.SetString(Tag.StudyInstanceUID, "1.2.3.50");
            item.SetString(Tag.RequestedProcedureID, "R1");
            var step = new DataSet();
            step.SetString(Tag.Modality, modality);
            step.SetString(Tag.ScheduledStationAETitle, "MODALITY");
            step.SetString(Tag.ScheduledProcedureStepStartDate, "20260822");
            step.SetString(Tag.ScheduledProcedureStepStartTime, "083117");
            item.SetSequence(Tag.ScheduledProcedureStepSequence, step);
            yield return item;
        }
    }

    private static int Port(DicomAcceptor server) => server.EndPoint.Port;

    private static void AssertStatuses(JsonElement result, params int[] expected) =>
        Assert.Equal(expected, Statuses(result));

    private static int[] Statuses(JsonElement result) =>
        result.GetProperty("statuses").EnumerateArray().Select(s => s.GetInt32()).ToArray();

    private static string[] Strings(JsonElement result, string name) =>
        result.GetProperty(name).EnumerateArray().Select(s => s.GetString()!).ToArray();

    private sealed class AllButOne : ICommitmentCheck
    {
        public ValueTask<IReadOnlyList<FailedSop>> CheckAsync(
            IReadOnlyList<ReferencedSop> instances, CancellationToken cancellationToken) => new([]);
    }

    private sealed class OneUser : IUserIdentityCheck
    {
        public ValueTask<UserIdentityAnswer> JudgeAsync(
            UserIdentity? identity, AssociationPeer peer, CancellationToken cancellationToken) => new(
                identity is not null && identity.Secondary.Span.SequenceEqual("secret"u8)
                    ? UserIdentityAnswer.Accepted
                    : UserIdentityAnswer.Refused);
    }

    private sealed class MemorySteps : IProcedureStepStore
    {
        private readonly Dictionary<Uid, ProcedureStep> _steps = [];

        public ValueTask<ProcedureStep?> FindAsync(Uid sopInstanceUid, CancellationToken cancellationToken) =>
            new(_steps.GetValueOrDefault(sopInstanceUid));

        public ValueTask<bool> TryAddAsync(
            Uid sopInstanceUid, DataSet attributes, AssociationPeer peer, CancellationToken cancellationToken) =>
            new(_steps.TryAdd(sopInstanceUid, new ProcedureStep(sopInstanceUid, attributes, 1)));

        public ValueTask<bool> TryReplaceAsync(
            ProcedureStep step, DataSet attributes, CancellationToken cancellationToken)
        {
            _steps[step.SopInstanceUid] = step with { Attributes = attributes, Version = step.Version + 1 };
            return new(true);
        }
    }
}

/// <summary>Our SCUs with dcmjs-dimse as the SCP.</summary>
public sealed class DcmjsScpTests : IDisposable
{
    private static readonly Uid Find = SopClass.StudyRootQueryRetrieveInformationModelFind;
    private static readonly Uid Get = SopClass.StudyRootQueryRetrieveInformationModelGet;
    private static readonly Uid StepClass = SopClass.ModalityPerformedProcedureStep;
    private readonly SampleStudy _study = new();

    public void Dispose() => _study.Dispose();

    [Fact]
    public async Task It_is_stored_to_queried_and_retrieved_from()
    {
        var port = LoopbackPorts.Take();
        using var scp = await Dcmjs.ListenAsync(port);
        await using var association = await Association.RequestAsync(Options(
            port,
            [
                CEchoScu.Context, .. CStoreScu.ContextsFor(_study.Sources).Select(c => c with { AsScp = true }),
                CFindScu.ContextFor(Find), CFindScu.ContextFor(Get),
            ]));
        Assert.Equal(DimseStatus.Success, await new CEchoScu(association).SendAsync());
        foreach (var source in _study.Sources)
            Assert.Equal(DimseStatus.Success, await new CStoreScu(association).SendAsync(source));
        Assert.Equal(3, (await scp.RequestsAsync("CStore", 3)).Count);
        var found = await new CFindScu(association).FindAsync(Find, SampleStudy.Query()).ToListAsync();
        Assert.Equal(_study.Uids, found.Select(m => m.GetString(Tag.SOPInstanceUID)!).Order());
        Assert.Equal("PAT-TROIS^DOMINIQUE", found[0].GetString(Tag.PatientName));
        var received = new KeptInstances();
        var result = await new CGetScu(association).GetAsync(Get, SampleStudy.Query(), received);
        Assert.Equal(DimseStatus.Success, result.Status);
        Assert.Equal(_study.Uids, received.Uids);
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task It_performs_every_operation_of_dimse_n()
    {
        var port = LoopbackPorts.Take();
        using var scp = await Dcmjs.ListenAsync(port);
        await using var association = await Association.RequestAsync(
            Options(port, [NormalizedScu.ContextFor(StepClass), StorageCommitmentScu.Context]));
        var scu = new NormalizedScu(association);
        var step = Uid.Parse("1.2.3.40");
        var attributes = new DataSet();
        attributes.SetString(Tag.PatientID, "IPP101");
        var created = await scu.CreateAsync(StepClass, step, attributes);
        Assert.Equal((DimseStatus.Success, "CREATED"), (created.Status, created.DataSet!.GetString(Tag.PatientID)));
        Assert.Equal(DimseStatus.Success, (await scu.SetAsync(StepClass, step, attributes)).Status);
        var got = await scu.GetAsync(StepClass, step, [Tag.PatientID]);
        Assert.Equal((DimseStatus.Success, "GOT"), (got.Status, got.DataSet!.GetString(Tag.PatientID)));
        Assert.Equal(DimseStatus.Success, (await scu.DeleteAsync(StepClass, step)).Status);
        var asked = new CommitmentRequest(
            Uid.Parse("1.2.3.99"), [new ReferencedSop(SopClass.CTImageStorage, Uid.Parse("1.2.3.1"))]);
        Assert.Equal(DimseStatus.Success, (await new StorageCommitmentScu(association).RequestAsync(asked)).Status);
        foreach (var type in (string[])["NCreate", "NSet", "NGet", "NDelete"])
        {
            var request = Assert.Single(await scp.RequestsAsync(type, 1));
            Assert.Equal("1.2.3.40", request.GetProperty("instance").GetString());
        }

        var action = Assert.Single(await scp.RequestsAsync("NAction", 1));
        Assert.Equal("1.2.3.99", action.GetProperty("dataset").GetProperty("TransactionUID").GetString());
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task It_takes_the_report_of_a_commitment()
    {
        var port = LoopbackPorts.Take();
        using var scp = await Dcmjs.ListenAsync(port);
        var sop = new ReferencedSop(SopClass.CTImageStorage, Uid.Parse("1.2.3.1"));
        var report = new CommitmentReport(
            Uid.Parse("1.2.3.99"), [], [new FailedSop(sop, CommitmentFailureReason.NoSuchObjectInstance)]);
        var status = await CommitmentReporter.ReportAsync(
            new DicomPeer(AeTitle.Parse("MODALITY"), "127.0.0.1", port), AeTitle.Parse("ARCHIVE"), report,
            TimeProvider.System);
        Assert.Equal(DimseStatus.Success, status);
        var told = Assert.Single(await scp.RequestsAsync("NEventReport", 1)).GetProperty("dataset");
        Assert.Contains("274", told.GetProperty("FailedSOPSequence").ToString(), StringComparison.Ordinal);
    }

    private static AssociationOptions Options(int port, IReadOnlyList<ProposedContext> contexts) => new()
    {
        Host = "127.0.0.1",
        Port = port,
        CallingAe = AeTitle.Parse("ARCHIVE"),
        CalledAe = AeTitle.Parse("PEER"),
        Contexts = contexts,
    };
}
