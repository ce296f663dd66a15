using System.Text.Json;
using System.Text.Json.Serialization;

namespace Drimbox.Gateway.Administration;

/// <summary>The JSON of the administration interface: camel case, enumerations by name.</summary>
internal static class AdministrationJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };
}
