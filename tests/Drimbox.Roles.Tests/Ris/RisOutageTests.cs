using Drimbox.Emulators.Dmp;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Ris;

/// <summary>A RIS whose DMP is away tells of it once, whatever waits.</summary>
public sealed class RisOutageTests
{
    private const int Began = 5110;
    private const int Ended = 5111;

    [Fact]
    [Requirement("DB.SO.21")]
    public async Task A_DMP_that_is_away_is_told_once_and_so_is_its_return()
    {
        await using var ris = await PublishingRis.StartAsync(clock: new FastClock(60));
        ris.Dmp.Faults.Add(new FaultRule(FaultKind.HttpStatus, Status: 503));
        for (var i = 0; i < 8; i++) await ris.ReportAsync($"A{i}");
        Assert.Contains("'dmp' cannot be reached", await ris.Log.WhenAsync(Began), StringComparison.Ordinal);
        Assert.Equal("dmp", Assert.Single(ris.Node.Outages).Peer);

        ris.Dmp.Faults.Clear();
        await ris.Log.WhenAsync(Ended);
        for (var i = 0; i < 8; i++)
        {
            await ris.Dmp.WhenCommittedAsync(
                s => s.Documents.Contains(SourceReports.Document($"A{i}")), PublishingRis.Token);
        }

        Assert.Empty(ris.Node.Outages);
        Assert.Equal(
            (1, 1),
            (ris.Log.Text.Split('\n').Count(l => l.StartsWith($"{Began} ", StringComparison.Ordinal)),
                ris.Log.Text.Split('\n').Count(l => l.StartsWith($"{Ended} ", StringComparison.Ordinal))));
    }
}
