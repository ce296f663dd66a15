using Drimbox.Core.Identity;
using Drimbox.Core.Studies;

namespace Drimbox.Core.Manifests;

/// <summary>A manifest with retrieve URLs of another host (DB.SO.31): it lists the same images, so the PACS need not be
/// asked, and it is a new document that replaces the former one.</summary>
public static class ManifestReissue
{
    /// <summary>(0008,1190) of a series.</summary>
    /// <param name="host">With its port where it is not 443.</param>
    public static string UrlOf(ManifestProfile profile, string host, Uid study, Uid series) =>
        profile.LeadsToBaseUri ? $"https://{host}/" : $"https://{host}/studies/{study}/series/{series}";

    /// <summary>The host, with its port where it is not 443, that the URLs of a manifest lead to; null if they name
    /// none, or several.</summary>
    public static string? HostOf(Manifest manifest)
    {
        var hosts = manifest.Series.Select(s => HostOf(s.RetrieveUrl)).Distinct().ToList();
        return hosts is [{ } only] ? only : null;
    }

    /// <summary>True if the study should be in the DMP, under another host than it is.</summary>
    public static bool IsDue(Uid study, StudyState state, SourcePolicy policy) =>
        state.Current is { } current && current.RetrieveHost != policy.RetrieveHost && state.Wanted(study) is not null;

    /// <summary>The manifest as it stands in its KOS, with new identifiers and dates, and the URLs of the present
    /// host. It stays of its kind: what another one asks for may not be in it.</summary>
    public static Manifest Rewrite(Manifest manifest, SourcePolicy policy, DecisionContext context) => manifest with
    {
        SopInstanceUid = context.Ids.NewUid(),
        SeriesInstanceUid = context.Ids.NewUid(),
        CreatedAt = TimeZoneInfo.ConvertTime(context.Now, policy.TimeZone),
        Series = [.. manifest.Series.Select(s => s with
        {
            RetrieveUrl = UrlOf(
                manifest.Profile, policy.RetrieveHost, manifest.Study.StudyInstanceUid, s.SeriesInstanceUid),
        })],
    };

    private static string? HostOf(string? url)
    {
        const string Scheme = "https://";
        if (url is null || !url.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return null;
        var host = url[Scheme.Length..].Split('/')[0];
        return host.Length > 0 ? host : null;
    }
}
