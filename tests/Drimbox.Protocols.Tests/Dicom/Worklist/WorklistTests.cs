using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Dicom.Worklist;

namespace Drimbox.Tests.Dicom.Worklist;

/// <summary>Modality Worklist (PS3.4 K.4) and the matching that it rests on (PS3.4 C.2.2.2).</summary>
public sealed class WorklistTests
{
    private static readonly Uid Model = SopClass.ModalityWorklistInformationModelFind;

    [Fact]
    public async Task A_modality_finds_its_own_steps_without_a_level()
    {
        var scp = new WorklistScp(_ => new[] { Item("CT", "20260822"), Item("MR", "20260822") }.ToAsyncEnumerable());
        await using var server = TestAcceptor.Start(o => o with { Find = [scp] });
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Model)));
        var query = new DataSet();
        query.SetEmpty(Tag.PatientName);
        query.SetEmpty(Tag.AdmissionID);
        var step = new DataSet();
        step.SetString(Tag.Modality, "CT");
        step.SetEmpty(Tag.ScheduledProcedureStepStartDate);
        query.SetSequence(Tag.ScheduledProcedureStepSequence, step);
        var found = await new CFindScu(association).FindAsync(Model, query).ToListAsync();
        var match = Assert.Single(found);
        Assert.Equal("PAT-TROIS^DOMINIQUE", match.GetString(Tag.PatientName));
        // PS3.4 K.2.2.2: what the worklist does not have comes back empty; what was not asked for does not come.
        Assert.True(match.Contains(Tag.AdmissionID));
        Assert.False(match.Contains(Tag.PatientID));
        var returned = Assert.Single(match.GetItems(Tag.ScheduledProcedureStepSequence));
        Assert.Equal("CT", returned.GetString(Tag.Modality));
        Assert.Equal("20260822", returned.GetString(Tag.ScheduledProcedureStepStartDate));
        Assert.False(returned.Contains(Tag.ScheduledStationAETitle));
    }

    [Fact]
    public async Task A_sequence_key_of_two_items_is_A900()
    {
        var scp = new WorklistScp(_ => new[] { Item("CT", "20260822") }.ToAsyncEnumerable());
        await using var server = TestAcceptor.Start(o => o with { Find = [scp] });
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Model)));
        var query = new DataSet();
        query.SetSequence(Tag.ScheduledProcedureStepSequence, new DataSet(), new DataSet());
        var failure = await Assert.ThrowsAsync<DimseFailureException>(
            async () => await new CFindScu(association).FindAsync(Model, query).ToListAsync());
        Assert.Equal(0xA900, failure.Status.Code);
    }

    [Theory]
    [InlineData(AllowedServices.Worklist, PresentationContextResult.Acceptance)]
    [InlineData(AllowedServices.Find, PresentationContextResult.UserRejection)]
    public async Task The_worklist_is_a_service_of_its_own(
        AllowedServices services, PresentationContextResult expected)
    {
        var scp = new WorklistScp(_ => AsyncEnumerable.Empty<DataSet>());
        await using var server = TestAcceptor.Start(o => o with
        {
            Find = [scp],
            Callers = [new CallerRule(AeTitle.Parse("MODALITY")) { Services = services }],
        });
        await using var association = await Association.RequestAsync(server.Request(CFindScu.ContextFor(Model)));
        Assert.Equal(expected, association.Negotiated.Contexts[0].Result);
    }

    [Theory]
    // C.2.2.2.1 and .4: names without case, other text exactly; * and ? in both.
    [InlineData("PatientName", "pat-trois^dominique", true)]
    [InlineData("PatientName", "PAT*", true)]
    [InlineData("PatientName", "P?T-TROIS*", true)]
    [InlineData("PatientName", "PAT-DEUX*", false)]
    [InlineData("PatientName", "*DOMINIQUE*", true)]
    [InlineData("PatientName", "*x*y*z*", false)]
    [InlineData("PatientID", "ipp101", false)]
    [InlineData("PatientID", "IPP1?1", true)]
    [InlineData("PatientID", "*", true)]
    [InlineData("PatientID", "", true)]
    // C.2.2.2.2: a list of UIDs.
    [InlineData("StudyInstanceUID", @"1.2.3.49\1.2.3.50", true)]
    [InlineData("StudyInstanceUID", "1.2.3.5", false)]
    [InlineData("StudyInstanceUID", "1.2.3.*", false)]
    // C.2.2.2.5: ranges of dates and times.
    [InlineData("StudyDate", "20260101-20261231", true)]
    [InlineData("StudyDate", "-20260822", true)]
    [InlineData("StudyDate", "20260823-", false)]
    [InlineData("StudyDate", "20260822", true)]
    [InlineData("StudyTime", "08-0831", true)]
    [InlineData("StudyTime", "0832-", false)]
    // Not there at all.
    [InlineData("AdmissionID", "A1", false)]
    [InlineData("AdmissionID", "", true)]
    public void A_key_matches_by_its_kind(string keyword, string value, bool isMatch)
    {
        Assert.True(DataDictionary.TryFindTag(keyword, out var tag));
        var query = new DataSet();
        query.SetStrings(tag, value.Split('\\'));
        Assert.Equal(isMatch, AttributeMatching.IsMatch(query, Item("CT", "20260822")));
    }

    [Theory]
    // PS3.4 table K.6-1, (0040,0003): from 10:00 of the first day to 18:00 of the last.
    [InlineData("20260705", "0959", false)]
    [InlineData("20260705", "1000", true)]
    [InlineData("20260706", "0300", true)]
    [InlineData("20260706", "2300", true)]
    [InlineData("20260707", "1800", true)]
    [InlineData("20260707", "1801", false)]
    [InlineData("20260708", "1200", false)]
    public void Ranges_of_start_dates_and_times_are_one_period(string date, string time, bool isMatch)
    {
        var query = new DataSet();
        var wanted = new DataSet(query);
        wanted.SetString(Tag.ScheduledProcedureStepStartDate, "20260705-20260707");
        wanted.SetString(Tag.ScheduledProcedureStepStartTime, "1000-1800");
        query.SetSequence(Tag.ScheduledProcedureStepSequence, wanted);
        var item = Item("CT", date);
        item.GetItems(Tag.ScheduledProcedureStepSequence)[0].SetString(Tag.ScheduledProcedureStepStartTime, time);
        Assert.Equal(isMatch, AttributeMatching.IsMatch(query, item));
    }

    [Fact]
    public void A_range_of_times_alone_is_of_every_day_and_an_open_end_is_open()
    {
        var item = Item("CT", "20260706").GetItems(Tag.ScheduledProcedureStepSequence)[0];
        item.SetString(Tag.ScheduledProcedureStepStartTime, "2300");
        bool Matches(string? date, string time)
        {
            var query = new DataSet();
            if (date is not null) query.SetString(Tag.ScheduledProcedureStepStartDate, date);
            query.SetString(Tag.ScheduledProcedureStepStartTime, time);
            return AttributeMatching.IsMatch(query, item);
        }

        Assert.False(Matches(null, "1000-1800"));
        Assert.False(Matches("20260706", "1000-1800"));
        Assert.True(Matches("20260705-", "2330-"));
        Assert.False(Matches("20260706-", "2330-"));
        Assert.True(Matches("-20260706", "-2300"));
        Assert.False(Matches("-20260706", "-2259"));
    }

    [Fact]
    public void A_long_pattern_takes_no_long_time()
    {
        var candidate = new DataSet();
        candidate.SetString(Tag.PatientComments, new string('a', 4000));
        var query = new DataSet();
        query.SetString(Tag.PatientComments, string.Concat(Enumerable.Repeat("*a", 120)) + "b");
        Assert.False(AttributeMatching.IsMatch(query, candidate));
        query.SetString(Tag.PatientComments, new string('*', 10_000) + "a");
        Assert.False(AttributeMatching.IsMatch(query, candidate));
    }

    private static DataSet Item(string modality, string date)
    {
        var item = new DataSet();
        item.SetString(Tag.StudyDate, "20260822");
        item.SetString(Tag.StudyTime, "083117");
        item.SetString(Tag.PatientName, "PAT-TROIS^DOMINIQUE");
        item.SetString(Tag.PatientID, "IPP101");
        item.SetString(Tag.StudyInstanceUID, "1.2.3.50");
        var step = new DataSet();
        step.SetString(Tag.Modality, modality);
        step.SetString(Tag.ScheduledStationAETitle, modality + "1");
        step.SetString(Tag.ScheduledProcedureStepStartDate, date);
        item.SetSequence(Tag.ScheduledProcedureStepSequence, step);
        return item;
    }
}
