using System.Text.Json;
using System.Text.Json.Serialization;
using Drimbox.Core;

namespace Drimbox.Load.Results;

/// <summary>A result as a file.</summary>
public static class ResultFile
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters =
        {
            new JsonStringEnumConverter<OperationKind>(JsonNamingPolicy.CamelCase),
            new JsonStringEnumConverter<Verdict>(JsonNamingPolicy.CamelCase),
        },
    };

    // Between script tags "<" is written as \u003C by the default encoder, so no value can end the script.
    private static readonly JsonSerializerOptions Embedded = new(Options) { WriteIndented = false };

    public static string ToJson(LoadResult result) => JsonSerializer.Serialize(result, Options);

    public static string ToJson(Comparison comparison) => JsonSerializer.Serialize(comparison, Options);

    /// <summary>Reads what <see cref="ToJson(LoadResult)"/> wrote.</summary>
    /// <returns>The result, or null with the reason.</returns>
    public static LoadResult? TryRead(string path, out Refusal? refusal)
    {
        refusal = null;
        try
        {
            var result = JsonSerializer.Deserialize<LoadResult>(File.ReadAllBytes(path), Options);
            if (result is { Format: LoadResult.CurrentFormat }) return result;
            refusal = new Refusal(RefusalReason.UnsupportedVersion, $"{path} is of another version of drimbox load.");
        }
        catch (JsonException e)
        {
            refusal = new Refusal(
                RefusalReason.Malformed,
                $"{path} is no result of drimbox load (line {e.LineNumber + 1}): write one with --output FILE.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            refusal = new Refusal(RefusalReason.UnknownTarget, $"{path} cannot be read: {e.Message}");
        }

        return null;
    }

    internal static string ToEmbeddedJson(LoadResult result) => JsonSerializer.Serialize(result, Embedded);
}
