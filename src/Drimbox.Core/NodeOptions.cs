using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Drimbox.Core;

/// <summary>What a setting must look like.</summary>
public static class OptionPatterns
{
    public const string AeTitle = @"(?=.*[^ ])[ -\[\]-~]{1,16}";
    public const string AeTitleError = "must be an AE title: 1 to 16 printable characters without a backslash";
}

/// <summary>An IP address, as 127.0.0.1 or ::1.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class IpAddressAttribute() : ValidationAttribute("must be an IP address, as 127.0.0.1")
{
    public override bool IsValid(object? value) => value is null || IPAddress.TryParse(value as string, out _);
}

/// <summary>An HL7 application at the other end of an MLLP connection.</summary>
public sealed record Hl7PeerOptions
{
    /// <summary>Host name or address. No default.</summary>
    [Required]
    public string Host { get; init; } = "";

    /// <summary>TCP port, 1 to 65535. Default 2575.</summary>
    [Range(1, 65535)]
    public int Port { get; init; } = 2575;

    /// <summary>MSH-5 of what is sent to it. No default.</summary>
    [Required]
    public string Application { get; init; } = "";

    /// <summary>MSH-6 of what is sent to it. No default.</summary>
    [Required]
    public string Facility { get; init; } = "";
}

/// <summary>The HL7 side of a node.</summary>
public sealed record Hl7NodeOptions
{
    /// <summary>MSH-3 of what the node sends. No default.</summary>
    [Required]
    public string Application { get; init; } = "";

    /// <summary>MSH-4 of what the node sends. No default.</summary>
    [Required]
    public string Facility { get; init; } = "";

    /// <summary>IP address to listen on. Default 127.0.0.1.</summary>
    [Required, IpAddress]
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>MLLP port to listen on, 0 to 65535; 0 takes a free one. Default 2575.</summary>
    [Range(0, 65535)]
    public int Port { get; init; } = 2575;
}

/// <summary>A DICOM application entity at the other end of an association.</summary>
public sealed record DicomPeerOptions
{
    /// <summary>Its AE title: 1 to 16 characters of ISO 646 without control characters and backslash (PS3.5, AE). No
    /// default.</summary>
    [Required, RegularExpression(OptionPatterns.AeTitle, ErrorMessage = OptionPatterns.AeTitleError)]
    public string AeTitle { get; init; } = "";

    /// <summary>Host name or address. No default.</summary>
    [Required]
    public string Host { get; init; } = "";

    /// <summary>TCP port, 1 to 65535. Default 11112.</summary>
    [Range(1, 65535)]
    public int Port { get; init; } = 11112;
}

/// <summary>The DICOM side of a node.</summary>
public sealed record DicomNodeOptions
{
    /// <summary>Its AE title: 1 to 16 characters of ISO 646 without control characters and backslash (PS3.5, AE). No
    /// default.</summary>
    [Required, RegularExpression(OptionPatterns.AeTitle, ErrorMessage = OptionPatterns.AeTitleError)]
    public string AeTitle { get; init; } = "";

    /// <summary>IP address to listen on. Default 127.0.0.1.</summary>
    [Required, IpAddress]
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Port to listen on, 0 to 65535; 0 takes a free one. Default 11112.</summary>
    [Range(0, 65535)]
    public int Port { get; init; } = 11112;
}

/// <summary>A health structure that a node may act for.</summary>
public sealed record StructureOptions
{
    /// <summary>Struct_IdNat under 1.2.250.1.71.4.2.2. No default.</summary>
    [Required]
    public string Id { get; init; } = "";

    [Required]
    public string Name { get; init; } = "";

    /// <summary>HL7 0203: FINEG, FINEJ or IDNST. Default FINEG.</summary>
    [RegularExpression("FINEG|FINEJ|IDNST")]
    public string IdentifierType { get; init; } = "FINEG";

    /// <summary>The id with its national authority.</summary>
    public Identity.InstanceIdentifier OrganizationId =>
        Identity.InstanceIdentifier.Create(Identity.NationalAuthorities.Organizations, Id);
}

/// <summary>Where the DMP is.</summary>
public sealed record DmpOptions
{
    /// <summary>Address of the registry service (ITI-18, ITI-57). No default.</summary>
    [Required]
    public Uri? Registry { get; init; }

    /// <summary>Address of the repository service (ITI-41, ITI-43). No default.</summary>
    [Required]
    public Uri? Repository { get; init; }

    /// <summary>Folder of the certificates: <c>ID.auth.pfx</c> and <c>ID.sign.pfx</c> for each structure. No
    /// default.</summary>
    [Required]
    public string Certificates { get; init; } = "";
}
