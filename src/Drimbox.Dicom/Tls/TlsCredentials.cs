using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Drimbox.Dicom.Tls;

/// <summary>What the PEM files of a side hold: its own certificate with its key, and whom it trusts.</summary>
/// <param name="Own">Null where the side shows no certificate.</param>
/// <param name="NotAfter">The end of the own certificate.</param>
internal sealed record TlsCredentials(
    SslStreamCertificateContext? Own, DateTimeOffset? NotAfter, X509Certificate2Collection Trusted)
{
    /// <exception cref="SecureTransportException">A file is missing or cannot be used; the message names it.</exception>
    public static TlsCredentials Load(string? certificateFile, string? keyFile, string? trustFile)
    {
        var trusted = new X509Certificate2Collection();
        if (trustFile is not null)
        {
            ReadCertificates(trustFile, trusted);
        }

        if (certificateFile is null) return new TlsCredentials(null, null, trusted);
        var chain = new X509Certificate2Collection();
        X509Certificate2? own = null;
        SslStreamCertificateContext? context = null;
        ReadCertificates(certificateFile, chain);
        Read(
            keyFile ?? certificateFile,
            () => own = X509Certificate2.CreateFromPemFile(certificateFile, keyFile ?? certificateFile));
        // The first is our own; what follows leads to an authority. Nothing is fetched from the network.
        chain.RemoveAt(0);
        Read(certificateFile, () => context = SslStreamCertificateContext.Create(own!, chain, offline: true));
        return new TlsCredentials(context, new DateTimeOffset(own!.NotAfter), trusted);
    }

    // What is cut short between its lines is no PEM to the platform, and passed over in silence.
    private static void ReadCertificates(string file, X509Certificate2Collection certificates)
    {
        Read(file, () => certificates.ImportFromPemFile(file));
        if (certificates.Count == 0) throw new SecureTransportException($"{file}: there is no certificate in it.");
    }

    private static void Read(string file, Action read)
    {
        try
        {
            read();
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // The reasons of the platform speak of ASN.1; what a person can check is named first.
            throw new SecureTransportException(
                $"{file}: not usable as PEM: it must hold a certificate and an unencrypted private key that belong "
                + $"together, or trusted certificates ({e.Message.TrimEnd('.')}).",
                e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SecureTransportException($"{file}: {e.Message}", e);
        }
    }
}

/// <summary>The credentials of a listening AE, which follow their files. <see cref="Refresh"/> belongs to one task;
/// <see cref="Current"/> to any.</summary>
internal sealed class TlsServerCredentials
{
    private TlsCredentials _current;
    private string _stamp;

    /// <exception cref="SecureTransportException">The files cannot be used.</exception>
    public TlsServerCredentials(TlsServerOptions options)
    {
        Options = options;
        if (options is { TrustFile: null, ClientCertificate: not ClientCertificateRule.None })
            throw new SecureTransportException("Without a trust file no certificate of a caller can be accepted.");
        _stamp = Stamp();
        _current = Load();
    }

    public TlsServerOptions Options { get; }

    public TlsCredentials Current => Volatile.Read(ref _current);

    /// <summary>Reads the files again if they have changed.</summary>
    /// <returns>True if new ones are in force.</returns>
    /// <exception cref="SecureTransportException">They have changed and cannot be used; the former stay in force, and
    /// they are not tried again before they change again.</exception>
    public bool Refresh()
    {
        var stamp = Stamp();
        if (stamp == _stamp) return false;
        _stamp = stamp;
        Volatile.Write(ref _current, Load());
        return true;
    }

    private TlsCredentials Load() =>
        TlsCredentials.Load(Options.CertificateFile, Options.KeyFile, Options.TrustFile);

    private string Stamp()
    {
        string?[] files = [Options.CertificateFile, Options.KeyFile, Options.TrustFile];
        return string.Join('|', files.Select(file =>
        {
            if (file is null) return "";
            // Of the bytes: a file that was renewed within a tick of the file system, or whose time was kept by a copy, has the
            // time and often the length of the former.
            try
            {
                return Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return "absent";
            }
        }));
    }
}
