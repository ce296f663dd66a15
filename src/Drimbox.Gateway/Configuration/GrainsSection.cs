using System.ComponentModel.DataAnnotations;
using System.Net;
using Drimbox.Storage;

namespace Drimbox.Gateway.Configuration;

/// <summary>Where the turns of reports, requests, studies and publications are taken (docs/adr/0038).</summary>
internal sealed record GrainsSection : IValidatableObject
{
    public const string Embedded = "embedded";
    public const string Orleans = "orleans";

    private const string NameForm = "must be 1 to 100 letters, digits, hyphens and underscores";

    /// <summary><c>embedded</c>: in this process. <c>orleans</c>: in a cluster of processes, in a build that has it. Default
    /// embedded.</summary>
    [AllowedValues(Embedded, Orleans)]
    public string Host { get; init; } = Embedded;

    /// <summary>The name of the cluster. Default drimbox.</summary>
    [RegularExpression("[A-Za-z0-9_-]{1,100}", ErrorMessage = NameForm)]
    public string ClusterId { get; init; } = "drimbox";

    /// <summary>The name of the service; it stays when a cluster gets another name. Default drimbox.</summary>
    [RegularExpression("[A-Za-z0-9_-]{1,100}", ErrorMessage = NameForm)]
    public string ServiceId { get; init; } = "drimbox";

    /// <summary>The IP address where the other processes reach this one; it listens on that alone. Default 127.0.0.1.
    /// </summary>
    public string AdvertisedAddress { get; init; } = "127.0.0.1";

    /// <summary>Between the processes. Default 11111.</summary>
    [Range(1, 65535)]
    public int SiloPort { get; init; } = 11111;

    /// <summary>For clients of the cluster other than its processes. Default 0: none.</summary>
    [Range(0, 65535)]
    public int GatewayPort { get; init; }

    /// <summary>The PostgreSQL with the membership tables of Orleans. Needed by <c>orleans</c>.</summary>
    public DatabaseOptions? Database { get; init; }

    private static bool HasOrleans =>
#if ORLEANS
        true;
#else
        false;
#endif

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!IPAddress.TryParse(AdvertisedAddress, out _))
            yield return new ValidationResult("must be an IP address", [nameof(AdvertisedAddress)]);
        if (Host != Orleans) yield break;
        if (!HasOrleans)
        {
            yield return new ValidationResult(
                "this program was built without Orleans: say embedded, or build it with -p:WithOrleans=true "
                + "(docs/operations/orleans.md)", [nameof(Host)]);
        }

        if (Database is null)
            yield return new ValidationResult("is required by the host orleans", [nameof(Database)]);
    }
}
