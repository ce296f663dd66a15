using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Drimbox.Storage;

namespace Drimbox.Grains.Streams;

/// <summary>Events as rows. The discriminator of the closed hierarchy (JsonDerivedType on the event's root) is the
/// only type name that is ever read, so a row cannot name a type of its choice (attack A22).</summary>
public static class EventCodec
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
        AllowOutOfOrderMetadataProperties = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutComputed } },
    };

    public static EventRow ToRow<TEvent>(TEvent e) where TEvent : notnull =>
        new(e.GetType().Name, JsonSerializer.Serialize(e, Options));

    public static TEvent FromRow<TEvent>(StoredEvent row) =>
        JsonSerializer.Deserialize<TEvent>(row.Json, Options)
        ?? throw new JsonException($"An empty event of type {row.Type}.");

    public static string Write<T>(T payload) => JsonSerializer.Serialize(payload, Options);

    public static T Read<T>(string payload) =>
        JsonSerializer.Deserialize<T>(payload, Options) ?? throw new JsonException("An empty payload.");

    /// <summary>A property that neither a constructor nor a setter takes back is computed from the others.</summary>
    private static void LeaveOutComputed(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (property is { Set: null, AssociatedParameter: null }) property.ShouldSerialize = static (_, _) => false;
        }
    }
}
