using System.Diagnostics;
using Drimbox.Core.Identity;

namespace Drimbox.Tests.Source;

/// <summary>The manifests that a source publishes, in the eyes of dciodvfy (dicom3tools).</summary>
public sealed class SourceManifestPeerTests
{
    [Fact]
    [Requirement("DB.SO.18")]
    public async Task Dciodvfy_finds_no_error_in_a_manifest_that_was_published()
    {
        var program = Peer.Require("dciodvfy");
        await using var source = await SourceFixture.StartAsync();
        await source.PublishAsync(images: 6);
        var document = await source.ApprovedAsync();
        var file = await source.Node.ReadManifestAsync(Uid.Parse(document.UniqueId.Root), SourceFixture.Token);

        using var folder = new StoreFolder();
        var path = Path.Combine(folder.Path, "manifest.dcm");
        await File.WriteAllBytesAsync(path, file!, SourceFixture.Token);
        var start = new ProcessStartInfo(program, path)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(SourceFixture.Token);
        var output = await process.StandardOutput.ReadToEndAsync(SourceFixture.Token) + await error;
        await process.WaitForExitAsync(SourceFixture.Token);

        // It names the IOD that it checked against, so that its silence says something.
        Assert.Contains("KeyObjectSelectionDocument", output, StringComparison.Ordinal);
        Assert.DoesNotContain(
            output.Split('\n'), line => line.StartsWith("Error", StringComparison.OrdinalIgnoreCase));
    }
}
