using Drimbox.Core.Identity;

namespace Drimbox.Core.ImageAccess;

/// <summary>A DRIMbox of the national list: <c>Domaine</c>.</summary>
/// <param name="Id"><c>Identifiant</c>.</param>
/// <param name="SourceHost"><c>db</c>: the host name of its source.</param>
/// <param name="ViewerHost"><c>vi</c>: that of its viewer.</param>
/// <param name="Operator"><c>Denomination</c>.</param>
/// <param name="Certificate"><c>DNCertificatOperateur</c>: whose certificate it shows.</param>
public sealed record WhiteListEntry(
    string Id, string SourceHost, string ViewerHost, string Operator, DistinguishedName Certificate);

/// <summary>The national list of DRIMboxes. Source: facts 1.7, <c>ListeBlancheDRIM-M</c> 1.0.0.</summary>
public sealed record WhiteList(DateTimeOffset GeneratedAt, IReadOnlyList<WhiteListEntry> Entries)
{
    /// <summary>The DRIMbox that shows a certificate of this name, or null.</summary>
    public WhiteListEntry? Find(DistinguishedName certificate) =>
        Entries.FirstOrDefault(entry => entry.Certificate.Equals(certificate));
}
