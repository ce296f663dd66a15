using System.ComponentModel.DataAnnotations;
using System.Net;
using Drimbox.Archive.Corrections;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Storage;

namespace Drimbox.Gateway.Configuration;

/// <summary>Where an archive listens for messages about patients, as the configuration file writes it.</summary>
internal sealed record PatientUpdateSection
{
    /// <summary>IP address to listen on. Default 127.0.0.1.</summary>
    [Required, IpAddress]
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>MLLP port to listen on, 0 to 65535; 0 takes a free one. Default 2575.</summary>
    [Range(0, 65535)]
    public int Port { get; init; } = 2575;

    /// <summary>TLS for every connection to the port, with the keys and the rules of a DICOM node. Default: none.
    /// </summary>
    public DicomTlsOptions? Tls { get; init; }

    /// <summary>Who gave out the patient ids in files that name no issuer. Default: nobody knows.</summary>
    public AssigningAuthoritySection LocalAuthority { get; init; } = new();

    /// <summary>PostgreSQL for the messages that were taken. Default: none, they are in a file below the node's folder.
    /// </summary>
    public DatabaseOptions? Database { get; init; }

    public PatientUpdateOptions ToOptions(string node) => new()
    {
        Address = IPAddress.Parse(Address),
        Port = Port,
        Tls = Tls,
        Postgres = Database?.ToMessages(node),
        SharedFolder = Database?.SharedFolder is { } shared ? Path.GetFullPath(shared) : null,
        LocalAuthority = new AssigningAuthority(LocalAuthority.Name, LocalAuthority.UniversalId),
    };
}

/// <summary>HD of HL7: CX-4 of the messages.</summary>
internal sealed record AssigningAuthoritySection
{
    /// <summary>CX-4.1. Default: none.</summary>
    public string Name { get; init; } = "";

    /// <summary>CX-4.2, an OID. Default: none.</summary>
    public string UniversalId { get; init; } = "";
}
