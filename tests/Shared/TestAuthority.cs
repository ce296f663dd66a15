using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Drimbox.Tests;

/// <summary>A certificate authority of a test, and the PEM files of those it certifies.</summary>
internal sealed class TestAuthority : IDisposable
{
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 _certificate;
    private readonly string _folder;
    private long _serial = 1;

    public TestAuthority(string folder, string name = "Test authority")
    {
        _folder = folder;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _certificate = request.CreateSelfSigned(From, Until);
        CertificateFile = Path.Combine(folder, $"{name}.pem");
        File.WriteAllText(CertificateFile, _certificate.ExportCertificatePem());
    }

    public static DateTimeOffset From { get; } = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static DateTimeOffset Until { get; } = new(2090, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The certificate of the authority itself.</summary>
    public string CertificateFile { get; }

    /// <summary>Certifies <paramref name="name"/> for the loopback: both roles, P-256, unless told
    /// otherwise.</summary>
    public TestIdentity Certify(
        string name,
        DateTimeOffset? until = null,
        string[]? usages = null,
        X509KeyUsageFlags keyUsage = X509KeyUsageFlags.DigitalSignature,
        bool withLoopbackName = true,
        AsymmetricAlgorithm? key = null)
    {
        key ??= ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = key is RSA rsa
            ? new CertificateRequest($"CN={name}", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest($"CN={name}", (ECDsa)key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(keyUsage, true));
        var purposes = new OidCollection();
        foreach (var usage in usages ?? [ServerAuthentication, ClientAuthentication]) purposes.Add(new Oid(usage));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(purposes, false));
        if (withLoopbackName)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Loopback);
            names.AddDnsName("localhost");
            request.CertificateExtensions.Add(names.Build());
        }

        var serial = BitConverter.GetBytes(IPAddress.HostToNetworkOrder(_serial++));
        using var certificate = request.Create(
            _certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_certificate.GetECDsaPrivateKey()!),
            From, until ?? Until, serial);
        var identity = new TestIdentity(
            Path.Combine(_folder, $"{name}.cert.pem"), Path.Combine(_folder, $"{name}.key.pem"), key);
        File.WriteAllText(identity.CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(identity.KeyFile, key.ExportPkcs8PrivateKeyPem());
        return identity;
    }

    public void Dispose() => _certificate.Dispose();
}

/// <summary>A certificate and its key, in files.</summary>
internal sealed record TestIdentity(string CertificateFile, string KeyFile, AsymmetricAlgorithm Key)
{
    public X509Certificate2 Certificate => X509Certificate2.CreateFromPem(File.ReadAllText(CertificateFile));
}
