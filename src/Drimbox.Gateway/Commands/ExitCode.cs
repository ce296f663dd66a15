namespace Drimbox.Gateway.Commands;

/// <summary>How a command ends: the same numbers for every command, kept from version to version.</summary>
internal enum ExitCode
{
    /// <summary>All was done.</summary>
    Done = 0,

    /// <summary>The other side answered a failure, or a part of the work failed.</summary>
    Failed = 1,

    /// <summary>The command line, the configuration or an input file is wrong.</summary>
    Usage = 2,

    /// <summary>No connection: unknown host, refused port, no TLS; or a port or a store that another process
    /// has.</summary>
    Unavailable = 3,

    /// <summary>The peer refused the association, or accepted nothing in it that the command can use; it answered an
    /// HL7 message AE or AR; a message is not as its profile says.</summary>
    Refused = 4,

    /// <summary>The association was aborted, lost, or the peer was silent for too long.</summary>
    Aborted = 5,

    /// <summary>Ctrl+C: 128 and the number of SIGINT, as shells have it.</summary>
    Cancelled = 130,
}
