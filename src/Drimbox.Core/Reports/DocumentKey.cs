using Drimbox.Core.Identity;

namespace Drimbox.Core.Reports;

/// <summary>
/// One spelling of a document identifier. The same document is <c>root</c> + <c>extension</c> in its CDA header,
/// <c>extension^^root^ISO</c> in TXA-12, and <c>root.extension</c> there in older messages; a deletion carries no
/// header to
/// compare with, so that documents are looked up by this key.
/// </summary>
public static class DocumentKey
{
    /// <summary><c>root.extension</c>, or the root alone.</summary>
    public static string Of(InstanceIdentifier id) =>
        id.Extension is null ? id.Root : $"{id.Root}.{id.Extension}";
}
