using System.Security.Cryptography;
using System.Security.Cryptography.Xml;

namespace Drimbox.Dmp.Trust;

/// <summary>URIs of XML signature algorithms and the hash behind each. Source: RFC 9231.</summary>
internal static class SignatureAlgorithms
{
    public const string C14NWithComments = SignedXml.XmlDsigC14NWithCommentsTransformUrl;
    public const string Manifest = "http://www.w3.org/2000/09/xmldsig#Manifest";
    public const string SignedProperties = "http://uri.etsi.org/01903/v1.1.1#SignedProperties";

    public static string SignatureMethod(SignatureHash hash) =>
        hash == SignatureHash.Sha1 ? SignedXml.XmlDsigRSASHA1Url : SignedXml.XmlDsigRSASHA256Url;

    public static string DigestMethod(SignatureHash hash) =>
        hash == SignatureHash.Sha1 ? SignedXml.XmlDsigSHA1Url : SignedXml.XmlDsigSHA256Url;

    public static HashAlgorithmName Name(SignatureHash hash) =>
        hash == SignatureHash.Sha1 ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256;

    public static SignatureHash? HashOfSignature(string? signatureMethod) => signatureMethod switch
    {
        SignedXml.XmlDsigRSASHA256Url => SignatureHash.Sha256,
        SignedXml.XmlDsigRSASHA1Url => SignatureHash.Sha1,
        _ => null,
    };

    public static SignatureHash? HashOfDigest(string? digestMethod) => digestMethod switch
    {
        SignedXml.XmlDsigSHA256Url => SignatureHash.Sha256,
        SignedXml.XmlDsigSHA1Url => SignatureHash.Sha1,
        _ => null,
    };

    public static byte[] Digest(SignatureHash hash, ReadOnlySpan<byte> bytes) =>
        hash == SignatureHash.Sha1 ? SHA1.HashData(bytes) : SHA256.HashData(bytes);

    public static HashAlgorithm Create(SignatureHash hash) =>
        hash == SignatureHash.Sha1 ? SHA1.Create() : SHA256.Create();
}
