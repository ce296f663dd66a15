using Drimbox.Core;
using Drimbox.Ris;
using Drimbox.Source;
using Drimbox.Teleradiology;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Configuration;

/// <summary>How the running process is administered.</summary>
internal sealed record AdministrationOptions
{
    /// <summary>Path of the Unix socket, relative to the data folder unless absolute. Default drimbox.sock.</summary>
    public string Socket { get; init; } = "drimbox.sock";

    /// <summary>Loopback port of the read-only HTTP interface, 1 to 65535; null for none. Default none.</summary>
    public int? HttpPort { get; init; }
}

/// <summary>The configuration of a process: a section for each role that is switched on.</summary>
internal sealed record GatewayConfiguration
{
    /// <summary>Folder of the stores, one folder a node below it. No default.</summary>
    public string DataFolder { get; init; } = "";

    public AdministrationOptions Administration { get; init; } = new();

    /// <summary>Least severe level that is logged: Trace, Debug, Information, Warning, Error. Default
    /// Information.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Needed by the roles that publish, refused where none does.</summary>
    public DmpOptions? Dmp { get; init; }

    public ArchiveSection? Archive { get; init; }

    public RisOptions? Ris { get; init; }

    public TeleradiologyOptions? Teleradiology { get; init; }

    public SourceOptions? Source { get; init; }
}
