using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Dmp.Mail;

namespace Drimbox.Gateway.Doctor;

/// <summary>Whether the peers of the roles answer. Nothing is sent to them but a C-ECHO.</summary>
internal static class PeerCheck
{
    public static Task<Diagnosis> RunAsync(ConfiguredPeer peer, CancellationToken cancellation) => peer.Options switch
    {
        DicomPeerOptions dicom => EchoAsync(peer, dicom, cancellation),
        Hl7PeerOptions hl7 => ConnectAsync(
            peer.Key, "MLLP", hl7.Host, hl7.Port, TlsStreams.Client(hl7.Tls, hl7.Host, TimeProvider.System), cancellation),
        MailServer mail => ConnectAsync(peer.Key, "mail", mail.Host, mail.Port, null, cancellation),
        _ => throw Invariant.Unreachable(peer.Options),
    };

    private static async Task<Diagnosis> EchoAsync(
        ConfiguredPeer peer, DicomPeerOptions dicom, CancellationToken cancellation)
    {
        var name = $"{dicom.AeTitle}@{dicom.Host}:{dicom.Port}";
        try
        {
            await using var association = await Association.RequestAsync(
                new AssociationOptions
                {
                    Host = dicom.Host,
                    Port = dicom.Port,
                    CallingAe = AeTitle.Parse(peer.OwnAe),
                    CalledAe = AeTitle.Parse(dicom.AeTitle),
                    Contexts = [CEchoScu.Context],
                    Tls = TlsClientOptions.From(dicom.Tls),
                },
                cancellation);
            var status = await new CEchoScu(association).SendAsync(cancellation);
            await association.ReleaseAsync(cancellation);
            return status.IsSuccessOrWarning
                ? Diagnosis.Ok(peer.Key, $"{name} answers a C-ECHO of {peer.OwnAe}")
                : Diagnosis.Fail(peer.Key, $"{name} answers a C-ECHO with {status}", "Its log says why.");
        }
        catch (AssociationRejectedException e)
        {
            return Diagnosis.Fail(
                peer.Key, $"{name} refuses the association: {e.Message}",
                $"At the peer: allow the AE title {peer.OwnAe} from this machine.");
        }
        catch (Exception e) when (e is SocketException or IOException or AssociationAbortedException)
        {
            return Diagnosis.Fail(peer.Key, $"{name}: {e.Message}", Reach(dicom.Host, dicom.Port));
        }
    }

    public static async Task<Diagnosis> ConnectAsync(
        string key, string protocol, string host, int port,
        Func<Stream, CancellationToken, Task<Stream>>? secure, CancellationToken cancellation)
    {
        var name = $"{host}:{port} ({protocol}{(secure is null ? "" : ", TLS")})";
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(host, port, cancellation);
            if (secure is null) return Diagnosis.Ok(key, $"{name} takes connections");
            await using var plain = new NetworkStream(socket);
            await using var stream = await secure(plain, cancellation);
            return Diagnosis.Ok(key, $"{name} takes connections");
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return Diagnosis.Fail(key, $"{name}: {e.Message}", Reach(host, port));
        }
    }

    private static string Reach(string host, int port) =>
        $"Does the peer run, is the address right, and does a firewall let {host}:{port} through?";
}
