using System.Text.Json;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Commands;

/// <summary>Writes a document of the running process into a file.</summary>
internal static class DocumentDownload
{
    /// <returns>What was written, or that there is no such document.</returns>
    public static async Task<AdministrationAnswer> RunAsync(
        AdministrationClient client, string path, FileInfo output, CancellationToken cancellation)
    {
        await using var source = await client.TryOpenAsync(path, cancellation);
        if (source is null) return Answer(false, new { error = "There is no such document." });
        await using var file = output.Create();
        await source.CopyToAsync(file, cancellation);
        return Answer(true, new { file = output.FullName, length = file.Length });
    }

    private static AdministrationAnswer Answer(bool succeeded, object body) =>
        new(succeeded, JsonSerializer.SerializeToElement(body, AdministrationJson.Options));
}
