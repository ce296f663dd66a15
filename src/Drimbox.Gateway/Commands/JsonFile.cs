using System.Text.Json;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Commands;

/// <summary>Reads what a command gets as a JSON file.</summary>
internal static class JsonFile
{
    /// <exception cref="InvalidDataException">The file is not the JSON of such a value; the message says where, and
    /// nothing of what stands there.</exception>
    public static async Task<T> ReadAsync<T>(FileInfo file, CancellationToken cancellation)
    {
        await using var stream = file.OpenRead();
        try
        {
            return await JsonSerializer.DeserializeAsync<T>(stream, AdministrationJson.Options, cancellation)
                ?? throw new InvalidDataException($"{file}: is empty.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{file}: cannot be read at {e.Path}, line {e.LineNumber + 1}.", e);
        }
    }
}
