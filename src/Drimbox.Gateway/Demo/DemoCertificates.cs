using System.Security.Cryptography.X509Certificates;
using Drimbox.Core;
using Drimbox.Emulators.Dmp;

namespace Drimbox.Gateway.Demo;

/// <summary>The certificates of the demo, as the files that a deployment has.</summary>
internal sealed class DemoCertificates
{
    private readonly Dictionary<string, X509Certificate2> _signing = new(StringComparer.Ordinal);

    public DemoCertificates(string dataFolder)
    {
        Folder = Directory.CreateDirectory(
            Path.Combine(dataFolder, "certificates"),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        using var issuer = new SelfSignedCertificates(TimeProvider.System);
        foreach (var structure in (StructureOptions[])[DemoIdentities.Site, DemoIdentities.Platform])
        {
            var keys = issuer.Issue(DemoIdentities.OrganizationOf(structure));
            Write($"{structure.Id}.auth.pfx", keys.Authentication);
            Write($"{structure.Id}.sign.pfx", keys.Signing);
            File.WriteAllText(Path.Combine(Folder, $"{structure.Id}.sector"), "SA08");
            _signing[structure.Id] = X509CertificateLoader.LoadCertificate(keys.Signing.RawData);
        }
    }

    public string Folder { get; }

    /// <summary>Without its private key: what the DMP knows of a structure.</summary>
    public X509Certificate2 SigningCertificateOf(StructureOptions structure) => _signing[structure.Id];

    private void Write(string name, X509Certificate2 certificate) =>
        File.WriteAllBytes(Path.Combine(Folder, name), certificate.Export(X509ContentType.Pkcs12));
}
