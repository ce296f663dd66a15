using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dmp.Trust;

namespace Drimbox.Tests.Dmp;

/// <summary>The folder of certificates of a node.</summary>
[Requirement("DB.SO.89")]
public sealed class FileStructureCertificatesTests : IDisposable
{
    private const string Structure = "300017985";

    private static readonly InstanceIdentifier Id =
        InstanceIdentifier.Create(NationalAuthorities.Organizations, Structure);

    // A quarter of a second each: one pair for all tests of the class, in certificates of their own.
    private static readonly RSA AuthenticationKey = RSA.Create(2048);
    private static readonly RSA SigningKey = RSA.Create(2048);

    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData("a secret")]
    public void A_structure_has_its_two_certificates_and_its_sector(string? password)
    {
        Write(password);
        if (password is not null) File.WriteAllText(PathOf("password"), password + "\n");

        using var certificates = FileStructureCertificates.Load(_folder.Path, [new StructureOptions { Id = Structure }]);

        var found = certificates.Find(Id);
        Assert.NotNull(found);
        Assert.Equal("CN=AUTH", found.Authentication.Subject);
        Assert.Equal("CN=SIGN", found.Signing.Subject);
        Assert.Equal(new Code("SA07", "1.2.250.1.71.4.2.4", ""), found.Sector);
        using var key = found.Signing.GetRSAPrivateKey();
        Assert.NotEmpty(key!.SignData([1], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    [Fact]
    [Requirement("FAQ/STR.2")]
    public void Sites_of_a_legal_entity_have_its_certificates_and_a_sector_of_their_own()
    {
        Write("a secret");
        File.WriteAllText(PathOf("password"), "a secret");
        string[] sites = ["300017993", "300018001"];
        File.WriteAllText(Path.Combine(_folder.Path, $"{sites[0]}.sector"), "SA01");
        File.WriteAllText(Path.Combine(_folder.Path, $"{sites[1]}.sector"), "SA08");

        using var certificates = FileStructureCertificates.Load(
            _folder.Path, [.. sites.Select(site => new StructureOptions { Id = site, LegalEntity = Structure })]);

        var found = sites.Select(site => certificates.Find(
            InstanceIdentifier.Create(NationalAuthorities.Organizations, site))!).ToList();
        Assert.Equal(["SA01", "SA08"], found.Select(f => f.Sector.Value));
        Assert.Equal(found[0].Authentication.Thumbprint, found[1].Authentication.Thumbprint);
        Assert.All(found, f => Assert.Equal(("CN=AUTH", "CN=SIGN"), (f.Authentication.Subject, f.Signing.Subject)));
        // Its sites publish, and not the entity: it is no structure of the node.
        Assert.Null(certificates.Find(Id));
    }

    [Fact]
    public void Another_structure_has_none()
    {
        Write(null);

        using var certificates = FileStructureCertificates.Load(_folder.Path, [new StructureOptions { Id = Structure }]);

        Assert.Null(certificates.Find(InstanceIdentifier.Create(NationalAuthorities.Organizations, "330000777")));
        // The same number of another authority is another structure.
        Assert.Null(certificates.Find(InstanceIdentifier.Create(NationalAuthorities.Persons, Structure)));
    }

    [Theory]
    [InlineData("auth.pfx")]
    [InlineData("sign.pfx")]
    [InlineData("sector")]
    public void A_file_that_is_absent_is_named(string extension)
    {
        Write(null);
        File.Delete(PathOf(extension));

        var fault = Assert.Throws<FileNotFoundException>(
            () => FileStructureCertificates.Load(_folder.Path, [new StructureOptions { Id = Structure }]));
        Assert.Equal(PathOf(extension), fault.FileName);
    }

    [Fact]
    public void A_wrong_password_names_the_file()
    {
        Write("a secret");

        var fault = Assert.Throws<CryptographicException>(
            () => FileStructureCertificates.Load(_folder.Path, [new StructureOptions { Id = Structure }]));
        Assert.Contains(PathOf("auth.pfx"), fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sector_that_is_no_code_is_refused()
    {
        Write(null);
        File.WriteAllText(PathOf("sector"), "Cabinet");

        Assert.Throws<FormatException>(() => FileStructureCertificates.Load(_folder.Path, [new StructureOptions { Id = Structure }]));
    }

    [Fact]
    public void Files_that_were_replaced_are_taken_and_what_is_in_use_stays_usable()
    {
        Write(null);
        using var certificates = FileStructureCertificates.Load(_folder.Path, [new StructureOptions { Id = Structure }]);
        var old = certificates.Find(Id)!;
        Assert.False(certificates.Reload());
        Assert.Same(old, certificates.Find(Id));

        Write(null, "NEW");
        Assert.True(certificates.Reload());

        Assert.Equal("CN=NEW SIGN", certificates.Find(Id)!.Signing.Subject);
        Assert.False(certificates.Reload());
        using var key = old.Signing.GetRSAPrivateKey();
        Assert.NotEmpty(key!.SignData([1], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    [Fact]
    public void Files_that_cannot_be_read_leave_the_former_certificates_until_they_can()
    {
        Write(null);
        using var certificates = FileStructureCertificates.Load(_folder.Path, [new StructureOptions { Id = Structure }]);
        var old = certificates.Find(Id);

        File.WriteAllText(PathOf("sign.pfx"), "half a file");
        Assert.Throws<CryptographicException>(() => certificates.Reload());
        Assert.Throws<CryptographicException>(() => certificates.Reload());
        Assert.Same(old, certificates.Find(Id));

        Write(null, "NEW");
        Assert.True(certificates.Reload());
        Assert.NotSame(old, certificates.Find(Id));
    }

    [Fact]
    public void The_end_of_each_certificate_is_told()
    {
        Write(null);
        using var certificates = FileStructureCertificates.Load(_folder.Path, [new StructureOptions { Id = Structure }]);

        var end = DateTimeOffset.UnixEpoch.AddYears(100);
        Assert.Equal(
            [(Structure, "auth", end), (Structure, "sign", end)],
            certificates.Expiries().Select(expiry => (expiry.Structure, expiry.Use, expiry.NotAfter)));
    }

    private string PathOf(string extension) => Path.Combine(_folder.Path, $"{Structure}.{extension}");

    private void Write(string? password, string name = "")
    {
        foreach (var use in (string[])["AUTH", "SIGN"])
        {
            var key = use == "AUTH" ? AuthenticationKey : SigningKey;
            var request = new CertificateRequest(
                $"CN={(name.Length == 0 ? "" : name + " ")}{use}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            using var certificate = request.CreateSelfSigned(
                DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
            File.WriteAllBytes(
                PathOf($"{use.ToLowerInvariant()}.pfx"), certificate.Export(X509ContentType.Pkcs12, password));
        }

        File.WriteAllText(PathOf("sector"), "SA07\n");
    }
}
