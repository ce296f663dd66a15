namespace Drimbox.Dmp;

/// <summary>The addresses of the DMP (<c>…/si-dmp-server/v2/services/registry</c>, <c>/repository</c> and
/// <c>/patients</c>).</summary>
public sealed record XdsTarget(Uri Registry, Uri Repository)
{
    /// <summary>TD0.2; default <c>patients</c> beside the registry.</summary>
    public Uri Patients { get; init; } = new(Registry, "patients");

    /// <summary>The target behind a base address such as <c>https://host/si-dmp-server/v2/services/</c>.</summary>
    public static XdsTarget Under(Uri services) => new(new Uri(services, "registry"), new Uri(services, "repository"));
}
