using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Drimbox.Core.Identity;

namespace Drimbox.Dicom;

/// <summary>A transfer syntax: how a data set is encoded. Source: PS3.5 section 10 and annex A; UIDs of PS3.6 A-1.
/// One object each, so that references may be compared.</summary>
public sealed partial class TransferSyntax
{
    private TransferSyntax(
        string uid,
        string keyword,
        string name,
        bool implicitVr = false,
        bool bigEndian = false,
        bool deflated = false,
        bool encapsulated = false,
        bool retired = false)
    {
        Uid = Uid.Parse(uid);
        Keyword = keyword;
        Name = name;
        IsImplicitVr = implicitVr;
        IsBigEndian = bigEndian;
        IsDeflated = deflated;
        IsEncapsulated = encapsulated;
        IsRetired = retired;
    }

    public Uid Uid { get; }

    public string Keyword { get; }

    public string Name { get; }

    /// <summary>PS3.5 A.1; every other transfer syntax has explicit VRs.</summary>
    public bool IsImplicitVr { get; }

    /// <summary>PS3.5 A.3, retired.</summary>
    public bool IsBigEndian { get; }

    /// <summary>PS3.5 A.5: the whole data set is deflated.</summary>
    public bool IsDeflated { get; }

    /// <summary>PS3.5 A.4: Pixel Data is a sequence of fragments.</summary>
    public bool IsEncapsulated { get; }

    public bool IsRetired { get; }

    /// <summary>Pixel Data in native form: one of the conversions that need no codec.</summary>
    public bool IsUncompressed => !IsEncapsulated && !IsDeflated;

    public static IReadOnlyList<TransferSyntax> All => Registry.All;

    public static bool TryFind(Uid uid, [NotNullWhen(true)] out TransferSyntax? syntax) =>
        Registry.ByUid.TryGetValue(uid, out syntax);

    public override string ToString() => Name;

    // A nested type: its initialiser runs after those of the generated properties.
    private static class Registry
    {
        internal static readonly TransferSyntax[] All = Generated();
        internal static readonly FrozenDictionary<Uid, TransferSyntax> ByUid = All.ToFrozenDictionary(s => s.Uid);
    }
}
