using Drimbox.Teleradiology;

namespace Drimbox.Tests.Teleradiology;

/// <summary>The platform has no way to the DMP: its code does not know that there is one.</summary>
public sealed class WallTests
{
    [Fact]
    public void The_assembly_references_no_DMP_client() =>
        Assert.DoesNotContain(
            typeof(TeleradiologyNode).Assembly.GetReferencedAssemblies(), a => a.Name!.Contains("Dmp", StringComparison.Ordinal));

    [Fact]
    public void Its_options_have_no_DMP_section() =>
        Assert.DoesNotContain(
            typeof(TeleradiologyOptions).GetProperties(),
            p => p.Name.Contains("Dmp", StringComparison.OrdinalIgnoreCase) || p.PropertyType.Name.Contains("Dmp", StringComparison.Ordinal));

    [Fact]
    public async Task A_node_that_has_reported_has_only_messages_to_its_RIS_and_fetches_in_its_outbox()
    {
        await using var platform = await Platform.StartAsync();
        await platform.ExamineAsync("1");
        var cancellation = TestContext.Current.CancellationToken;
        await platform.Node.WriteReportAsync(Samples.Order("1"), Samples.Text, "alice", cancellation);
        await platform.Log.WhenAsync(LoggedEvents.MessageDelivered);

        var rows = await platform.Node.ListOutboxAsync(new Drimbox.Storage.OutboxFilter([]), cancellation);

        Assert.Equal(
            ["teleradiology/fetch/" + Samples.Study("1"), "teleradiology/to/ris"],
            rows.Select(r => r.Lane).Order(StringComparer.Ordinal));
    }
}
