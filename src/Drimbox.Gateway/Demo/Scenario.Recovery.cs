using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators;
using Drimbox.Emulators.Dmp;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Demo;

/// <content>Steps 12 and 13: repeated and reordered messages, and a process that is killed.</content>
internal static partial class Scenario
{
    // ---- 12 ----

    private static async Task ReorderAsync(DemoSystem system, CancellationToken cancellation)
    {
        var sender = system.Sender;
        var original = sender.NewDocumentId();
        var correction = sender.NewDocumentId();
        var replacement = sender.Message(ReportAction.Replace, correction, original, "Corrigé.");

        // A correction that arrives before what it corrects is the one published.
        var first = await sender.SendAsync(replacement, cancellation);
        Expect.That(first.Contains("MSA|AA|", StringComparison.Ordinal), $"the early T10 was answered {first}");
        await OnlyReportAsync(system, correction, cancellation);
        var late = await sender.SendAsync(
            sender.Message(ReportAction.Initial, original, null, "Premier."), cancellation);
        Expect.That(late.Contains("MSA|AA|", StringComparison.Ordinal), $"the late T02 was answered {late}");

        // The same message again gets the stored acknowledgement and does nothing.
        if (system.ChangeTheRepetition)
            replacement = sender.Message(ReportAction.Replace, correction, original, "Autre texte.");
        var again = await sender.SendAsync(replacement, cancellation);
        Expect.Equal(first, again, "acknowledgement of the repeated message");
        await OnlyReportAsync(system, correction, cancellation);
        Expect.Equal(
            1, (await system.SubmissionsOfAsync(correction.ToString(), cancellation)).Count,
            "submissions of the correction");
        var register = await system.AskAsync(ReportPath(correction.ToString()), cancellation);
        Expect.Equal(correction.ToString(), register.GetProperty("head").GetString(), "head of the report");
        Expect.Equal(2, register.GetProperty("versions").GetArrayLength(), "versions in the RIS");
        await EventuallyPublishedAsync(system, correction.ToString(), cancellation);
    }

    private static Task BreakReorderAsync(DemoSystem system, CancellationToken cancellation)
    {
        system.ChangeTheRepetition = true;
        return Task.CompletedTask;
    }

    // ---- 13 ----

    private static async Task KillAsync(DemoSystem system, CancellationToken cancellation)
    {
        const string node = "ris-killed";
        var port = LoopbackPorts.Take();
        var configuration = DemoFiles.WriteRis(system, node, port);
        var sender = system.Sender;
        var original = sender.NewDocumentId();
        var correction = sender.NewDocumentId();
        using var administration = new AdministrationClient(
            Path.Combine(system.Folder, node + "-data", "drimbox.sock"));
        await using (var child = DemoChild.Start(configuration))
        {
            await child.WaitUntilReadyAsync(cancellation);
            await sender.SendAsync(sender.Message(ReportAction.Initial, original, null, "Premier."), port, cancellation);
            await PublishedAsync(system, administration, original, cancellation);

            // The DMP commits the replacement and never answers; the process dies while it waits.
            if (!system.AnswerNoQuery) system.Dmp.Faults.Clear();
            system.Dmp.Faults.Add(new FaultRule(
                FaultKind.NoAnswer, XdsAction.ProvideAndRegisterDocumentSet, FaultMoment.AfterCommit, Nth: 1));
            var ack = await sender.SendAsync(
                sender.Message(ReportAction.Replace, correction, original, "Corrigé."), port, cancellation);
            Expect.That(ack.Contains("MSA|AA|", StringComparison.Ordinal), $"the correction was answered {ack}");
            await OnlyReportAsync(system, correction, cancellation, of: original);
            await child.KillAsync(cancellation);
        }

        await using var restarted = DemoChild.Start(configuration);
        await restarted.WaitUntilReadyAsync(cancellation);
        await PublishedAsync(system, administration, correction, cancellation);
        await OnlyReportAsync(system, correction, cancellation, of: original);
        Expect.Equal(
            1, (await system.SubmissionsOfAsync(correction.ToString(), cancellation)).Count,
            "submissions of the correction that took effect");
    }

    private static Task BreakKillAsync(DemoSystem system, CancellationToken cancellation)
    {
        system.AnswerNoQuery = true;

        // The first query resolves the target of the correction and passes; those after the restart get no answer.
        system.Dmp.Faults.Add(new FaultRule(FaultKind.Delay, XdsAction.RegistryStoredQuery, Nth: 1));
        return MisbehaveAsync(system, new FaultRule(FaultKind.HttpStatus, XdsAction.RegistryStoredQuery));
    }

    /// <summary>Of the documents of one report exactly this one is Approved.</summary>
    private static Task<IReadOnlyList<DemoDocument>> OnlyReportAsync(
        DemoSystem system, InstanceIdentifier document, CancellationToken cancellation, InstanceIdentifier? of = null) =>
        system.DmpEventuallyShowsAsync(
            "registry",
            d => d.Count(e => e.UniqueId == document.ToString() && e.IsApproved) == 1
                && (of is null || !d.Any(e => e.UniqueId == of.Value.ToString() && e.IsApproved)),
            $"{document} Approved once", cancellation);

    private static Task<AdministrationAnswer> PublishedAsync(
        DemoSystem system, AdministrationClient ris, InstanceIdentifier document, CancellationToken cancellation) =>
        system.EventuallyAsync(
            () => ris.GetAsync(ReportPath(document.ToString()), cancellation),
            a => a.Succeeded && a.Body.GetProperty("publication").GetString() == "approved",
            a => $"expected the publication approved; the RIS shows {a.Body.GetRawText()}", cancellation);
}
