using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Security.Cryptography;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp.Registry;
using Drimbox.Emulators.Dmp;
using Drimbox.Gateway.Administration;
using Drimbox.Tests.Flow;
using Drimbox.Tests.Source;

namespace Drimbox.Tests.Campaigns;

/// <summary>The program with a source alone between a RIS, a PACS and a DMP that live in the test: it may die, or its
/// disk be full, at any moment of a flow of reports. Each report is about a study of its own; every fourth is hidden
/// from the patient right after.</summary>
internal sealed class SourceFlow : IAsyncDisposable
{
    private const int Images = 2;

    private readonly List<string> _under = [];
    private readonly ConcurrentDictionary<int, string> _answers = new();
    private int _reports;
    private int _next;

    public GatewayUnderTest Gateway { get; } = new();

    public SourcePacs Pacs { get; } = new();

    /// <summary>Reports that were answered AA; of those with a change both messages.</summary>
    public IReadOnlyCollection<int> Taken => [.. _answers.Where(a => a.Value == "AA").Select(a => a.Key)];

    /// <summary>Reports that were sent and not answered AA.</summary>
    public IReadOnlyCollection<int> Open => [.. _answers.Where(a => a.Value != "AA").Select(a => a.Key)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private int Hl7Port => Gateway.Configuration.Source!.Hl7.Port;

    /// <param name="reports">At most so many are sent.</param>
    /// <param name="under">A program with its arguments that starts the gateway, given the folder of the source.</param>
    public async Task StartAsync(int reports, Func<string, IReadOnlyList<string>>? under = null)
    {
        Peer.RequireProcess();
        _reports = reports;
        Pacs.Instances = [.. Enumerable.Range(0, reports).SelectMany(
            number => SourceReports.Images(Images, study: ResyncFixture.StudyOf(number)))];
        await Gateway.StartAsync(
            all =>
            {
                var alone = GatewayUnderTest.SourceAlone(all, Pacs.Port);
                if (under is not null) _under.AddRange(under(Path.Combine(alone.DataFolder, alone.Source!.Node)));
                return alone;
            },
            _under);
    }

    /// <summary>Sends report after report until told to stop, or until there are no more.</summary>
    /// <param name="max">So many in this run.</param>
    public Task SendAsync(int max, CancellationToken stop)
    {
        var last = _next + max;
        return Task.WhenAll(Enumerable.Range(0, 2).Select(async _ =>
        {
            while (!stop.IsCancellationRequested && TakeNumber(last) is { } number) await SendReportAsync(number);
        }));
    }

    /// <summary>One more report.</summary>
    /// <returns>How it was answered.</returns>
    public Task<string> SendNextAsync() => SendReportAsync(TakeNumber(int.MaxValue)!.Value);

    /// <summary>Once more what was not answered AA, byte for byte.</summary>
    public async Task SendOpenAsync()
    {
        foreach (var number in Open) await SendReportAsync(number);
    }

    /// <summary>Until nothing waits any more.</summary>
    public async Task CaughtUpAsync()
    {
        using var client = new AdministrationClient(Gateway.Socket);
        await Eventually.HoldsAsync(
            async () => (await client.GetAsync("/api/source/outbox?state=Pending", Token)).Body,
            waiting => waiting.GetArrayLength() == 0, waiting => $"{waiting}\n{Gateway.Child.Output}");
        var aside = await client.GetAsync("/api/source/outbox?state=Quarantined", Token);
        Assert.True(aside.Body.GetArrayLength() == 0, aside.Body.ToString());
    }

    /// <summary>Each report that was answered AA has exactly one manifest that is Approved, with the visibility that it
    /// was given last, and the bytes that the source keeps; no document was registered twice.</summary>
    public async Task AssertManifestsAsync()
    {
        Assert.Empty(Open);
        var entries = (await Gateway.Dmp.DocumentsAsync(SourceReports.Ins, Audience.Registry, Token))
            .Where(d => d.ClassCode != SignatureEntry.ClassCodeValue).ToList();
        foreach (var versions in entries.GroupBy(e => e.UniqueId))
            Assert.Single(versions, e => e.Version == 1);
        var approved = entries.Where(e => e.Status == AvailabilityStatus.Approved)
            .ToLookup(e => e.ReferenceIds.Select(StudyOf).Single(uid => uid is not null)!);
        Assert.Equal(Taken.Count, approved.Count);
        using var client = new AdministrationClient(Gateway.Socket);
        foreach (var number in Taken)
        {
            var entry = Assert.Single(approved[ResyncFixture.StudyOf(number).ToString()]);
            Assert.Equal(IsHidden(number), entry.ConfidentialityCodes.Contains("INVISIBLE_PATIENT"));
            var kept = await client.GetBytesAsync($"/api/source/manifests/{entry.UniqueId.Root}", Token);
            Assert.Equal(entry.Hash, Convert.ToHexStringLower(SHA1.HashData(kept)));
            var kos = SourceFixture.Read(kept);
            Assert.Equal(Images, kos.Series.Sum(s => s.Instances.Count));
        }
    }

    /// <summary>How often the log of the present process says this.</summary>
    public int CountInLog(string text) => Gateway.Child.Output.Split('\n').Count(
        line => line.Contains(text, StringComparison.Ordinal));

    private int? TakeNumber(int end)
    {
        lock (_answers)
        {
            if (_next >= end) return null;
            // A report about a study that the PACS does not hold has no manifest.
            Assert.True(_next < _reports, "there are no studies left for more reports");
            return _next++;
        }
    }

    /// <summary>The answer to the message of the report, or to that of its change where there is one.</summary>
    private async Task<string> SendReportAsync(int number)
    {
        var answer = await AnswerAsync(Message(number, ""));
        if (answer == "AA" && IsHidden(number)) answer = await AnswerAsync(Message(number, "H"));
        return _answers[number] = answer;
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Pacs.DisposeAsync();
    }

    private static bool IsHidden(int number) => number % 4 == 3;

    // 1.2.3^^^^urn:ihe:iti:xds:2016:studyInstanceUID
    private static string? StudyOf(string reference) =>
        reference.EndsWith("studyInstanceUID", StringComparison.Ordinal) ? reference.Split('^')[0] : null;

    private static byte[] Message(int number, string change)
    {
        var report = SourceReports.Report($"A{number}", null, ResyncFixture.StudyOf(number));
        return change.Length == 0
            ? SourceReports.Oru($"F{number}", ReportAction.Initial, report)
            : SourceReports.Oru($"F{number}{change}", ReportAction.Replace, report, SourceReports.Hidden);
    }

    private async Task<string> AnswerAsync(byte[] message)
    {
        try
        {
            return (await MllpWire.SendAsync(Hl7Port, message, Token))?["MSA", 1] ?? "no answer";
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // It died before it could answer.
            return e.GetType().Name;
        }
    }
}
