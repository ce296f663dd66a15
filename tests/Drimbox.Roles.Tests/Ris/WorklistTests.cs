using Drimbox.Dicom;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Ris;
using Drimbox.Tests.Teleradiology;

namespace Drimbox.Tests.Ris;

/// <summary>The Modality Worklist of a RIS: its open requests (PS3.4 annex K).</summary>
public sealed class WorklistTests
{
    [Fact]
    public async Task A_placed_request_is_an_item_with_every_key_of_type_1_and_2()
    {
        await using var ris = await RisFixture.StartAsync();
        await ris.PlaceAsync("OPN101");
        var item = Assert.Single(await ris.WorklistAsync());
        foreach (var tag in WorklistKeys.OfType1) Assert.False(string.IsNullOrEmpty(item.GetString(tag)), $"{tag}");
        foreach (var tag in WorklistKeys.OfType2) Assert.True(item.Contains(tag), $"{tag}");
        Assert.True(item.Contains(Tag.ReferencedStudySequence));
        Assert.True(item.Contains(Tag.ReferencedPatientSequence));
        var step = Assert.Single(item.GetItems(Tag.ScheduledProcedureStepSequence));
        foreach (var tag in WorklistKeys.StepOfType1) Assert.False(string.IsNullOrEmpty(step.GetString(tag)), $"{tag}");
        foreach (var tag in WorklistKeys.StepOfType2) Assert.True(step.Contains(tag), $"{tag}");

        Assert.Equal("279035121518989", item.GetString(Tag.PatientID));
        Assert.Equal("PAT-TROIS^DOMINIQUE", item.GetString(Tag.PatientName));
        Assert.Equal("19790328", item.GetString(Tag.PatientBirthDate));
        Assert.Equal("F", item.GetString(Tag.PatientSex));
        Assert.Equal("68", item.GetString(Tag.PatientWeight));
        // PS3.3 C.2.4: not pregnant.
        Assert.Equal(1, item.GetInt(Tag.PregnancyStatus));
        Assert.Equal("OPN101", item.GetString(Tag.AccessionNumber));
        var issuer = Assert.Single(item.GetItems(Tag.IssuerOfAccessionNumberSequence));
        // The number is that of the order; whose it is to assign is the RIS.
        Assert.Equal("1.2.250.1.999.10.3", issuer.GetString(Tag.UniversalEntityID));
        Assert.Equal("OPN101", item.GetString(Tag.PlacerOrderNumberImagingServiceRequest));
        var placer = Assert.Single(item.GetItems(Tag.OrderPlacerIdentifierSequence));
        Assert.Equal("1.2.250.1.748.1", placer.GetString(Tag.UniversalEntityID));
        Assert.Equal("ADAM^HODA", item.GetString(Tag.RequestingPhysician));
        Assert.Equal(["CT1", "CT2"], step.GetStrings(Tag.ScheduledStationAETitle));
        Assert.Equal("20261102", step.GetString(Tag.ScheduledProcedureStepStartDate));
        Assert.Equal("093000", step.GetString(Tag.ScheduledProcedureStepStartTime));
        Assert.Equal("CT", step.GetString(Tag.Modality));
        Assert.Equal("SCHEDULED", step.GetString(Tag.ScheduledProcedureStepStatus));
    }

    [Fact]
    public async Task The_conformance_statement_names_the_attributes_that_have_a_value()
    {
        await using var ris = await RisFixture.StartAsync();
        await ris.PlaceAsync("OPN101");
        // Every key of PS3.4 table K.6-1, and what the statement has beyond them.
        var query = WorklistKeys.Query();
        foreach (var tag in RisDeclaration.WorklistKeys)
        {
            if (DataDictionary.TryFind(tag, out var entry) && entry.Vr == Vr.SQ) query.SetSequence(tag);
            else query.SetEmpty(tag);
        }

        var worklist = SopClass.ModalityWorklistInformationModelFind;
        await using var association = await ris.CallAsync(CFindScu.ContextFor(worklist));
        var item = Assert.Single(await new CFindScu(association).FindAsync(worklist, query).ToListAsync());
        await association.ReleaseAsync();
        Assert.Equal(RisDeclaration.WorklistKeys.Order(), WithValue(item).Except([Tag.ScheduledProcedureStepSequence]));
        var step = Assert.Single(item.GetItems(Tag.ScheduledProcedureStepSequence));
        Assert.Equal(RisDeclaration.WorklistStepKeys.Order(), WithValue(step));

        static IEnumerable<Tag> WithValue(DataSet dataSet)
        {
            var tags = new List<Tag>();
            foreach (var element in dataSet.Elements)
            {
                if (element.Length > 0 || element.Sequence is { Count: > 0 }) tags.Add(element.Tag);
            }

            return tags.Except([Tag.SpecificCharacterSet]).Order();
        }
    }

    [Theory]
    // Single value, list of stations, range, wildcard, universal: PS3.4 K.2.2.1.1, C.2.2.2.
    [InlineData("ScheduledStationAETitle", "CT2", "OPN1 OPN3")]
    [InlineData("ScheduledStationAETitle", "MR1", "OPN2")]
    [InlineData("ScheduledStationAETitle", "US1", "")]
    [InlineData("Modality", "MR", "OPN2")]
    [InlineData("Modality", "*", "OPN1 OPN2 OPN3")]
    [InlineData("ScheduledProcedureStepStartDate", "20261101-20261102", "OPN1 OPN2 OPN3")]
    [InlineData("ScheduledProcedureStepStartDate", "20261103-", "")]
    [InlineData("ScheduledProcedureStepID", "OPN3", "OPN3")]
    public async Task Items_are_matched_by(string keyword, string value, string expected)
    {
        await using var ris = await RisFixture.StartAsync();
        await ris.PlaceAsync("OPN1");
        await ris.PlaceAsync("OPN2", "MR");
        await ris.PlaceAsync("OPN3");
        Assert.True(Tag.TryParse(keyword, out var tag));
        var items = await ris.WorklistAsync((tag, value));
        Assert.Equal(expected, string.Join(' ', items.Select(i => i.GetString(Tag.AccessionNumber))));
    }

    [Fact]
    [Requirement("DB/RIS.07")]
    public async Task A_request_is_the_same_item_after_a_restart_and_none_once_it_is_cancelled_or_carried_out()
    {
        await using var ris = await RisFixture.StartAsync();
        await ris.PlaceAsync("101");
        await ris.PlaceAsync("102");
        await ris.PlaceAsync("103");
        var before = await ris.WorklistAsync();
        Assert.Equal(3, before.Select(i => i.GetString(Tag.StudyInstanceUID)).Distinct().Count());
        await ris.Node.DisposeAsync();
        await ris.StartNodeAsync();
        var after = await ris.WorklistAsync();
        Assert.Equal(
            before.Select(i => i.GetString(Tag.StudyInstanceUID)), after.Select(i => i.GetString(Tag.StudyInstanceUID)));
        await ris.Node.CancelRequestAsync(Samples.Cancellation("101"), default);
        await ris.Node.SendPostExaminationAsync(Samples.Examination("102"), default);
        Assert.Equal("103", Assert.Single(await ris.WorklistAsync()).GetString(Tag.AccessionNumber));
    }

    [Fact]
    [Requirement("DB/RIS.05")]
    public async Task An_order_number_that_is_no_accession_number_gets_one_of_the_RIS()
    {
        await using var ris = await RisFixture.StartAsync();
        await ris.PlaceAsync("ORDER-NUMBER-OF-A-VERY-LONG-KIND");
        var item = Assert.Single(await ris.WorklistAsync());
        Assert.Equal(16, item.GetString(Tag.AccessionNumber)!.Length);
        Assert.Equal(
            "1.2.250.1.999.10.3",
            Assert.Single(item.GetItems(Tag.IssuerOfAccessionNumberSequence)).GetString(Tag.UniversalEntityID));
    }

    [Fact]
    public async Task A_modality_without_a_station_is_on_the_list_of_every_caller()
    {
        await using var ris = await RisFixture.StartAsync();
        await ris.PlaceAsync("OPN1", "US");
        var item = Assert.Single(await ris.WorklistAsync());
        Assert.Equal(
            ["CT1", "MR1"],
            item.GetItems(Tag.ScheduledProcedureStepSequence)[0].GetStrings(Tag.ScheduledStationAETitle));
    }

    [Fact]
    public async Task Who_is_not_in_the_configuration_is_refused()
    {
        await using var ris = await RisFixture.StartAsync(o => o with { Callers = [new CallerSection { AeTitle = "X" }] });
        await Assert.ThrowsAsync<AssociationRejectedException>(
            () => ris.CallAsync(CFindScu.ContextFor(SopClass.ModalityWorklistInformationModelFind)));
    }
}
