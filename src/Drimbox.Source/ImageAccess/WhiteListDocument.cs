using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.ImageAccess;
using Drimbox.Dmp.Trust;

namespace Drimbox.Source.ImageAccess;

/// <summary>Reads the national white list, once its signature and its signer are those that were expected. Source: facts
/// 1.7.</summary>
/// <param name="signer">The attributes that the name of the signer must have: <c>CN=Liste Blanche DRIM-M,OU=…</c>.</param>
internal sealed class WhiteListDocument(EnvelopedSignature signature, DistinguishedName signer)
{
    private static readonly XNamespace Ns = "https://github.com/ansforge/DRIM-M_DATA";

    /// <returns>Null with the reason, which holds nothing of the document.</returns>
    public WhiteList? TryRead(ReadOnlyMemory<byte> bytes, out string why)
    {
        if (HardenedXml.TryLoad(bytes, Limits.WhiteListBytesMax, out var refusal) is not { } document)
        {
            why = refusal!.Detail;
            return null;
        }

        if (document.Root?.Name != Ns + "ListeBlancheDRIM-M"
            || (string?)document.Root.Attribute("versionFormat") is not { } version
            || !version.StartsWith("1.", StringComparison.Ordinal))
        {
            why = "It is no ListeBlancheDRIM-M of version 1.";
            return null;
        }

        using var certificate = signature.Verify(document, out why);
        if (certificate is null) return null;
        if (!IsSigner(certificate))
        {
            why = $"It is not signed by {signer}.";
            return null;
        }

        return Read(document.Root, out why);
    }

    private bool IsSigner(X509Certificate2 certificate) =>
        DistinguishedName.TryParse(certificate.Subject, out var subject) && signer["CN"] == subject["CN"]
            && (signer["OU"] is not { } unit || unit == subject["OU"]);

    private static WhiteList? Read(XElement root, out string why)
    {
        var entries = new List<WhiteListEntry>();
        foreach (var domain in root.Elements(Ns + "ListeDomaines").Elements(Ns + "Domaine"))
        {
            // One that cannot be read lets nobody in, and keeps nobody else out.
            if (!DistinguishedName.TryParse(Text(domain, "DNCertificatOperateur"), out var name)) continue;
            entries.Add(new WhiteListEntry(
                Text(domain, "Identifiant"), Text(domain, "db"), Text(domain, "vi"), Text(domain, "Denomination"), name));
        }

        if (!DateTimeOffset.TryParse(
            Text(root, "DateDeGeneration"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
        {
            why = "DateDeGeneration is missing.";
            return null;
        }

        why = "";
        return new WhiteList(at, entries);
    }

    private static string Text(XElement element, string name) => ((string?)element.Element(Ns + name))?.Trim() ?? "";
}
