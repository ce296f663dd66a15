using System.Text.Json;
using Drimbox.Dicom;
using Drimbox.Dicom.Scp;
using Drimbox.Tests.Ris;

namespace Drimbox.Tests.Dicom;

/// <summary>The worklist and the procedure steps of a RIS with findscu of DCMTK and with dcmjs-dimse as
/// modalities.</summary>
public sealed class RisPeerTests : IAsyncLifetime
{
    private RisFixture _ris = null!;

    private string Port => $"{_ris.Node.DicomEndPoint!.Port}";

    public async ValueTask InitializeAsync()
    {
        _ris = await RisFixture.StartAsync(o => o with
        {
            AeTitle = "ARCHIVE",
            Callers =
            [
                new CallerSection { AeTitle = "FINDSCU" }, new CallerSection { AeTitle = "MODALITY" },
                new CallerSection { AeTitle = "CT1" },
            ],
        });
        await _ris.PlaceAsync("OPN1");
        await _ris.PlaceAsync("OPN2", "MR");
    }

    public ValueTask DisposeAsync() => _ris.DisposeAsync();

    [Fact]
    public async Task Findscu_reads_the_items_of_its_modality()
    {
        var found = await Dcmtk.SucceedAsync(
            "findscu", "-W", "-aec", "ARCHIVE", "-k", "PatientName=pat-trois*", "-k", "AccessionNumber",
            "-k", "StudyInstanceUID", "-k", "RequestedProcedureID", "-k", "AdmissionID",
            "-k", "ScheduledProcedureStepSequence[0].Modality=MR",
            "-k", "ScheduledProcedureStepSequence[0].ScheduledStationAETitle=MR1",
            "-k", "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate=20261101-20261130",
            "127.0.0.1", Port);
        Assert.Contains("Find Response: 1 (Pending)", found, StringComparison.Ordinal);
        Assert.DoesNotContain("Find Response: 2", found, StringComparison.Ordinal);
        Assert.Contains("(0008,0050) SH [OPN2]", found, StringComparison.Ordinal);
        Assert.Contains("(0010,0010) PN [PAT-TROIS^DOMINIQUE ]", found, StringComparison.Ordinal);
        Assert.Contains("(0040,0001) AE [MR1 ]", found, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dcmjs_takes_an_item_carries_it_out_and_finds_it_gone()
    {
        var worklist = await Dcmjs.RunAsync(int.Parse(Port, null), "worklist", "CT");
        Assert.Equal(0xFF00, worklist.GetProperty("statuses")[0].GetInt32());
        var item = Assert.Single(await _ris.WorklistAsync((Tag.Modality, "CT")));
        var begun = JsonSerializer.Serialize(new
        {
            Modality = "CT",
            PatientID = item.GetString(Tag.PatientID),
            PerformedStationAETitle = "MODALITY",
            PerformedProcedureStepStartDate = "20261102",
            PerformedProcedureStepStartTime = "100000",
            PerformedProcedureStepStatus = "IN PROGRESS",
            PerformedProcedureStepID = "P1",
            ScheduledStepAttributesSequence = new[]
            {
                new { StudyInstanceUID = item.GetString(Tag.StudyInstanceUID), AccessionNumber = "OPN1" },
            },
        });
        const string Ended = """
            {"PerformedProcedureStepStatus":"COMPLETED","PerformedProcedureStepEndDate":"20261102",
             "PerformedProcedureStepEndTime":"101500",
             "PerformedSeriesSequence":[{"ProtocolName":"THORAX","SeriesInstanceUID":"1.2.3.51"}]}
            """;
        var port = int.Parse(Port, null);
        foreach (var (operation, dataSet) in new[] { ("create", begun), ("set", Ended) })
        {
            var answer = await Dcmjs.RunAsync(port, operation, "1.2.3.40", dataSet);
            Assert.Equal(0, answer.GetProperty("statuses")[0].GetInt32());
        }

        Assert.Empty(await _ris.WorklistAsync((Tag.Modality, "CT")));
        var after = await Dcmjs.RunAsync(port, "worklist", "CT");
        Assert.Equal(0, after.GetProperty("statuses")[0].GetInt32());
    }
}
