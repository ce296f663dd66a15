using Drimbox.Core.Archive;
using Drimbox.Core.Identity;

namespace Drimbox.Tests.Archive;

/// <summary>Who corrects whom.</summary>
public sealed class ArchiveSitesTests
{
    private static readonly ArchiveSites Sites = new(
    [
        new ArchiveSite("north", [AeTitle.Parse("CT1"), AeTitle.Parse("MR1")], AeTitle.Parse("PACS1")),
        new ArchiveSite("south", [AeTitle.Parse("CT2")], null),
    ]);

    [Theory]
    [InlineData("CT1", "", "CT1", "CT1", true, false)]
    [InlineData("MR1", "", "CT1", "MR1", true, false)]
    [InlineData("PACS1", "", "CT1", "PACS1", true, true)]
    [InlineData("CT2", "", "CT1", "CT2", false, false)]
    [InlineData("WS7", "", "CT1", "WS7", false, false)]
    [InlineData("WS7", "", "WS7", "WS7", true, false)]
    // A node of the PACS, which belongs to no site, sends what the PACS asked it for: it is of the site, not its PACS.
    [InlineData("NODE7", "PACS1", "CT1", "PACS1", true, false)]
    // A modality does not become another's by what it says, nor by the name of a modality.
    [InlineData("CT2", "PACS1", "CT1", "CT2", false, false)]
    [InlineData("WS7", "CT1", "CT1", "WS7", false, false)]
    [InlineData("WS7", "DRIMBOX", "WS7", "WS7", true, false)]
    public void A_sender_belongs_to_the_group_of(
        string calling, string moveOriginator, string other, string origin, bool isSame, bool isPacs)
    {
        var sender = Sites.SenderOf(
            AeTitle.Parse(calling), moveOriginator.Length == 0 ? default : AeTitle.Parse(moveOriginator));
        Assert.Equal(origin, sender.Origin.ToString());
        Assert.Equal(isSame, sender.Group == Sites.GroupOf(AeTitle.Parse(other)));
        Assert.Equal(isPacs, sender.IsPacs);
        // What is remembered of it leads to the same group.
        Assert.Equal(sender.Group, Sites.GroupOf(sender.Origin));
    }

    [Fact]
    public void Without_sites_each_AE_is_a_group_by_itself()
    {
        var sender = ArchiveSites.None.SenderOf(AeTitle.Parse("CT1"), AeTitle.Parse("PACS1"));
        Assert.Equal(new InstanceSender(AeTitle.Parse("CT1"), "CT1", IsPacs: false), sender);
    }

    [Fact]
    public void A_site_is_never_taken_for_an_AE_of_its_name()
    {
        var sites = new ArchiveSites([new ArchiveSite("WS7", [AeTitle.Parse("CT1")], null)]);
        Assert.NotEqual(sites.GroupOf(AeTitle.Parse("WS7")), sites.GroupOf(AeTitle.Parse("CT1")));
    }
}
