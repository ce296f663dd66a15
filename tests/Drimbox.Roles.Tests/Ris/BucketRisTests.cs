using Drimbox.Emulators.Dmp;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Storage;
using Drimbox.Tests.Storage;

namespace Drimbox.Tests.Ris;

/// <summary>A RIS whose documents are in a bucket (docs/adr/0042).</summary>
public sealed class BucketRisTests(PostgresCluster cluster) : IAsyncLifetime
{
    private BucketDouble _bucket = null!;

    public async ValueTask InitializeAsync() => _bucket = await BucketDouble.StartAsync();

    public ValueTask DisposeAsync() => _bucket.DisposeAsync();

    [Fact]
    public async Task A_document_is_in_the_bucket_before_its_report_is_answered_and_is_published_from_there()
    {
        var database = await DatabaseAsync();
        await using var ris = await PublishingRis.StartAsync(options => options with { Database = database });
        ris.Dmp.Faults.Add(new FaultRule(FaultKind.HttpStatus, Status: 503));

        await ris.ReportAsync("A");

        Assert.Contains(_bucket.Objects.Keys, name => name.StartsWith("ris/objects/", StringComparison.Ordinal));
        Assert.False(Directory.Exists(Path.Combine(ris.NodeFolder, "objects")));

        await ris.RestartAsync();
        ris.Dmp.Faults.Clear();
        await ris.PublishedAsync("A");
        Assert.Empty(Directory.GetFiles(Path.Combine(ris.NodeFolder, "spool")));
    }

    [Fact]
    public async Task A_report_is_AR_while_the_service_is_away()
    {
        var database = await DatabaseAsync();
        await using var ris = await PublishingRis.StartAsync(options => options with { Database = database });
        _bucket.Always = BucketFault.SlowDown;

        Assert.Equal(AckCode.AR, (await ris.SendAsync(PublishingRis.Mdm("A"))).Code);

        _bucket.Always = null;
        await ris.TakesAsync(PublishingRis.Mdm("A"));
        await ris.PublishedAsync("A");
    }

    [Fact]
    public async Task A_flow_is_not_opened_with_the_objects_of_another()
    {
        var database = await DatabaseAsync();
        await using (var ris = await PublishingRis.StartAsync(options => options with { Database = database }))
            await ris.ReportAsync("A");

        // Another process of the same RIS has an empty folder.
        await using (await PublishingRis.StartAsync(options => options with { Database = database }))
        {
        }

        var e = await Assert.ThrowsAsync<StorageFaultException>(() => PublishingRis.StartAsync(
            options => options with { Database = database with { Bucket = _bucket.Options("other/") } }));
        Assert.Equal(StorageFault.Absent, e.Fault);
        Assert.Contains("of another place than 'images/other/flow.postgres'", e.Message, StringComparison.Ordinal);
    }

    private async Task<DatabaseOptions> DatabaseAsync()
    {
        await cluster.RequireAsync();
        return new DatabaseOptions
        {
            ConnectionString = cluster.ConnectionString, Schema = $"b-{Guid.NewGuid():N}", Bucket = _bucket.Options(),
        };
    }
}
