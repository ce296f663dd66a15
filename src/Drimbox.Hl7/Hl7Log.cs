using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Drimbox.Hl7;

/// <summary>Events 2000 to 2099. No message content, no patient data.</summary>
internal static partial class Hl7Log
{
    [LoggerMessage(2000, LogLevel.Information, "MLLP listens on {EndPoint}")]
    public static partial void Listening(ILogger logger, IPEndPoint endPoint);

    [LoggerMessage(2001, LogLevel.Debug, "MLLP connection of {Peer} ended: {Why}")]
    public static partial void ConnectionLost(ILogger logger, IPAddress peer, string why);

    [LoggerMessage(2002, LogLevel.Error, "MLLP frame of {Peer} could not be handled; no acknowledgement was sent")]
    public static partial void HandlerFailed(ILogger logger, Exception exception, IPAddress peer);

    [LoggerMessage(2003, LogLevel.Warning, "MLLP connection of {Peer} closed: {Why}")]
    public static partial void FrameRefused(ILogger logger, IPAddress peer, string why);

    [LoggerMessage(2004, LogLevel.Warning, "MLLP connection of {Peer} refused: every place is taken")]
    public static partial void ConnectionRefused(ILogger logger, IPAddress peer);

    [LoggerMessage(2005, LogLevel.Warning, "MLLP accept failed: {Error}")]
    public static partial void AcceptFailed(ILogger logger, SocketError error);

    [LoggerMessage(2006, LogLevel.Warning, "MLLP connection of {Peer} closed before it was secure: {Why}")]
    public static partial void NotSecure(ILogger logger, IPAddress peer, string why);
}
