using Drimbox.Storage;

namespace Drimbox.Tests.Storage;

/// <summary>Tests of an open index, for each place that it can have.</summary>
public abstract class IndexTests(IndexPlace place) : IAsyncLifetime
{
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected IndexPlace Place => place;

    protected ArchiveIndex Index { get; set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        await place.RequireAsync();
        Index = await place.OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        // Null where the test was skipped.
        if (Index is not null) await Index.DisposeAsync();
        await place.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
