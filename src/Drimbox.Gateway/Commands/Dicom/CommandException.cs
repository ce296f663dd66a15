using System.Net.Sockets;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary>A DICOM command cannot go on: what its user is told, and how it ends.</summary>
internal sealed class CommandException(ExitCode exitCode, string message, Exception? inner = null)
    : Exception(message, inner)
{
    public ExitCode ExitCode { get; } = exitCode;

    /// <summary>What a fault of the network, the peer or the disk means to the user of a command; null for anything
    /// else, which is a bug.</summary>
    public static CommandException? For(Exception fault, DicomPeer? peer) => fault switch
    {
        CommandException e => e,
        AssociationRejectedException e => new CommandException(ExitCode.Refused, Refusal(e.Rejection, peer), e),
        AssociationAbortedException e => new CommandException(ExitCode.Aborted, $"{peer}: {e.Message}", e),
        DimseFailureException e => new CommandException(ExitCode.Failed, $"{peer}: {e.Message}", e),
        SocketException e => new CommandException(ExitCode.Unavailable, Unreachable(e, peer), e),
        SecureTransportException e => new CommandException(
            ExitCode.Unavailable, peer is null ? e.Message : $"{peer}: no TLS connection. {e.Message}", e),
        TimeoutException e => new CommandException(
            ExitCode.Unavailable,
            $"{peer}: {e.Message} Is the address right, and does a firewall let the port through?", e),
        IOException or InvalidDataException or UnauthorizedAccessException => new CommandException(ExitCode.Usage, fault.Message, fault),
        _ => null,
    };

    // PS3.8 9.3.4: which rule refused, and what to do about it.
    private static string Refusal(AssociateRejection rejection, DicomPeer? peer)
    {
        var result = rejection.Result == RejectResult.Transient ? "transient" : "permanent";
        var source = rejection.Source switch
        {
            RejectSource.ServiceUser => "service user",
            RejectSource.ServiceProviderAcse => "service provider, ACSE",
            RejectSource.ServiceProviderPresentation => "service provider, presentation",
            _ => "unknown",
        };
        return $"{peer} refused the association: result {(byte)rejection.Result} ({result}), source "
            + $"{(byte)rejection.Source} ({source}), reason {rejection.Reason}. {rejection.Explanation}{Advice(rejection, peer)}";
    }

    private static string Advice(AssociateRejection rejection, DicomPeer? peer)
    {
        if (rejection == AssociateRejection.CallingAeNotRecognized)
            return " Or call with a title that it knows: --calling AET.";
        return rejection == AssociateRejection.CalledAeNotRecognized ? $" It was called '{peer?.AeTitle}'." : "";
    }

    private static string Unreachable(SocketException fault, DicomPeer? peer) => fault.SocketErrorCode switch
    {
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain =>
            $"{peer}: the host name '{peer?.Host}' is not known. Check its spelling and the DNS of this machine.",
        SocketError.ConnectionRefused =>
            $"{peer}: nothing listens on port {peer?.Port} of '{peer?.Host}'. Does the peer run, and is the port right?",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable =>
            $"{peer}: there is no route to '{peer?.Host}'. Check the address and the network.",
        SocketError.TimedOut =>
            $"{peer}: no answer from port {peer?.Port}. Does a firewall let the port through?",
        SocketError.AddressAlreadyInUse or SocketError.AccessDenied or SocketError.AddressNotAvailable => fault.Message,
        _ => $"{peer}: no connection. {fault.Message}.",
    };
}
