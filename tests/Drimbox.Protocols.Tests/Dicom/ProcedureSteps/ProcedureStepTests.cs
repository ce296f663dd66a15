using System.Collections.Concurrent;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.ProcedureSteps;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Tests.Dicom.ProcedureSteps;

/// <summary>Modality Performed Procedure Step in both roles (PS3.4 F.7, F.8).</summary>
public sealed class ProcedureStepTests
{
    private static readonly Uid Step = Uid.Parse("1.2.3.40");

    [Fact]
    public async Task A_step_is_begun_updated_completed_and_retrieved()
    {
        var store = new MemorySteps();
        await using var server = TestAcceptor.Start(o => o with { Normalized = [new ProcedureStepScp(store)] });
        var retrieve = SopClass.ModalityPerformedProcedureStepRetrieve;
        await using var association = await Association.RequestAsync(
            server.Request(ProcedureStepScu.Context, NormalizedScu.ContextFor(retrieve)));
        var scu = new ProcedureStepScu(association);
        Assert.Equal(DimseStatus.Success, (await scu.BeginAsync(Step, Begun())).Status);
        Assert.Equal(DimseStatus.Success, (await scu.UpdateAsync(Step, Described("second try"))).Status);
        Assert.Equal(DimseStatus.Success, (await scu.CompleteAsync(Step, Ended())).Status);
        var get = await new NormalizedScu(association).GetAsync(
            retrieve, Step, [Tag.PerformedProcedureStepStatus, Tag.PerformedProcedureStepDescription]);
        Assert.Equal(DimseStatus.Success, get.Status);
        Assert.Equal("COMPLETED", get.DataSet!.GetString(Tag.PerformedProcedureStepStatus));
        Assert.Equal("second try", get.DataSet.GetString(Tag.PerformedProcedureStepDescription));
        Assert.False(get.DataSet.Contains(Tag.Modality));
        // PS3.4 F.8.2.1.4: an attribute that is not kept is a warning.
        var more = await new NormalizedScu(association).GetAsync(
            retrieve, Step, [Tag.Modality, Tag.DistanceSourceToDetector]);
        Assert.Equal(0x0001, more.Status.Code);
        Assert.Equal("CT", more.DataSet!.GetString(Tag.Modality));
        await association.ReleaseAsync();
    }

    [Theory]
    [InlineData("COMPLETED")]
    [InlineData("DISCONTINUED")]
    public async Task A_step_that_has_ended_may_no_longer_be_updated(string status)
    {
        var step = Begun();
        step.SetString(Tag.PerformedProcedureStepStatus, status);
        var store = new MemorySteps();
        await store.TryAddAsync(Step, step, null!, default);
        await using var server = TestAcceptor.Start(o => o with { Normalized = [new ProcedureStepScp(store)] });
        await using var association = await Association.RequestAsync(server.Request(ProcedureStepScu.Context));
        var answer = await new ProcedureStepScu(association).UpdateAsync(Step, Described("late"));
        // PS3.4 table F.7.2-2, to the letter.
        Assert.Equal(0x0110, answer.Status.Code);
        Assert.Equal("Performed Procedure Step Object may no longer be updated", answer.Status.Comment);
        Assert.Equal((ushort?)0xA710, answer.ErrorId);
    }

    [Fact]
    public async Task A_second_step_of_the_same_uid_and_an_update_of_none_are_refused()
    {
        await using var server = TestAcceptor.Start(
            o => o with { Normalized = [new ProcedureStepScp(new MemorySteps())] });
        await using var association = await Association.RequestAsync(server.Request(ProcedureStepScu.Context));
        var scu = new ProcedureStepScu(association);
        Assert.Equal(DimseStatus.NoSuchSopInstance, (await scu.UpdateAsync(Step, Described("x"))).Status);
        Assert.Equal(DimseStatus.InvalidSopInstance, (await scu.BeginAsync(default, Begun())).Status);
        Assert.Equal(DimseStatus.Success, (await scu.BeginAsync(Step, Begun())).Status);
        Assert.Equal(DimseStatus.DuplicateSopInstance, (await scu.BeginAsync(Step, Begun())).Status);
        // PS3.4 F.7 has no other operations: N-GET belongs to the retrieval class.
        var get = await new NormalizedScu(association).GetAsync(SopClass.ModalityPerformedProcedureStep, Step, []);
        Assert.Equal(DimseStatus.UnrecognizedOperation, get.Status);
    }

    [Fact]
    public async Task An_update_that_lost_a_race_is_judged_by_what_the_winner_left()
    {
        var store = new MemorySteps();
        await store.TryAddAsync(Step, Begun(), null!, default);
        store.BeforeReplace = () =>
        {
            store.BeforeReplace = null;
            var ended = Begun();
            ended.SetString(Tag.PerformedProcedureStepStatus, "DISCONTINUED");
            store.Steps[Step] = new ProcedureStep(Step, ended, 77);
        };
        var peer = new AssociationPeer(default, default, System.Net.IPAddress.Loopback);
        var answer = await new ProcedureStepScp(store).PerformAsync(
            new NSetRequest(peer, SopClass.ModalityPerformedProcedureStep, Step, Described("x")), default);
        Assert.Equal((ushort?)0xA710, answer.ErrorId);
    }

    [Theory]
    [InlineData("Modality", 0x0120)]
    [InlineData("PerformedStationAETitle", 0x0120)]
    [InlineData("PerformedProcedureStepID", 0x0120)]
    [InlineData("PerformedProcedureStepStatus", 0x0120)]
    [InlineData("ScheduledStepAttributesSequence", 0x0120)]
    [InlineData("empty Modality", 0x0121)]
    [InlineData("empty ScheduledStepAttributesSequence", 0x0121)]
    [InlineData("COMPLETED", 0x0106)]
    [InlineData("SCHEDULED", 0x0106)]
    public void A_step_is_created_in_progress_with_what_type_1_asks_for(string fault, int status)
    {
        var attributes = Begun();
        attributes.SetString(Tag.PerformedProcedureStepStatus, "IN PROGRESS");
        var isEmpty = fault.StartsWith("empty ", StringComparison.Ordinal);
        if (DataDictionary.TryFindTag(fault[(isEmpty ? 6 : 0)..], out var tag))
        {
            attributes.Remove(tag);
            if (isEmpty) attributes.SetEmpty(tag);
        }
        else
        {
            attributes.SetString(Tag.PerformedProcedureStepStatus, fault);
        }

        var refusal = ProcedureStepRules.RefuseCreation(attributes);
        Assert.Equal(status, refusal!.Status.Code);
        Assert.Single(refusal.AttributeIdentifiers);
    }

    [Fact]
    public void Attributes_that_an_update_may_not_set_are_left_and_named()
    {
        var modifications = Described("new");
        modifications.SetString(Tag.PatientID, "OTHER");
        modifications.SetString(Tag.Modality, "MR");
        var answer = ProcedureStepRules.Set(InProgress(), modifications, out var updated);
        Assert.Equal(0x0107, answer.Status.Code);
        Assert.Equal([Tag.Modality, Tag.PatientID], answer.AttributeIdentifiers.Order());
        Assert.Equal("IPP101", updated!.GetString(Tag.PatientID));
        Assert.Equal("new", updated.GetString(Tag.PerformedProcedureStepDescription));
    }

    [Theory]
    [InlineData("COMPLETED", true, true, 0x0000)]
    [InlineData("COMPLETED", false, true, 0x0120)]
    [InlineData("COMPLETED", true, false, 0x0120)]
    [InlineData("DISCONTINUED", true, false, 0x0000)]
    [InlineData("DISCONTINUED", false, false, 0x0120)]
    [InlineData("PAUSED", true, true, 0x0106)]
    [InlineData("IN PROGRESS", false, false, 0x0000)]
    public void A_step_ends_with_what_its_final_state_asks_for(
        string status, bool withEnd, bool withSeries, int expected)
    {
        var modifications = Ended();
        modifications.SetString(Tag.PerformedProcedureStepStatus, status);
        if (!withEnd) modifications.Remove(Tag.PerformedProcedureStepEndTime);
        if (!withSeries) modifications.Remove(Tag.PerformedSeriesSequence);
        var answer = ProcedureStepRules.Set(InProgress(), modifications, out var updated);
        Assert.Equal(expected, answer.Status.Code);
        Assert.Equal(expected == 0, updated is not null);
    }

    private static DataSet Begun()
    {
        var step = new DataSet();
        step.SetString(Tag.Modality, "CT");
        step.SetString(Tag.PatientName, "PAT-TROIS^DOMINIQUE");
        step.SetString(Tag.PatientID, "IPP101");
        step.SetString(Tag.PerformedStationAETitle, "MODALITY");
        step.SetString(Tag.PerformedProcedureStepStartDate, "20260822");
        step.SetString(Tag.PerformedProcedureStepStartTime, "083117");
        step.SetString(Tag.PerformedProcedureStepID, "P1");
        var scheduled = new DataSet();
        scheduled.SetString(Tag.StudyInstanceUID, "1.2.3.50");
        step.SetSequence(Tag.ScheduledStepAttributesSequence, scheduled);
        return step;
    }

    private static DataSet InProgress()
    {
        var step = Begun();
        step.SetString(Tag.PerformedProcedureStepStatus, "IN PROGRESS");
        return step;
    }

    private static DataSet Described(string text)
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.PerformedProcedureStepDescription, text);
        return dataSet;
    }

    private static DataSet Ended()
    {
        var end = new DataSet();
        end.SetString(Tag.PerformedProcedureStepEndDate, "20260822");
        end.SetString(Tag.PerformedProcedureStepEndTime, "084500");
        var series = new DataSet();
        series.SetString(Tag.ProtocolName, "HEAD");
        series.SetString(Tag.SeriesInstanceUID, "1.2.3.51");
        end.SetSequence(Tag.PerformedSeriesSequence, series);
        return end;
    }

    private sealed class MemorySteps : IProcedureStepStore
    {
        public ConcurrentDictionary<Uid, ProcedureStep> Steps { get; } = [];

        public Action? BeforeReplace { get; set; }

        public ValueTask<ProcedureStep?> FindAsync(Uid sopInstanceUid, CancellationToken cancellationToken) =>
            ValueTask.FromResult(Steps.GetValueOrDefault(sopInstanceUid));

        public ValueTask<bool> TryAddAsync(
            Uid sopInstanceUid, DataSet attributes, AssociationPeer peer, CancellationToken cancellationToken) =>
            ValueTask.FromResult(Steps.TryAdd(sopInstanceUid, new ProcedureStep(sopInstanceUid, attributes, 1)));

        public ValueTask<bool> TryReplaceAsync(
            ProcedureStep step, DataSet attributes, CancellationToken cancellationToken)
        {
            BeforeReplace?.Invoke();
            return ValueTask.FromResult(Steps.TryUpdate(
                step.SopInstanceUid, new ProcedureStep(step.SopInstanceUid, attributes, step.Version + 1), step));
        }
    }
}
