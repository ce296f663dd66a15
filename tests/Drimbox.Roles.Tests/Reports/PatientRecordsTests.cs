using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Grains.Hosting;
using Drimbox.Grains.Identity;
using Drimbox.Grains.Streams;
using Drimbox.Storage;

namespace Drimbox.Tests.Reports;

/// <summary>The records of the local base are kept in memory and read on from there: what somebody else wrote meanwhile
/// counts all the same.</summary>
public sealed class PatientRecordsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_record_that_was_read_before_shows_what_another_register_wrote_since()
    {
        await using var ris = await ReportHistory.BeginAsync();
        var other = new PatientRegister(
            "ris", ris.Store, new TurnLoop(ris.Store, new EmbeddedTurnQueue(), new NoAcks()), TimeProvider.System);
        var key = PatientKeys.Of(ReportFixture.Patient)[0];

        await ris.Patients.StateAsync(Statement(DmpFeeding.NotOpposed, "20261101100000"), null, Token);
        Assert.Equal(DmpFeeding.NotOpposed, (await ris.Patients.GetAsync(key, Token)).Feeding);
        await other.StateAsync(Statement(DmpFeeding.Opposed, "20261101110000"), null, Token);

        Assert.Equal(DmpFeeding.Opposed, (await ris.Patients.GetAsync(key, Token)).Feeding);
        Assert.True((await ris.Patients.StandingAsync(ReportFixture.Patient, Token)).Standing.Opposes);
    }

    private static PatientStatement Statement(DmpFeeding feeding, string at) => new(
        ReportFixture.Patient, ["VALI"], feeding, DmpConsultation.NotCollected, at);

    private sealed class NoAcks : Drimbox.Core.IAckComposer
    {
        public (string Ack, string Code) Compose(string header, Drimbox.Core.Refusal? refusal) => (header, "AA");
    }
}
