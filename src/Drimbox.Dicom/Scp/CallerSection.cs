using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Drimbox.Core;
using Drimbox.Dicom.Tls;

namespace Drimbox.Dicom.Scp;

/// <summary>An AE that may call, as the configuration file writes it: <c>"MODALITY"</c>, or an object that binds the
/// title to where it calls from, what it shows and what it may ask for.</summary>
[JsonConverter(typeof(CallerSectionConverter))]
public sealed record CallerSection : IValidatableObject
{
    /// <summary>Calling AE title. No default.</summary>
    [Required, RegularExpression(OptionPatterns.AeTitle, ErrorMessage = OptionPatterns.AeTitleError)]
    public string AeTitle { get; init; } = "";

    /// <summary>Networks in CIDR notation. Default: anywhere.</summary>
    public IReadOnlyList<string> Networks { get; init; } = [];

    /// <summary>The certificate that it must show. Default: any, or none.</summary>
    public string? Certificate { get; init; }

    /// <summary>What it may ask for. Default: everything.</summary>
    public IReadOnlyList<AllowedServices>? Services { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var network in Networks)
        {
            if (!IPNetwork.TryParse(network, out _))
                yield return new ValidationResult($"{network}: must be a network, as 10.0.0.0/24", [nameof(Networks)]);
        }

        if (Certificate is not null && !CertificateBinding.TryParse(Certificate, out _))
            yield return new ValidationResult($"{Certificate}: {CertificateBinding.Error}", [nameof(Certificate)]);
    }

    public CallerRule ToRule() => new(Core.Identity.AeTitle.Parse(AeTitle))
    {
        Networks = [.. Networks.Select(IPNetwork.Parse)],
        Certificate = Certificate is null ? null : CertificateBinding.Parse(Certificate),
        Services = Services is null
            ? AllowedServices.All
            : Services.Aggregate(AllowedServices.None, (all, one) => all | one),
    };
}

/// <summary>Reads a caller from a text or an object.</summary>
public sealed class CallerSectionConverter : JsonConverter<CallerSection>
{
    public override CallerSection Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return new CallerSection { AeTitle = reader.GetString()! };
        var written = JsonSerializer.Deserialize<Written>(ref reader, options)
            ?? throw new JsonException("A caller is an AE title or an object.");
        return new CallerSection
        {
            AeTitle = written.AeTitle,
            Networks = written.Networks,
            Certificate = written.Certificate,
            Services = written.Services,
        };
    }

    public override void Write(Utf8JsonWriter writer, CallerSection value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(
            writer, new Written(value.AeTitle, value.Networks, value.Certificate, value.Services), options);

    // The same without this converter.
    private sealed record Written(
        string AeTitle = "",
        IReadOnlyList<string> Networks = null!,
        string? Certificate = null,
        IReadOnlyList<AllowedServices>? Services = null)
    {
        public IReadOnlyList<string> Networks { get; init; } = Networks ?? [];
    }
}
