using Drimbox.Core.Identity;
using Drimbox.Core.Studies;

namespace Drimbox.Core.ImageAccess;

/// <summary>Why images are not given out. The order is that of the checks (facts 1.7).</summary>
public enum AccessDenial
{
    /// <summary>The host that was called is none of ours any more: the manifest was re-issued since
    /// (DB.SO.31).</summary>
    OtherHost,

    /// <summary>The caller showed no certificate, or one that the white list does not name.</summary>
    NotOnWhiteList,

    /// <summary>There is no white list whose signature holds.</summary>
    NoWhiteList,

    /// <summary>No bearer token.</summary>
    NoToken,

    /// <summary>Pro Santé Connect does not know the token, or no longer.</summary>
    TokenNotActive,

    /// <summary>Pro Santé Connect did not answer.</summary>
    TokenNotChecked,

    /// <summary>The profession of the holder is not among those that are allowed (DB.SO.34).</summary>
    ProfessionNotAllowed,

    /// <summary>No manifest of the study was ever made here (DB.SO.37).</summary>
    NoManifest,

    /// <summary>The request does not say which manifest it follows.</summary>
    ManifestNotNamed,

    /// <summary>The manifest of the request is not the one that is archived (DB.SO.38).</summary>
    OtherManifest,

    /// <summary>The manifest was withdrawn: no report of the study is published, or none of its images is shown.</summary>
    ManifestWithdrawn,
}

/// <summary>Who holds a token.</summary>
/// <param name="Id">National identifier: <c>SubjectNameID</c>.</param>
/// <param name="Professions">Codes of TRE_G15-ProfessionSante.</param>
public sealed record TokenHolder(string Id, IReadOnlyList<string> Professions);

/// <summary>What the images of a study are given out with.</summary>
/// <param name="Ins">The qualified INS of its newest report.</param>
/// <param name="ImagesRevision">See <see cref="StudyState.ImagesRevision"/>.</param>
public sealed record AccessGrant(InstanceIdentifier Ins, int ImagesRevision)
{
    /// <summary>The PACS that holds them, of several.</summary>
    public string? Pacs { get; init; }
}

/// <summary>Who may have the images of a study. Source: DB.SO.33, 34, 37 and 38.</summary>
public static class AccessRules
{
    public static AccessDenial? CheckProfession(TokenHolder holder, IReadOnlyCollection<string> allowed) =>
        holder.Professions.Any(allowed.Contains) ? null : AccessDenial.ProfessionNotAllowed;

    /// <param name="called">The host of the request, with or without a port.</param>
    /// <param name="hosts">Ours, as they stand in manifests. An IP address claims no name and is not compared.</param>
    public static AccessDenial? CheckHost(string called, IReadOnlyCollection<string> hosts)
    {
        var name = NameOf(called);
        return Uri.CheckHostName(name.Trim('[', ']')) is UriHostNameType.IPv4 or UriHostNameType.IPv6
            || hosts.Any(host => string.Equals(NameOf(host), name, StringComparison.OrdinalIgnoreCase))
            ? null
            : AccessDenial.OtherHost;
    }

    /// <param name="state">The study as the source knows it.</param>
    /// <param name="named">The header <c>KOS-SOPInstanceUID</c>; null without it.</param>
    /// <param name="denial">Why not, where null is returned.</param>
    public static AccessGrant? CheckStudy(Uid study, StudyState state, Uid? named, out AccessDenial? denial)
    {
        denial = state.Current is not { } current ? AccessDenial.NoManifest
            : named is null ? AccessDenial.ManifestNotNamed
            // One that differs from the present one in its host alone leads here by an alias.
            : !state.CurrentAndRepeated().Any(m => m.SopInstanceUid == named) ? AccessDenial.OtherManifest
            : state.Wanted(study) is null ? AccessDenial.ManifestWithdrawn
            : null;
        if (denial is not null) return null;
        return state.ActiveReports(study)[^1].Patient.Ins is { } ins
            ? new AccessGrant(ins, state.ImagesRevision) { Pacs = state.Pacs }
            : throw Invariant.Unreachable("a report that counts has a qualified INS");
    }

    // host, host:port, [::1], [::1]:port. Behind a proxy the port may be another.
    private static string NameOf(string authority)
    {
        var colon = authority.LastIndexOf(':');
        return colon > authority.LastIndexOf(']') ? authority[..colon] : authority;
    }
}
