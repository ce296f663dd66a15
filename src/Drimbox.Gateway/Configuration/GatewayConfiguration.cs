using Drimbox.Core;
using Drimbox.Ris;
using Drimbox.Source;
using Drimbox.Teleradiology;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Configuration;

/// <summary>How the log is written.</summary>
internal enum LogFormat
{
    /// <summary>A line for a person: time, level, category, event number, message.</summary>
    Text,

    /// <summary>A JSON object a line, with the values of the message beside it.</summary>
    Json,
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

    /// <summary>How a line of the log is written. Default Text.</summary>
    public LogFormat LogFormat { get; init; } = LogFormat.Text;

    public TelemetrySection? Telemetry { get; init; }

    public GrainsSection Grains { get; init; } = new();

    /// <summary>Needed by the roles that publish, refused where none does.</summary>
    public DmpOptions? Dmp { get; init; }

    public ArchiveSection? Archive { get; init; }

    public RisOptions? Ris { get; init; }

    public TeleradiologyOptions? Teleradiology { get; init; }

    public SourceOptions? Source { get; init; }
}
