using Drimbox.Core.Accounts;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Accounts;

/// <summary>What a route asks of its caller.</summary>
internal abstract record RouteNeed
{
    /// <summary>Nothing: it is where a caller proves who he is.</summary>
    public sealed record Nothing : RouteNeed;

    /// <summary>That it is known who he is.</summary>
    public sealed record Identity : RouteNeed;

    public sealed record Of(Right Right) : RouteNeed;
}

/// <summary>The right that each action of the administration interface needs, on one page. A route that is not here is
/// refused to everybody, and a test names it.</summary>
internal static class RouteRights
{
    private static readonly Dictionary<string, RouteNeed> _table = new(StringComparer.Ordinal)
    {
        // Who somebody is.
        ["POST /api/session"] = new RouteNeed.Nothing(),
        ["POST /api/session/password"] = new RouteNeed.Nothing(),
        ["GET /api/session/openid"] = new RouteNeed.Nothing(),
        ["POST /api/session/openid"] = new RouteNeed.Nothing(),
        ["GET /api/session"] = new RouteNeed.Identity(),
        ["DELETE /api/session"] = new RouteNeed.Identity(),
        ["GET /api/accounts"] = Needs(Right.SeeAccounts),
        ["GET /api/accounts/{name}"] = Needs(Right.SeeAccounts),
        ["GET /api/account-events"] = Needs(Right.SeeAccounts),
        ["POST /api/accounts"] = Needs(Right.AdministerAccounts),
        ["POST /api/accounts/{name}/change"] = Needs(Right.AdministerAccounts),
        ["POST /api/accounts/{name}/roles"] = Needs(Right.AdministerAccounts),
        ["POST /api/accounts/{name}/suspend"] = Needs(Right.AdministerAccounts),
        ["POST /api/accounts/{name}/resume"] = Needs(Right.AdministerAccounts),
        ["POST /api/accounts/{name}/password"] = Needs(Right.AdministerAccounts),

        // The process. Who only asks whether it is there says not who he is.
        ["GET /health/live"] = new RouteNeed.Nothing(),
        ["GET /health/ready"] = new RouteNeed.Nothing(),
        ["GET /metrics"] = Needs(Right.SeeStates),
        ["GET /api/status"] = Needs(Right.SeeStates),
        ["GET /api/dispatch"] = Needs(Right.SeeStates),
        ["POST /api/configuration/reload"] = Needs(Right.Operate),
        ["POST /api/backup"] = Needs(Right.Operate),
        ["GET /api/backup"] = Needs(Right.SeeStates),

        // The archive. Deleting for good is no matter of the machine.
        ["GET /api/archive/disk"] = Needs(Right.SeeStates),
        ["GET /api/archive/scrub"] = Needs(Right.SeeStates),
        ["POST /api/archive/scrub/start"] = Needs(Right.Operate),
        ["POST /api/archive/scrub/pause"] = Needs(Right.Operate),
        ["GET /api/archive/purge"] = Needs(Right.SeeStates),
        ["POST /api/archive/purge"] = Needs(Right.ManageStudies),
        ["GET /api/archive/removals"] = Needs(Right.SeeStates),
        ["GET /api/archive/completeness"] = Needs(Right.SeeStates),
        ["GET /api/archive/commitments"] = Needs(Right.SeeStates),
        ["GET /api/archive/studies"] = Needs(Right.ReadRecords),
        ["GET /api/archive/studies/{study}"] = Needs(Right.ReadRecords),
        ["GET /api/archive/instances/{instance}/file"] = Needs(Right.ReadRecords),
        ["POST /api/archive/studies/{study}/protect"] = Needs(Right.ManageStudies),
        ["POST /api/archive/studies/{study}/unprotect"] = Needs(Right.ManageStudies),
        ["POST /api/archive/studies/{study}/delete"] = Needs(Right.ManageStudies),
        ["POST /api/archive/studies/{study}/restore"] = Needs(Right.ManageStudies),
        ["GET /api/archive/quarantine"] = Needs(Right.SeeStates),
        ["GET /api/archive/quarantine/{id:long}"] = Needs(Right.SeeStates),
        ["POST /api/archive/quarantine/{id:long}/release"] = Needs(Right.ManageStudies),
        ["POST /api/archive/quarantine/{id:long}/drop"] = Needs(Right.ManageStudies),
        ["GET /api/archive/versions"] = Needs(Right.SeeStates),
        ["GET /api/archive/versions/{instance}"] = Needs(Right.SeeStates),
        ["POST /api/archive/versions/{instance}/{version:int}/restore"] = Needs(Right.ManageStudies),
        ["POST /api/archive/versions/{instance}/{version:int}/drop"] = Needs(Right.ManageStudies),
        ["GET /api/archive/corrections"] = Needs(Right.ReadRecords),
        ["POST /api/archive/corrections/correct"] = Needs(Right.CorrectPatients),
        ["POST /api/archive/corrections/merge"] = Needs(Right.CorrectPatients),
        ["POST /api/archive/corrections/move"] = Needs(Right.CorrectPatients),
        ["POST /api/archive/corrections/{id:long}/undo"] = Needs(Right.CorrectPatients),

        // The RIS.
        ["POST /api/ris/requests"] = Needs(Right.ManageRequests),
        ["POST /api/ris/requests/decomposition"] = Needs(Right.ManageRequests),
        ["POST /api/ris/requests/examinations"] = Needs(Right.ManageRequests),
        ["POST /api/ris/requests/{order}/documents"] = Needs(Right.ManageRequests),
        ["POST /api/ris/requests/{order}/documents/{document}/detach"] = Needs(Right.ManageRequests),
        ["POST /api/ris/requests/{order}/examinations/{study}/withdraw"] = Needs(Right.ManageRequests),
        ["POST /api/ris/requests/cancel"] = Needs(Right.ManageRequests),
        ["POST /api/ris/requests/post-examination"] = Needs(Right.ManageRequests),
        ["GET /api/ris/requests"] = Needs(Right.SeeStates),
        ["GET /api/ris/requests/{order}"] = Needs(Right.ReadRecords),
        ["GET /api/ris/requests/tree/{name}"] = Needs(Right.ReadRecords),
        ["GET /api/ris/reports"] = Needs(Right.SeeStates),
        ["GET /api/ris/reports/{report}"] = Needs(Right.SeeStates),
        ["GET /api/ris/reports/{report}/versions/{sequence:int}/changes"] = Needs(Right.ReadRecords),
        ["GET /api/ris/reports/{report}/versions/{sequence:int}/document"] = Needs(Right.ReadRecords),
        ["GET /api/ris/reports/{report}/versions/{sequence:int}/mail-document"] = Needs(Right.ReadRecords),
        ["POST /api/ris/reports/{report}/amend"] = Needs(Right.SignReports),
        ["POST /api/ris/reports/{report}/publication"] = Needs(Right.DecidePublications),
        ["POST /api/ris/reports/{report}/visibility"] = Needs(Right.DecidePublications),
        ["POST /api/ris/reports/{report}/retry"] = Needs(Right.Operate),
        ["POST /api/ris/reports/{report}/mail-recipients"] = Needs(Right.DecidePublications),
        ["POST /api/ris/reports/{report}/mail-retry"] = Needs(Right.Operate),
        ["POST /api/ris/mailbox/look"] = Needs(Right.Operate),
        ["GET /api/ris/patients/duplicates"] = Needs(Right.ReadRecords),
        ["GET /api/ris/publications"] = Needs(Right.SeeStates),
        ["GET /api/ris/publications/{id:long}"] = Needs(Right.SeeStates),
        ["POST /api/ris/publications/{id:long}/retry"] = Needs(Right.Operate),
        ["POST /api/ris/publications/{id:long}/discard"] = Needs(Right.Operate),
        ["POST /api/ris/publications/{id:long}/metadata"] = Needs(Right.DecidePublications),
        ["GET /api/ris/outbox"] = Needs(Right.SeeStates),
        ["GET /api/ris/inbox"] = Needs(Right.SeeStates),

        // The teleradiology platform.
        ["GET /api/teleradiology/requests"] = Needs(Right.SeeStates),
        ["GET /api/teleradiology/worklist"] = Needs(Right.SeeStates),
        ["GET /api/teleradiology/templates"] = Needs(Right.SeeStates),
        ["GET /api/teleradiology/requests/{order}"] = Needs(Right.SeeStates),
        ["GET /api/teleradiology/requests/{order}/draft"] = Needs(Right.ReadRecords),
        ["GET /api/teleradiology/requests/{order}/template"] = Needs(Right.ReadRecords),
        ["GET /api/teleradiology/requests/{order}/attachments/{document}"] = Needs(Right.ReadRecords),
        ["POST /api/teleradiology/requests/{order}/accept"] = Needs(Right.AnswerRequests),
        ["POST /api/teleradiology/requests/{order}/refuse"] = Needs(Right.AnswerRequests),
        ["POST /api/teleradiology/requests/{order}/draft"] = Needs(Right.WriteReports),
        ["POST /api/teleradiology/requests/{order}/sign"] = Needs(Right.SignReports),
        ["POST /api/teleradiology/requests/{order}/report"] = Needs(Right.SignReports),
        ["POST /api/teleradiology/requests/{order}/correct"] = Needs(Right.SignReports),
        ["POST /api/teleradiology/requests/{order}/withdraw"] = Needs(Right.SignReports),
        ["GET /api/teleradiology/outbox"] = Needs(Right.SeeStates),
        ["GET /api/teleradiology/inbox"] = Needs(Right.SeeStates),

        // The DRIMbox source. A manifest names the patient.
        ["GET /api/source/studies"] = Needs(Right.SeeStates),
        ["GET /api/source/studies/{study}"] = Needs(Right.SeeStates),
        ["GET /api/source/alerts"] = Needs(Right.SeeStates),
        ["GET /api/source/manifests/{kos}"] = Needs(Right.ReadRecords),
        ["GET /api/source/repairs"] = Needs(Right.ReadRecords),
        ["POST /api/source/studies/{study}/reevaluate"] = Needs(Right.Operate),
        ["GET /api/source/resync"] = Needs(Right.SeeStates),
        ["GET /api/source/resync/{id:long}"] = Needs(Right.SeeStates),
        ["POST /api/source/resync"] = Needs(Right.Operate),
        ["POST /api/source/resync/{id:long}/start"] = Needs(Right.Operate),
        ["POST /api/source/resync/{id:long}/pause"] = Needs(Right.Operate),
        ["POST /api/source/resync/{id:long}/cancel"] = Needs(Right.Operate),
        ["GET /api/source/manifests"] = Needs(Right.SeeStates),
        ["GET /api/source/manifests/{kos}/record"] = Needs(Right.SeeStates),
        ["POST /api/source/export"] = Needs(Right.Operate),
        ["POST /api/source/import"] = Needs(Right.Operate),
        ["GET /api/source/transfer"] = Needs(Right.SeeStates),
        ["POST /api/source/transfer/stop"] = Needs(Right.Operate),
        ["GET /api/source/reissue"] = Needs(Right.SeeStates),
        ["POST /api/source/reissue"] = Needs(Right.Operate),
        ["POST /api/source/reissue/pause"] = Needs(Right.Operate),
        ["GET /api/source/speedtest"] = Needs(Right.SeeStates),
        ["POST /api/source/speedtest"] = Needs(Right.Operate),
        ["GET /api/source/statistics"] = Needs(Right.SeeStates),
        ["POST /api/source/studies/{study}/notice"] = Needs(Right.Operate),
        ["POST /api/source/studies/{study}/retry"] = Needs(Right.Operate),
        ["GET /api/source/publications"] = Needs(Right.SeeStates),
        ["GET /api/source/publications/{id:long}"] = Needs(Right.SeeStates),
        ["POST /api/source/publications/{id:long}/retry"] = Needs(Right.Operate),
        ["POST /api/source/publications/{id:long}/discard"] = Needs(Right.Operate),
        ["GET /api/source/audit"] = Needs(Right.ReadAudit),
        ["GET /api/source/audit/{id:long}"] = Needs(Right.ReadAudit),
        ["GET /api/source/audit/verify"] = Needs(Right.ReadAudit),
        ["GET /api/source/audit/export"] = Needs(Right.ReadAudit),
        ["GET /api/source/outbox"] = Needs(Right.SeeStates),
        ["GET /api/source/inbox"] = Needs(Right.SeeStates),
    };

    /// <summary>Each action by its method and pattern, with what it needs.</summary>
    public static IReadOnlyDictionary<string, RouteNeed> Table => _table;

    /// <summary>What the action needs; null: it is not in the table.</summary>
    public static RouteNeed? Find(string action) => _table.GetValueOrDefault(action);

    /// <summary>The action as the table names it: method and pattern, no value of a request.</summary>
    public static string ActionOf(string method, RouteEndpoint endpoint) =>
        $"{method} /{endpoint.RoutePattern.RawText?.TrimStart('/').TrimEnd('/')}";

    private static RouteNeed.Of Needs(Right right) => new(right);
}
