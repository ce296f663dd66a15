using System.ComponentModel.DataAnnotations;
using Drimbox.Core;
using Drimbox.Dicom.Scp;

namespace Drimbox.Ris;

/// <summary>A modality that takes its worklist from the RIS.</summary>
public sealed record StationOptions
{
    /// <summary>Its AE title. No default.</summary>
    [Required, RegularExpression(OptionPatterns.AeTitle, ErrorMessage = OptionPatterns.AeTitleError)]
    public string AeTitle { get; init; } = "";

    /// <summary>What it makes, as (0008,0060): CT, MR and so on. No default.</summary>
    [Required, RegularExpression("[A-Z0-9 _]{1,16}", ErrorMessage = "must be a modality (PS3.3 C.7.3.1.1.1)")]
    public string Modality { get; init; } = "";
}

/// <summary>The DICOM side of a RIS: Modality Worklist and Modality Performed Procedure Step.</summary>
public sealed record RisDicomOptions
{
    /// <summary>Its AE title. No default.</summary>
    [Required, RegularExpression(OptionPatterns.AeTitle, ErrorMessage = OptionPatterns.AeTitleError)]
    public string AeTitle { get; init; } = "";

    /// <summary>IP address to listen on. Default 127.0.0.1.</summary>
    [Required, IpAddress]
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Port to listen on, 0 to 65535; 0 takes a free one. Default 11112.</summary>
    [Range(0, 65535)]
    public int Port { get; init; } = 11112;

    /// <summary>TLS for every connection to the port. Default: none.</summary>
    public DicomTlsOptions? Tls { get; init; }

    /// <summary>Who may call: an AE title, or an object that binds it. Empty: none may.</summary>
    public IReadOnlyList<CallerSection> Callers { get; init; } = [];

    /// <summary>Which modality works where. A request whose modality has no station is on the list of every caller.
    /// </summary>
    public IReadOnlyList<StationOptions> Stations { get; init; } = [];

    /// <summary>The archive that is told when a procedure step has ended, or null.</summary>
    public DicomPeerOptions? Archive { get; init; }
}
