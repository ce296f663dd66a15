using System.ComponentModel.DataAnnotations;

namespace Drimbox.Gateway.Configuration;

/// <summary>What is told about the running process, beside its log. The page <c>/metrics</c> of the administration
/// interface needs no section.</summary>
internal sealed record TelemetrySection
{
    /// <summary>A collector that metrics, and traces if wanted, are sent to. Default: none.</summary>
    public OtlpSection? Otlp { get; init; }
}

/// <summary>A collector of OpenTelemetry.</summary>
internal sealed record OtlpSection : IValidatableObject
{
    public const string Grpc = "grpc";
    public const string Http = "http";

    /// <summary>Its address, http or https, without the path of a signal: <c>http://127.0.0.1:4318</c>. No
    /// default.</summary>
    [Required]
    public Uri? Endpoint { get; init; }

    /// <summary><c>http</c> (protobuf, port 4318 as a rule) or <c>grpc</c> (port 4317). Default http.</summary>
    [AllowedValues(Http, Grpc)]
    public string Protocol { get; init; } = Http;

    /// <summary>Whether it gets the traces of studies too. Default false: then no span is made.</summary>
    public bool Traces { get; init; }

    /// <summary>How often metrics and spans are sent, 1 s to 1 h. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The service.name of what is sent. Default drimbox.</summary>
    [Required, StringLength(100)]
    public string ServiceName { get; init; } = "drimbox";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Endpoint is not null && !(Endpoint.IsAbsoluteUri && Endpoint.Scheme is "http" or "https"))
            yield return new ValidationResult("must be an http or https address", [nameof(Endpoint)]);
    }
}
