using System.Text.Json;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators.Dmp;

namespace Drimbox.Gateway.Demo;

/// <summary>The scenario of the demo: thirteen steps, each arrow a socket, each check from outside.</summary>
internal static partial class Scenario
{
    private const string OrderNumber = "OPN101";

    public static IReadOnlyList<DemoStep> Steps { get; } =
    [
        new(1, "modality -> archive: C-STORE of a study; C-FIND shows it",
            "the modality loses the last image", StoreAsync, BreakStoreAsync),
        new(2, "RIS -> teleradiology: request (flux 1); accepted with a protocol (flux 3)",
            "the radiologist refuses the request", RequestAsync, BreakRequestAsync),
        new(3, "RIS -> teleradiology: post-examination (flux 4); the study is fetched by C-MOVE",
            "the PACS hides one image", ExamineAsync, BreakExamineAsync),
        new(4, "teleradiology -> RIS: report (MDM^T02); version 1 byte for byte, published, copied to the DRIMbox",
            "the DMP is busy for every submission", ReportAsync, BreakSubmissionsAsync),
        new(5, "DRIMbox source: C-FIND, coherence checks, manifest (KOS) with its signature in the DMP",
            "the DMP returns documents damaged", ManifestAsync, BreakRetrievalAsync),
        new(6, "teleradiology -> RIS: correction (MDM^T10); one Approved report, version 1 Deprecated and intact",
            "the DMP is busy for every submission", CorrectAsync, BreakSubmissionsAsync),
        new(7, "the RIS user amends the report: version 3, same path",
            "the DMP answers every submission with a SOAP fault", AmendAsync, BreakWithFaultsAsync),
        new(8, "visibility: the patient no longer sees report and KOS, the professional does; no new version",
            "the DMP is busy for every metadata update", HideAsync, BreakUpdatesAsync),
        new(9, "two images are rejected (IOCM): the KOS is replaced, the report is not touched",
            "the rejection note names images that do not exist", RejectAsync, BreakRejectAsync),
        new(10, "withdrawal (MDM^T04): report and KOS leave the DMP, every version stays in the RIS",
            "the DMP is busy for every metadata update", WithdrawAsync, BreakUpdatesAsync),
        new(11, "the teleradiology platform has no way to the DMP",
            "the DMP takes submissions of the platform's structure", WallAsync, BreakWallAsync),
        new(12, "the same MDM^T10 again, and a T10 before its T02: one publication, the newest is the head",
            "the sender changes the message that it repeats", ReorderAsync, BreakReorderAsync),
        new(13, "kill -9 between ITI-41 sent and outcome recorded: exactly one Approved entry after the restart",
            "the DMP answers no query", KillAsync, BreakKillAsync),
    ];

    private static string OrderPath(DemoSystem system) =>
        "/api/teleradiology/requests/" + Uri.EscapeDataString(DemoIdentities.Order(OrderNumber).ToString());

    // ---- 1 ----

    private static async Task StoreAsync(DemoSystem system, CancellationToken cancellation)
    {
        await system.Study.SendAsync(system.Archive, system.ImagesToLose, cancellation);
        Expect.Equal(
            system.Study.Count, await system.Study.CountShownAsync(system.Archive, cancellation),
            "images that C-FIND shows");
    }

    private static Task BreakStoreAsync(DemoSystem system, CancellationToken cancellation)
    {
        system.ImagesToLose = 1;
        return Task.CompletedTask;
    }

    // ---- 2 ----

    private static async Task RequestAsync(DemoSystem system, CancellationToken cancellation)
    {
        await system.TellAsync("/api/ris/requests", system.Request(OrderNumber), cancellation);
        await EventuallyStatusAsync(system, OrderPath(system), "Placed", cancellation);
        if (system.RefuseRequest)
            await system.TellAsync(OrderPath(system) + "/refuse", new { reason = "Hors compétence" }, cancellation);
        else
            await system.TellAsync(OrderPath(system) + "/accept", new { protocol = "Angioscanner thoracique" }, cancellation);
        var order = Uri.EscapeDataString(DemoIdentities.Order(OrderNumber).ToString());
        await EventuallyStatusAsync(system, $"/api/ris/requests/{order}", "Accepted", cancellation);
    }

    private static Task BreakRequestAsync(DemoSystem system, CancellationToken cancellation)
    {
        system.RefuseRequest = true;
        return Task.CompletedTask;
    }

    // ---- 3 ----

    private static async Task ExamineAsync(DemoSystem system, CancellationToken cancellation)
    {
        await system.TellAsync(
            "/api/ris/requests/post-examination", system.PostExamination(OrderNumber), cancellation);
        await system.EventuallyAsync(
            () => system.AskAsync(OrderPath(system), cancellation),
            view => view.GetProperty("instancesFetched").GetInt32() == system.Study.Count,
            view => $"the platform fetched {view.GetProperty("instancesFetched")} of {system.Study.Count} images",
            cancellation);
    }

    private static Task BreakExamineAsync(DemoSystem system, CancellationToken cancellation) =>
        system.Study.RejectAsync(
            system.Archive, 1, unknown: false, system.Ids, system.Time.GetLocalNow(), cancellation);

    // ---- 4 ----

    private static async Task ReportAsync(DemoSystem system, CancellationToken cancellation)
    {
        await system.TellAsync(OrderPath(system) + "/report", DemoTexts.First, cancellation);
        var shown = await system.DmpEventuallyShowsAsync(
            "registry", d => d.Count(e => e is { IsReport: true, IsApproved: true }) == 1, "one Approved report",
            cancellation);
        var entry = shown.Single(d => d is { IsReport: true, IsApproved: true });
        var sent = await LastDocumentAsync(system, cancellation);
        var report = await system.AskAsync(ReportPath(entry.UniqueId), cancellation);
        var version = report.GetProperty("versions")[0];
        Expect.Equal(1, version.GetProperty("sequence").GetInt32(), "register number");
        Expect.Equal(
            sent.GetProperty("sha256").GetString(), version.GetProperty("sha256").GetString(),
            "SHA-256 of version 1 in the RIS against what the platform sent");
        await EventuallyStudyAsync(
            system, s => s.GetProperty("reports").GetArrayLength() == 1, "a copy of the report",
            cancellation);
    }

    private static Task BreakSubmissionsAsync(DemoSystem system, CancellationToken cancellation) =>
        MisbehaveAsync(system, new FaultRule(FaultKind.RegistryError, XdsAction.ProvideAndRegisterDocumentSet));

    // ---- 5 ----

    private static async Task ManifestAsync(DemoSystem system, CancellationToken cancellation)
    {
        var shown = await system.DmpEventuallyShowsAsync(
            "registry", d => d.Count(e => e is { IsManifest: true, IsApproved: true }) == 1, "one Approved KOS",
            cancellation);
        var entry = shown.Single(d => d.IsManifest);
        var kos = await system.RetrieveManifestAsync(entry.UniqueId, cancellation);
        Expect.Equal(system.Study.StudyInstanceUid, kos.Study.StudyInstanceUid, "study of the KOS in the DMP");
        Expect.Equal(system.Study.Count, kos.Series.Sum(s => s.Instances.Count), "images of the KOS in the DMP");
        Expect.That(
            kos.Requests.Any(r => r.AccessionNumber?.Extension == system.Study.AccessionNumber),
            "the KOS does not name the accession number");
        Expect.Equal(
            2, await system.SubmittedWithAsync(entry.UniqueId, cancellation),
            "documents of the submission (KOS and signature)");
    }

    private static Task BreakRetrievalAsync(DemoSystem system, CancellationToken cancellation) =>
        MisbehaveAsync(system, new FaultRule(FaultKind.MalformedMtom, XdsAction.RetrieveDocumentSet));

    // ---- 6 ----

    private static async Task CorrectAsync(DemoSystem system, CancellationToken cancellation)
    {
        var first = await LastDocumentAsync(system, cancellation);
        await system.TellAsync(OrderPath(system) + "/correct", DemoTexts.Correction, cancellation);
        await NewHeadAsync(system, first, 2, cancellation);
    }

    // ---- 7 ----

    private static async Task AmendAsync(DemoSystem system, CancellationToken cancellation)
    {
        var shown = await system.DmpShowsAsync("registry", cancellation);
        var approved = shown.Single(d => d is { IsReport: true, IsApproved: true });
        await system.TellAsync(
            ReportPath(approved.UniqueId) + "/amend", new { conclusion = DemoTexts.Amendment }, cancellation);
        var after = await system.DmpEventuallyShowsAsync(
            "registry",
            d => d.Count(e => e is { IsReport: true, IsApproved: true }) == 1
                && d.Count(e => e is { IsReport: true, IsApproved: false }) == 2,
            "version 3 Approved, versions 1 and 2 Deprecated", cancellation);
        var head = after.Single(d => d is { IsReport: true, IsApproved: true });
        var report = await system.AskAsync(ReportPath(head.UniqueId), cancellation);
        var versions = report.GetProperty("versions");
        Expect.Equal(3, versions.GetArrayLength(), "versions in the RIS");
        Expect.Equal("Ris", versions[2].GetProperty("origin").GetString(), "origin of version 3");
        await EventuallyStudyAsync(
            system, s => s.GetProperty("reports").EnumerateArray().Any(
                r => r.GetProperty("document").GetString() == head.UniqueId),
            "a copy of version 3", cancellation);
    }

    private static Task BreakWithFaultsAsync(DemoSystem system, CancellationToken cancellation) =>
        MisbehaveAsync(system, new FaultRule(FaultKind.SoapFault, XdsAction.ProvideAndRegisterDocumentSet));

    // ---- shared ----

    private static Task MisbehaveAsync(DemoSystem system, FaultRule rule)
    {
        system.Dmp.Faults.Add(rule);
        return Task.CompletedTask;
    }

    private static string ReportPath(string documentId) => "/api/ris/reports/" + Uri.EscapeDataString(documentId);

    private static async Task<JsonElement> LastDocumentAsync(DemoSystem system, CancellationToken cancellation)
    {
        var documents = (await system.AskAsync(OrderPath(system), cancellation)).GetProperty("documents");
        return documents[documents.GetArrayLength() - 1];
    }

    /// <summary>A replacement by the platform: the newest Approved alone, the one before Deprecated and intact.</summary>
    private static async Task NewHeadAsync(
        DemoSystem system, JsonElement before, int versions, CancellationToken cancellation)
    {
        var sent = await LastDocumentAsync(system, cancellation);
        var newest = sent.GetProperty("document").GetString()!;
        var older = before.GetProperty("document").GetString()!;
        await system.DmpEventuallyShowsAsync(
            "registry",
            d => d.Count(e => e is { IsReport: true, IsApproved: true }) == 1
                && d.Any(e => e.UniqueId == newest && e.IsApproved)
                && d.Any(e => e.UniqueId == older && e.Status.EndsWith("Deprecated", StringComparison.Ordinal)),
            $"{newest} Approved alone and {older} Deprecated", cancellation);
        var register = (await system.AskAsync(ReportPath(newest), cancellation)).GetProperty("versions");
        Expect.Equal(versions, register.GetArrayLength(), "versions in the RIS");
        Expect.Equal(
            before.GetProperty("sha256").GetString(), register[versions - 2].GetProperty("sha256").GetString(),
            "SHA-256 of the version before, in the RIS");
        await EventuallyStudyAsync(
            system, s => s.GetProperty("reports").EnumerateArray().Any(
                r => r.GetProperty("document").GetString() == newest),
            "a copy of the correction", cancellation);
    }

    private static Task<JsonElement> EventuallyStatusAsync(
        DemoSystem system, string path, string status, CancellationToken cancellation) =>
        system.EventuallyAsync(
            () => system.AskAsync(path, cancellation),
            view => view.GetProperty("status").GetString() == status,
            view => $"{path}: expected {status}, saw {view.GetProperty("status").GetString()}",
            cancellation);

    private static Task<JsonElement> EventuallyStudyAsync(
        DemoSystem system, Func<JsonElement, bool> holds, string expected, CancellationToken cancellation) =>
        system.EventuallyAsync(
            () => system.AskOrNothingAsync($"/api/source/studies/{system.Study.StudyInstanceUid}", cancellation),
            s => s.TryGetProperty("reports", out _) && holds(s), view => $"expected: {expected}; the DRIMbox shows {view.GetRawText()}", cancellation);
}
