using Drimbox.Load;
using Drimbox.Load.Targets;

namespace Drimbox.Tests.Load;

public sealed class OperationMixTests
{
    [Fact]
    public void The_shares_come_out_as_the_weights_say()
    {
        var mix = Parse("store=80,find=15,move=5");
        var counts = Enumerable.Range(0, 100_000).CountBy(i => mix.KindOf(i, 42)).ToDictionary();
        Assert.InRange(counts[OperationKind.Store], 79_000, 81_000);
        Assert.InRange(counts[OperationKind.Find], 14_300, 15_700);
        Assert.InRange(counts[OperationKind.Move], 4_600, 5_400);
    }

    [Fact]
    public void The_same_seed_gives_the_same_order_and_another_one_another()
    {
        var mix = Parse("echo,store");
        Assert.Equal(Order(1), Order(1));
        Assert.NotEqual(Order(1), Order(2));

        List<OperationKind> Order(int seed) => [.. Enumerable.Range(0, 64).Select(i => mix.KindOf(i, seed))];
    }

    [Theory]
    [InlineData("store", "store=1")]
    [InlineData(" Store = 3 , echo ", null)]
    [InlineData("STORE=3, echo", "store=3,echo=1")]
    [InlineData("store=0,echo", "echo=1")]
    [InlineData("", null)]
    [InlineData("store=0", null)]
    [InlineData("store=-1", null)]
    [InlineData("store,store=2", null)]
    [InlineData("get=1", null)]
    [InlineData("1=5", null)]
    public void A_mix_is_read_or_refused(string text, string? expected)
    {
        Assert.Equal(expected is not null, OperationMix.TryParse(text, out var mix, out var refusal));
        Assert.Equal(expected, mix?.ToString());
        Assert.Equal(expected is null, refusal is not null);
    }

    [Theory]
    [InlineData("PACS@host:104", "PACS@host:104")]
    [InlineData("MY PACS@[::1]:11112", "MY PACS@[::1]:11112")]
    [InlineData("PACS@host", null)]
    [InlineData("PACS@host:0", null)]
    [InlineData("PACS@host:70000", null)]
    [InlineData("@host:104", null)]
    [InlineData("PACS@::1:104", null)]
    [InlineData("MORE THAN 16 CHARACTERS@host:104", null)]
    [InlineData("host:104", null)]
    public void An_address_is_read_or_refused(string text, string? expected)
    {
        Assert.Equal(expected is not null, DicomAddress.TryParse(text, out var address));
        if (expected is not null) Assert.Equal(expected, address.ToString());
    }

    private static OperationMix Parse(string text)
    {
        Assert.True(OperationMix.TryParse(text, out var mix, out _));
        return mix;
    }
}
