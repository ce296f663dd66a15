using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Drimbox.Gateway.Configuration;

/// <summary>Settings that variables of the environment put over those of the file: <c>DRIMBOX__SECTION__KEY</c>, in any
/// case; an item of a list by its number, <c>DRIMBOX__RIS__STRUCTURES__0__ID</c>. A section or a list is written as
/// JSON.</summary>
internal static class EnvironmentOverlay
{
    public const string Prefix = "DRIMBOX__";

    private const string Separator = "__";

    /// <summary>The variables of this process that name a setting.</summary>
    public static IReadOnlyDictionary<string, string> Variables() =>
        Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(v => ((string)v.Key).StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            .ToDictionary(v => (string)v.Key, v => (string?)v.Value ?? "", StringComparer.Ordinal);

    /// <summary>Writes the variables into what the file says.</summary>
    /// <returns>Variables that name nothing, with why.</returns>
    public static IReadOnlyList<string> Apply(JsonObject root, IReadOnlyDictionary<string, string> variables)
    {
        var findings = new List<string>();
        // In order, so that the items of a list come one after the other.
        foreach (var (name, value) in variables.OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            if (Put(root, typeof(GatewayConfiguration), name[Prefix.Length..].Split(Separator), value) is { } why)
                findings.Add($"{name}: {why}");
        }

        return findings;
    }

    private static string? Put(JsonNode node, Type type, ReadOnlySpan<string> path, string value)
    {
        var isLast = path.Length == 1;
        if (node is JsonArray items && ItemOf(type) is { } item)
        {
            if (!int.TryParse(path[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index))
                return $"'{path[0]}' is no number of an item";
            if (index > items.Count) return $"there is no item {index - 1} before it";
            if (index == items.Count) items.Add(isLast ? null : Empty(item));
            if (!isLast) return Put(items[index] ??= Empty(item), item, path[1..], value);
            items[index] = ValueOf(item, value);
            return null;
        }

        if (node is not JsonObject section) return "what is above it is a value";
        var key = path[0];
        var property = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).FirstOrDefault(
            p => p.CanWrite && string.Equals(p.Name, key, StringComparison.OrdinalIgnoreCase));
        if (property is null) return $"there is no key '{key}'";
        var inner = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        var written = section.Select(p => p.Key).FirstOrDefault(
            k => string.Equals(k, property.Name, StringComparison.OrdinalIgnoreCase)) ?? property.Name;
        if (!isLast) return Put(section[written] ??= Empty(inner), inner, path[1..], value);
        section[written] = ValueOf(inner, value);
        return null;
    }

    private static JsonNode Empty(Type type) => ItemOf(type) is null ? new JsonObject() : new JsonArray();

    private static Type? ItemOf(Type type) => type != typeof(string) && type.IsGenericType
        && typeof(IEnumerable).IsAssignableFrom(type) && type.GetGenericArguments() is [var item]
            ? item
            : null;

    // A text may look like a number: the type of the setting decides.
    private static JsonNode? ValueOf(Type type, string value)
    {
        if (type == typeof(string) || type == typeof(Uri) || type == typeof(TimeSpan) || type.IsEnum)
            return JsonValue.Create(value);
        try
        {
            return JsonNode.Parse(type == typeof(bool) ? value.ToLowerInvariant() : value);
        }
        catch (JsonException)
        {
            return JsonValue.Create(value);
        }
    }
}
