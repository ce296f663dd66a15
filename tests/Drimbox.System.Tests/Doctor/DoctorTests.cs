using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Drimbox.Emulators;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.LifeCycle;

namespace Drimbox.Tests.Doctor;

/// <summary><c>drimbox doctor</c> names what does not work and what to do, and nothing else.</summary>
public sealed class DoctorTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_running_archive_with_a_peer_that_answers_is_well()
    {
        Peer.RequireProcess();
        Peer.Require("storescp");
        var port = LoopbackPorts.Take();
        using var peer = await Dcmtk.ListenAsync(
            "storescp", _folder.Path, port, "-aet", "STORESCP", "-od", _folder.Path, $"{port}");
        await using var archive = await RunningArchive.StartAsync(
            $$""", "Destinations": [ { "AeTitle": "STORESCP", "Host": "127.0.0.1", "Port": {{port}} } ]""");

        var (exitCode, found) = await RunAsync(archive.Configuration);

        Assert.Equal(0, exitCode);
        Assert.Contains(found, d => d is { Verdict: "Ok", Key: "Archive:Destinations:0" } && d.Text.Contains("C-ECHO of ARCHIVE", StringComparison.Ordinal));
        Assert.Contains(found, d => d is { Verdict: "Ok", Key: "Archive:Dicom" } && d.Text.EndsWith("is listened on", StringComparison.Ordinal));
        Assert.Contains(found, d => d.Text == "drimbox runs");
    }

    [Fact]
    public async Task What_does_not_work_is_named_by_its_key_with_what_to_do()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var nobody = LoopbackPorts.Take();
        var file = RunningArchive.WriteConfiguration(
            _folder.Path, port,
            $$""", "Destinations": [ { "AeTitle": "GONE", "Host": "127.0.0.1", "Port": {{nobody}} } ]""");

        var (exitCode, found) = await RunAsync(file);

        Assert.Equal(1, exitCode);
        var failures = found.Where(d => d.Verdict == "Failure").ToList();
        Assert.Equal(["Archive:Dicom", "Archive:Destinations:0"], failures.Select(d => d.Key));
        Assert.All(failures, d => Assert.NotNull(d.Advice));
        Assert.Contains("taken by another program", failures[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_refuses_us_is_told_from_one_that_is_away()
    {
        Peer.RequireProcess();
        await using var archive = await RunningArchive.StartAsync();
        var file = RunningArchive.WriteConfiguration(
            _folder.Path, LoopbackPorts.Take(),
            $$""", "Destinations": [ { "AeTitle": "OTHER", "Host": "127.0.0.1", "Port": {{archive.Port}} } ]""");

        var (_, found) = await RunAsync(file);

        var refused = Assert.Single(found, d => d.Verdict == "Failure");
        Assert.Contains("refuses the association", refused.Text, StringComparison.Ordinal);
        Assert.Contains("AE title ARCHIVE", refused.Advice, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, IReadOnlyList<Found> Found)> RunAsync(string configuration)
    {
        var run = await CommandRun.OfAsync("doctor", "--config", configuration, "--json");
        Assert.Equal("", run.Errors.Trim());
        return (run.ExitCode, JsonSerializer.Deserialize<Found[]>(run.Output, JsonSerializerOptions.Web)!);
    }

    private sealed record Found(string Verdict, string Key, string Text, string? Advice);
}
