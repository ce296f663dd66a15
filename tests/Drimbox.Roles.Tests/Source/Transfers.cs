using Drimbox.Source.Transfer;

namespace Drimbox.Tests.Source;

/// <summary>Exports and imports of the present node of a fixture.</summary>
internal static class Transfers
{
    public static async Task<TransferCount> ExportAsync(SourceFixture source, ExportOrder order)
    {
        var count = new TransferCount();
        await source.Node.ExportManifestsAsync(order, count, SourceFixture.Token);
        return count;
    }

    public static async Task<TransferCount> ImportAsync(SourceFixture source, string path)
    {
        var count = new TransferCount();
        await source.Node.ImportManifestsAsync(path, count, SourceFixture.Token);
        return count;
    }
}
