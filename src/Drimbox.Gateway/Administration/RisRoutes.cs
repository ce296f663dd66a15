using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Gateway.Accounts;
using Drimbox.Ris;
using Drimbox.Ris.Reports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Drimbox.Gateway.Administration;

/// <summary>Who shall not see a report.</summary>
internal sealed record VisibilityChange(IReadOnlyList<Visibility> HiddenFrom);

/// <summary>What a professional decides about a publication.</summary>
/// <param name="ProfessionalId">PS_IdNat; not needed from a caller with an account, whose holder decides.</param>
internal sealed record PublicationChoice(
    PublicationDecision Decision,
    string? ProfessionalId = null,
    string? FamilyName = null,
    string? GivenName = null);

/// <summary>The routes of the RIS: the register of reports, their publications.</summary>
internal static class RisRoutes
{
    public static void Map(IEndpointRouteBuilder routes, RisNode ris)
    {
        var group = routes.MapGroup("/api/ris");
        RequestRoutes.Map(group, ris);
        MapReports(group, ris);
        routes.MapGroup("/api/ris/reports").ForKnownCallers().MapGet(
            "/{report}/versions/{sequence:int}/changes",
            (string report, int sequence, CancellationToken cancellation) =>
                WithReportAsync(ris, report, async id =>
                {
                    var state = await ris.GetReportAsync(id, cancellation);
                    if (state.Versions.Find(v => v.Sequence == sequence) is not { } version)
                        return Answers.Missing("The report has no such version.");
                    return await ris.ChangesOfAsync(state, version, cancellation) is { } changes
                        ? Results.Ok(RisViews.Changes(changes))
                        : Answers.Missing("The version replaces none that is known here.");
                }, cancellation));
        routes.MapGroup("/api/ris/patients").ForKnownCallers().MapGet(
            "/duplicates", async (CancellationToken cancellation) =>
                Results.Ok((await ris.ListDuplicatesAsync(cancellation)).Select(d => new
                {
                    patient = d.Patient.ToString(),
                    sameTraitsAs = string.Join(' ', d.SameTraitsAs),
                })));
        RisMailRoutes.Map(group, ris);
        QueueRoutes.Map(group, ris.ListOutboxAsync, ris.ListInboxAsync);
        PublicationRoutes.Map(group, ris.Publications, TimeProvider.System);
        PublicationRoutes.MapCorrection(group, ris);
    }

    private static void MapReports(RouteGroupBuilder group, RisNode ris)
    {
        group.MapGet("/reports", async (CancellationToken cancellation) =>
        {
            var reports = await ris.ListReportsAsync(1000, cancellation);
            return Results.Ok(reports.Select(r => RisViews.Summary(r.Id, r.State)));
        });
        group.MapGet("/reports/{report}", (string report, CancellationToken cancellation) =>
            WithReportAsync(ris, report, async id =>
            {
                var state = await ris.GetReportAsync(id, cancellation);
                var duplicates = await ris.DuplicatesOfAsync(state, cancellation);
                return Results.Ok(RisViews.Detail(
                    id, state, duplicates.Count, RisMailViews.Recipients(ris.MailRecipientsOf(state))));
            }, cancellation));
        group.MapPost("/reports/{report}/publication",
            (string report, PublicationChoice choice, HttpContext context, CancellationToken cancellation) =>
                DecidingProfessional.Of(AccessControl.CallerOf(context), choice, out var refusal) is { } by
                    ? WithReportAsync(ris, report, async id => Answers.Of(await ris.DecidePublicationAsync(
                        id, choice.Decision, by, AdministrationServer.ActorOf(context), cancellation)), cancellation)
                    : Task.FromResult(Answers.Refused(refusal!)));
        group.MapGet("/reports/{report}/versions/{sequence:int}/document",
            (string report, int sequence, CancellationToken cancellation) =>
                WithReportAsync(ris, report, async id =>
                {
                    var state = await ris.GetReportAsync(id, cancellation);
                    return state.Versions.Find(v => v.Sequence == sequence) is { } version
                        ? Results.Bytes(await ris.ReadDocumentAsync(version, cancellation), "text/xml")
                        : Answers.Missing("The report has no such version.");
                }, cancellation));
        group.MapGet("/reports/{report}/versions/{sequence:int}/mail-document",
            (string report, int sequence, CancellationToken cancellation) =>
                WithReportAsync(ris, report, async id =>
                {
                    var state = await ris.GetReportAsync(id, cancellation);
                    if (state.Versions.Find(v => v.Sequence == sequence) is not { } version)
                        return Answers.Missing("The report has no such version.");
                    return await ris.ReadMailDocumentAsync(version, cancellation) is { } document
                        ? Results.Bytes(document, "text/xml")
                        : Answers.Missing(
                            "The INS is not qualified, and it stands in the text or in a file of the document that "
                            + "cannot be read: nothing may be sent.");
                }, cancellation));
        group.MapPost("/reports/{report}/amend",
            (string report, AmendmentText text, HttpContext context, CancellationToken cancellation) =>
                WithReportAsync(ris, report, async id => Answers.Of(await ris.AmendReportAsync(
                    id, text, AdministrationServer.ActorOf(context), cancellation)), cancellation));
        group.MapPost("/reports/{report}/visibility",
            (string report, VisibilityChange change, HttpContext context, CancellationToken cancellation) =>
                WithReportAsync(ris, report, async id => Answers.Of(await ris.ChangeVisibilityAsync(
                    id, change.HiddenFrom.Aggregate(Visibility.Normal, (sum, v) => sum | v),
                    AdministrationServer.ActorOf(context), cancellation)), cancellation));
        group.MapPost("/reports/{report}/retry",
            (string report, HttpContext context, CancellationToken cancellation) =>
                WithReportAsync(ris, report, async id => Answers.Of(await ris.RetryPublicationAsync(
                    id, AdministrationServer.ActorOf(context), cancellation)), cancellation));
    }

    /// <summary>A report is named by its own id or by the id of any of its documents.</summary>
    internal static async Task<IResult> WithReportAsync(
        RisNode ris, string name, Func<ReportId, Task<IResult>> then, CancellationToken cancellation)
    {
        if (ReportId.TryParse(name, null, out var id)) return await then(id);
        if (InstanceIdentifier.TryParse(name, null, out var document)
            && await ris.FindReportAsync(document, cancellation) is { } found)
        {
            return await then(found);
        }

        return Answers.Missing("No report has this id, and no report holds a document with it.");
    }
}

/// <summary>Reports as the administration interface shows them: states and identifiers, no clinical content.</summary>
internal static class RisViews
{
    public static object Summary(ReportId id, ReportState state) => new
    {
        report = id,
        head = state.Head?.ToString(),
        versions = state.Versions.Count,
        withdrawn = state.HeadIsWithdrawn,
        visibility = state.Visibility,
        publication = PublicationOf(state),
    };

    /// <param name="duplicates">Records of the local base that have the five traits of the patient.</param>
    /// <param name="recipients">Who gets the newest version by MSSanté.</param>
    public static object Detail(ReportId id, ReportState state, int duplicates, object recipients) => new
    {
        report = id,
        head = state.Head?.ToString(),
        withdrawn = state.HeadIsWithdrawn,
        visibility = state.Visibility,
        publication = PublicationOf(state),
        toDmp = state.ToDmp,
        patientOpposes = state.FeedingIsOpposed,
        warning = duplicates > 0
            ? $"{duplicates} other record(s) have the five traits of this patient: drimbox reports duplicates"
            : null,
        refused = state.Publication.Refused is { } step ? $"{step.Kind} {step.Document ?? step.Target}" : null,
        versions = state.Versions.Select(v => new
        {
            sequence = v.Sequence,
            origin = v.Origin,
            document = v.DocumentId.ToString(),
            replaces = v.Parent?.ToString(),
            versionNumber = v.Header.VersionNumber,
            sha256 = v.File.Sha256,
            length = v.File.Length,
            recordedAt = v.RecordedAt,
            actor = v.Actor,
            reason = v.Reason,
            withdrawn = state.Withdrawn.Contains(v.DocumentId),
            mailDocument = v.Mail?.DocumentId.ToString(),
            registry = state.Publication.Documents.GetValueOrDefault(v.DocumentId)?.Status,
        }),
        decisions = state.Decisions.Select(d => new
        {
            decision = d.Decision,
            document = d.DocumentId.ToString(),
            by = $"{d.By.Id.Extension} {d.By.FamilyName} {d.By.GivenName}",
            actor = d.Actor,
            recordedAt = d.RecordedAt,
        }),
        mailRecipients = recipients,
        mails = RisMailViews.Mails(state),
        acknowledgements = state.BusinessAcks.Select(a => new
        {
            kind = a.Ack.Kind,
            succeeded = a.Ack.Succeeded,
            message = a.Ack.MessageControlId,
            occurredAt = a.Ack.OccurredAt,
            address = RisMailViews.Address(a.Ack.Address),
            error = a.Ack.Error is { } error ? $"{error.Code} {error.Text}" : null,
            recordedAt = a.RecordedAt,
        }),
    };

    public static object Changes(ReportChanges changes) => new
    {
        header = changes.Header,
        text = changes.Body.Text,
        note = changes.Body.Text is not null ? null
            : changes.Body.Before.SequenceEqual(changes.Body.After)
                ? "The body cannot be read as text; its files are the same."
                : "The body cannot be read as text; its files differ.",
        filesBefore = changes.Body.Before,
        filesAfter = changes.Body.After,
    };

    private static string PublicationOf(ReportState state)
    {
        if (state.Publication.Refused is not null) return "refused";
        if (!state.Publication.InFlight.IsEmpty) return "in flight";
        if (state.IsHeldBack) return "opposed by the patient";
        if (state.ChosenToDmp == false && !state.Publication.Approved.Any()) return "withheld";
        if (state.Wanted is not { } wanted) return state.Publication.Approved.Any() ? "pending" : "none";
        return state.Publication.Approved.Contains(wanted.UniqueId) ? "approved" : "pending";
    }
}
