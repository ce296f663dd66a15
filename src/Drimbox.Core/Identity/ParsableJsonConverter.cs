using System.Text.Json;
using System.Text.Json.Serialization;

namespace Drimbox.Core.Identity;

/// <summary>Writes an identifier as its text and reads it back through its own parser, also as a property name.</summary>
public sealed class ParsableJsonConverter<T> : JsonConverter<T> where T : IParsable<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Parse(reader.GetString());

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());

    public override T ReadAsPropertyName(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parse(reader.GetString());

    public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        writer.WritePropertyName(value.ToString() ?? "");

    private static T Parse(string? text)
    {
        // An absent identifier is written as the empty text and comes back as the default value.
        if (string.IsNullOrEmpty(text)) return default!;
        return T.TryParse(text, null, out var value)
            ? value
            : throw new JsonException($"Not a {typeof(T).Name}.");
    }
}
