using Drimbox.Core.Outages;

namespace Drimbox.Tests.Outages;

/// <summary>An outage is told when it begins and when it ends.</summary>
[Requirement("DB.SO.21")]
public sealed class OpenOutagesTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    [Fact]
    public void What_is_away_is_told_once_and_so_is_its_return()
    {
        var (told, open) = (new List<OutageEvent>(), OpenOutages.None);
        (string Peer, bool IsAway)[] seen =
        [
            ("dmp", false), ("dmp", true), ("dmp", true), ("pacs", true), ("dmp", true), ("dmp", false), ("dmp", false),
            ("pacs", true),
        ];
        for (var i = 0; i < seen.Length; i++)
        {
            if (open.Decide(seen[i].Peer, seen[i].IsAway, Start.AddMinutes(i)) is not { } happened) continue;
            told.Add(happened);
            open = OpenOutages.Evolve(open, happened);
        }

        Assert.Equal(
            [
                new OutageBegan("dmp", Start.AddMinutes(1)), new OutageBegan("pacs", Start.AddMinutes(3)),
                new OutageEnded("dmp", Start.AddMinutes(5)),
            ],
            told);
        Assert.Equal([new Outage("pacs", Start.AddMinutes(3))], open.List);
    }

    [Fact]
    public void A_full_disk_says_what_becomes_of_messages()
    {
        Assert.Contains("AR", new Outage(Outage.Disk, Start).Text, StringComparison.Ordinal);
        Assert.Contains("'pacs north'", new Outage("pacs north", Start).Text, StringComparison.Ordinal);
    }
}
