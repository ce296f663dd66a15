using Drimbox.Grains.Hosting;

namespace Drimbox.Tests.Hosting;

/// <summary>Ids are version 4 UUIDs (RFC 9562 5.4), and UIDs made of such (PS3.5 B.2).</summary>
public sealed class RandomIdSourceTests
{
    [Fact]
    public void An_id_is_a_version_4_UUID_that_never_comes_twice()
    {
        var ids = new RandomIdSource();

        var made = Enumerable.Range(0, 1000).Select(_ => ids.NewUuid()).ToList();

        Assert.All(made, id => Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", id));
        Assert.Equal(made.Count, made.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void A_UID_lies_under_the_root_for_UUIDs() =>
        Assert.Matches(@"^2\.25\.[1-9][0-9]{30,38}$", new RandomIdSource().NewUid().ToString());
}
