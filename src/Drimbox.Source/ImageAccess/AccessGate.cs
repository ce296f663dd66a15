using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.ImageAccess;
using Drimbox.Grains.Studies;
using Microsoft.AspNetCore.Http;

namespace Drimbox.Source.ImageAccess;

/// <summary>Who called, as far as that was found out, and whether the images of a study may be given.</summary>
/// <param name="Caller">Of the white list.</param>
/// <param name="Denial">Why not; null: they may, and <paramref name="Grant"/> says with what.</param>
internal sealed record AccessVerdict(
    WhiteListEntry? Caller, TokenHolder? Holder, AccessGrant? Grant, AccessDenial? Denial);

/// <summary>The checks before images are given out, in the order of facts 1.7 behind the name that was called:
/// certificate and white list, token, profession, study, manifest.</summary>
/// <param name="hosts">The names that lead here.</param>
internal sealed class AccessGate(
    WhiteListKeeper list,
    TokenCheck tokens,
    IReadOnlyCollection<string> professions,
    IReadOnlyCollection<string> hosts,
    StudyRegister register)
{
    /// <summary>The header that names the manifest which the images are asked for by.</summary>
    public const string ManifestHeader = "KOS-SOPInstanceUID";

    private const string Bearer = "Bearer ";

    public async Task<AccessVerdict> CheckAsync(HttpContext context, Uid study)
    {
        if (AccessRules.CheckHost(context.Request.Host.Value ?? "", hosts) is { } elsewhere)
            return new(null, null, null, elsewhere);
        if (list.Current is not { } listed) return new(null, null, null, AccessDenial.NoWhiteList);
        if (context.Connection.ClientCertificate is not { } certificate
            || !DistinguishedName.TryParse(certificate.Subject, out var name) || listed.Find(name) is not { } caller)
            return new(null, null, null, AccessDenial.NotOnWhiteList);
        var authorization = context.Request.Headers.Authorization.ToString();
        if (!authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            || authorization.Length == Bearer.Length || authorization.Length > Limits.BearerTokenLengthMax)
            return new(caller, null, null, AccessDenial.NoToken);
        var (holder, denial) = await tokens.CheckAsync(authorization[Bearer.Length..].Trim(), context.RequestAborted);
        if (holder is null) return new(caller, null, null, denial);
        denial = AccessRules.CheckProfession(holder, professions);
        if (denial is not null) return new(caller, holder, null, denial);
        var grant = AccessRules.CheckStudy(
            study, await register.GetAsync(study, context.RequestAborted), ManifestNamedBy(context), out denial);
        return new(caller, holder, grant, denial);
    }

    /// <summary>The manifest that a request follows, or null.</summary>
    public static Uid? ManifestNamedBy(HttpContext context) =>
        Uid.TryParse(context.Request.Headers[ManifestHeader].ToString().Trim(), out var kos) ? kos : null;

    /// <summary>The status and the sentence of each denial. None tells more than the caller asked.</summary>
    public static (int Status, string Sentence) AnswerTo(AccessDenial denial) => denial switch
    {
        // RFC 9110 15.5.20: misdirected.
        AccessDenial.OtherHost => (421, "No manifest leads to this host name any more: fetch it again."),
        AccessDenial.NotOnWhiteList => (403, "The client certificate is not that of a DRIMbox of the national list."),
        AccessDenial.NoWhiteList => (503, "There is no valid national list of DRIMboxes here."),
        AccessDenial.NoToken => (401, "A bearer token of Pro Santé Connect is required."),
        AccessDenial.TokenNotActive => (401, "Pro Santé Connect says that the token is not active."),
        AccessDenial.TokenNotChecked => (503, "Pro Santé Connect could not be asked about the token."),
        AccessDenial.ProfessionNotAllowed => (403, "The profession of the holder of the token may not see images here."),
        AccessDenial.NoManifest => (404, "No manifest of this study was made here."),
        AccessDenial.ManifestNotNamed => (400, $"{ManifestHeader} must name the manifest, a UID."),
        AccessDenial.OtherManifest => (403, $"{ManifestHeader} is not the present manifest of the study: fetch it again."),
        AccessDenial.ManifestWithdrawn => (404, "The manifest of this study was withdrawn."),
        _ => throw Invariant.Unreachable(denial),
    };
}
