using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Tests.Reports;

namespace Drimbox.Tests.Simulation;

/// <summary>A message that its sender sends until it is acknowledged.</summary>
internal sealed class SimulatedMessage(string controlId, int report, ReceiveReport command)
{
    public string ControlId { get; } = controlId;

    public int Report { get; } = report;

    public ReceiveReport Command { get; } = command;

    public bool IsAcknowledged { get; set; }
}

/// <summary>What a seed is about: which messages come when, how many processes there are, what goes wrong.</summary>
internal sealed class SimulationScript
{
    // The commands of all seeds: they are read, never changed.
    private static readonly ReceiveReport[][] Versions =
    [
        .. Enumerable.Range(0, ReportsMax).Select(report => (ReceiveReport[])
        [
            ReportFixture.Initial($"A{report}"), ReportFixture.Replace($"B{report}", $"A{report}"),
            ReportFixture.Replace($"C{report}", $"B{report}"),
        ]),
    ];

    private static readonly ReceiveReport[][] Deletions =
    [
        .. Enumerable.Range(0, ReportsMax).Select(report => (ReceiveReport[])
            [ReportFixture.Delete($"A{report}"), ReportFixture.Delete($"B{report}"), ReportFixture.Delete($"C{report}")]),
    ];

    public const int ReportsMax = 3;

    public SimulationScript(Random random)
    {
        Reports = random.Next(1, ReportsMax + 1);
        Processes = random.Next(1, 4);
        FaultPercent = random.Next(3) == 0 ? 0 : 30;
        // In thousandths of a step.
        CrashPermille = random.Next(3) == 0 ? 6 : 0;
        PausePermille = random.Next(3) == 0 ? 6 : 0;
        RegistryChecksTargetFirst = random.Next(2) == 0;
        for (var report = 0; report < Reports; report++) Add(report, random);
        if (random.Next(4) == 0)
        {
            Refused = random.Next(Reports);
            RefusalCode = random.Next(2) == 0 ? "XDSRegistryError" : "XDSRegistryMetadataError";
            // Of a report with more versions nobody could tell any more what such a registry has.
            RegistryDoesWhatItRefuses = Messages.Count(m => m.Message.Report == Refused) == 1
                && Changes.TrueForAll(c => c.Report != Refused);
        }
    }

    public int Reports { get; }

    public int Processes { get; }

    public int FaultPercent { get; }

    public int CrashPermille { get; }

    public int PausePermille { get; }

    public bool RegistryChecksTargetFirst { get; }

    public bool RegistryDoesWhatItRefuses { get; }

    /// <summary>The report whose submissions the registry refuses until a person has looked; null for none.</summary>
    public int? Refused { get; }

    public string RefusalCode { get; } = "";

    public List<(int At, SimulatedMessage Message)> Messages { get; } = [];

    public List<(int At, int Report, ChangeVisibility Command)> Changes { get; } = [];

    /// <summary>Somebody else deletes a document that is replaced later.</summary>
    public List<(int At, int Report, Core.Identity.InstanceIdentifier Document)> Deletes { get; } = [];

    private void Add(int report, Random random)
    {
        var versions = random.Next(1, 4);
        var inOrder = random.Next(3) > 0;
        var at = random.Next(0, 20_000);
        for (var version = 0; version < versions; version++)
        {
            var time = inOrder ? at += random.Next(0, 30_000) : random.Next(0, 60_000);
            Messages.Add((time, new SimulatedMessage($"{report}.{version}", report, Versions[report][version])));
            if (version < versions - 1 && random.Next(8) == 0)
                Deletes.Add((random.Next(0, 120_000), report, ReportFixture.Document($"{"ABC"[version]}{report}")));
        }

        if (random.Next(3) == 0)
        {
            var deleted = random.Next(4) == 0 ? random.Next(versions) : versions - 1;
            Messages.Add((
                at + random.Next(0, 60_000), new SimulatedMessage($"{report}.D", report, Deletions[report][deleted])));
        }

        for (var change = random.Next(3); change > 0; change--)
        {
            Changes.Add((
                random.Next(0, 120_000), report,
                new ChangeVisibility(
                    random.Next(2) == 0 ? Visibility.InvisibleToPatient : Visibility.Normal, "alice")));
        }
    }
}
