using System.Text.Json;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators.Dmp;
using Drimbox.Teleradiology;

namespace Drimbox.Gateway.Demo;

/// <content>Steps 8 to 11: visibility, rejected images, withdrawal, and the wall around the platform.</content>
internal static partial class Scenario
{
    // ---- 8 ----

    private static async Task HideAsync(DemoSystem system, CancellationToken cancellation)
    {
        var before = await system.DmpShowsAsync("registry", cancellation);
        var report = before.Single(d => d is { IsReport: true, IsApproved: true });
        await system.TellAsync(
            ReportPath(report.UniqueId) + "/visibility", new { hiddenFrom = (string[])["InvisibleToPatient"] },
            cancellation);
        await system.DmpEventuallyShowsAsync("patient", d => d.Count == 0, "neither report nor KOS", cancellation);
        await system.DmpEventuallyShowsAsync(
            "professional",
            d => d.Any(e => e.UniqueId == report.UniqueId) && d.Any(e => e is { IsManifest: true, IsApproved: true }),
            "report and KOS", cancellation);
        var register = await system.AskAsync(ReportPath(report.UniqueId), cancellation);
        Expect.Equal(3, register.GetProperty("versions").GetArrayLength(), "versions in the RIS");
        await EventuallyPublishedAsync(system, report.UniqueId, cancellation);
    }

    private static Task BreakUpdatesAsync(DemoSystem system, CancellationToken cancellation) =>
        MisbehaveAsync(system, new FaultRule(FaultKind.RegistryError, XdsAction.UpdateDocumentSet));

    // ---- 9 ----

    private static async Task RejectAsync(DemoSystem system, CancellationToken cancellation)
    {
        var before = await system.DmpShowsAsync("registry", cancellation);
        var report = before.Single(d => d is { IsReport: true, IsApproved: true });
        var manifest = before.Single(d => d is { IsManifest: true, IsApproved: true });
        await system.Study.RejectAsync(
            system.Archive, 2, system.RejectUnknown, system.Ids, system.Time.GetLocalNow(), cancellation);
        var after = await system.DmpEventuallyShowsAsync(
            "registry",
            d => d.Any(e => e is { IsManifest: true, IsApproved: true } && e.UniqueId != manifest.UniqueId)
                && d.Count(e => e is { IsManifest: true, IsApproved: true }) == 1,
            "another KOS Approved alone", cancellation);
        var replaced = after.Single(d => d is { IsManifest: true, IsApproved: true });
        var kos = await system.RetrieveManifestAsync(replaced.UniqueId, cancellation);
        Expect.Equal(
            system.Study.Count - 2, kos.Series.Sum(s => s.Instances.Count), "images of the KOS after the rejection");
        Expect.Equal(
            report.EntryUuid, after.Single(d => d is { IsReport: true, IsApproved: true }).EntryUuid,
            "entryUUID of the report");
        await system.DmpEventuallyShowsAsync(
            "patient", d => d.Count == 0, "nothing: the new KOS is hidden as the report is", cancellation);
    }

    private static Task BreakRejectAsync(DemoSystem system, CancellationToken cancellation)
    {
        system.RejectUnknown = true;
        return Task.CompletedTask;
    }

    // ---- 10 ----

    private static async Task WithdrawAsync(DemoSystem system, CancellationToken cancellation)
    {
        var before = await system.DmpShowsAsync("registry", cancellation);
        var head = before.Single(d => d is { IsReport: true, IsApproved: true });
        var manifest = before.Single(d => d is { IsManifest: true, IsApproved: true });

        // The platform takes its own last document back; the RIS has amended it since, so the head stays.
        await system.TellAsync(OrderPath(system) + "/withdraw", null, cancellation);
        await system.EventuallyAsync(
            () => system.AskAsync(ReportPath(head.UniqueId), cancellation),
            r => r.GetProperty("versions").EnumerateArray().Count(v => v.GetProperty("withdrawn").GetBoolean()) == 2,
            r => $"expected versions 1 and 2 withdrawn; the RIS shows {r.GetRawText()}", cancellation);
        Expect.That(
            (await system.DmpShowsAsync("registry", cancellation)).Any(d => d.UniqueId == head.UniqueId && d.IsApproved),
            "the amendment of the RIS left the DMP with the document that it replaced");

        // Then the head is named.
        await system.Sender.DeleteAsync(head.UniqueId, cancellation);
        await system.DmpEventuallyShowsAsync(
            "registry", d => !d.Any(e => (e.IsReport || e.IsManifest) && e.IsApproved), "no Approved report or KOS",
            cancellation);
        var register = await system.AskAsync(ReportPath(head.UniqueId), cancellation);
        Expect.Equal(3, register.GetProperty("versions").GetArrayLength(), "versions in the RIS");
        Expect.That(register.GetProperty("withdrawn").GetBoolean(), "the RIS does not mark the report as withdrawn");
        var kept = await system.EventuallyAsync(
            () => system.AskAsync($"/api/source/studies/{system.Study.StudyInstanceUid}", cancellation),
            s => s.GetProperty("manifests").EnumerateArray().Any(m =>
                m.GetProperty("uniqueId").GetString() == manifest.UniqueId
                && m.GetProperty("registry").GetString() == "Deleted"),
            s => $"expected the last KOS kept and marked Deleted; the DRIMbox shows {s.GetRawText()}", cancellation);
        Expect.That(kept.GetProperty("manifests").GetArrayLength() >= 2, "the DRIMbox lost a KOS");
    }

    // ---- 11 ----

    private static async Task WallAsync(DemoSystem system, CancellationToken cancellation)
    {
        Expect.That(
            typeof(TeleradiologyNode).Assembly.GetReferencedAssemblies().All(a => a.Name != "Drimbox.Dmp"),
            "the assembly of the platform references the DMP client");
        var tables = await Task.WhenAll(
            DemoFiles.HasPublicationTableAsync(Path.Combine(system.Folder, "teleradiology"), cancellation),
            DemoFiles.HasPublicationTableAsync(Path.Combine(system.Folder, "ris"), cancellation));
        Expect.That(!tables[0], "the store of the platform has publication tables");
        Expect.That(tables[1], "the store of the RIS has no publication tables: the check is blind");

        await using (var child = DemoChild.Start(DemoFiles.WritePlatformWithDmp(system)))
        {
            Expect.Equal(2, await child.WaitForExitAsync(cancellation), "exit code of a platform with a DMP section");
            Expect.That(
                child.Output.Contains("Dmp:", StringComparison.Ordinal), $"the refusal names no key: {child.Output}");
        }

        var before = await system.DmpShowsAsync("registry", cancellation);
        var refused = await system.Sender.SubmitAsPlatformAsync(cancellation);
        Expect.That(refused is not null, "the DMP took a submission under the identity of the platform");
        Expect.Equal(
            before.Count, (await system.DmpShowsAsync("registry", cancellation)).Count, "entries of the registry");
    }

    private static Task BreakWallAsync(DemoSystem system, CancellationToken cancellation)
    {
        system.Dmp.AllowStructure(new AllowedStructure(
            DemoIdentities.OrganizationOf(DemoIdentities.Platform),
            system.Certificates.SigningCertificateOf(DemoIdentities.Platform)));
        return Task.CompletedTask;
    }

    private static Task<JsonElement> EventuallyPublishedAsync(
        DemoSystem system, string document, CancellationToken cancellation) =>
        system.EventuallyAsync(
            () => system.AskAsync(ReportPath(document), cancellation),
            r => r.GetProperty("publication").GetString() == "approved",
            r => $"expected the publication approved; the RIS shows {r.GetProperty("publication").GetString()}",
            cancellation);
}
