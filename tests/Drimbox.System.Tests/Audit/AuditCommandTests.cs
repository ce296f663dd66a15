using System.Globalization;
using System.Text.Json;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Audit;

/// <summary><c>drimbox audit</c> against a running source.</summary>
public sealed class AuditCommandTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Requirement("DB.CS.10")]
    [Requirement("DB.CS.08")]
    public async Task The_trail_is_searched_shown_verified_and_exported_by_command()
    {
        Peer.RequireGate();
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(GatewayUnderTest.WithoutPlatform);
        var started = Assert.Single((await gateway.AskAsync("audit", "search", "--event", "110120")).EnumerateArray());
        var number = started.GetProperty("id").GetInt64().ToString(CultureInfo.InvariantCulture);

        var shown = await gateway.AskAsync("audit", "show", number);
        Assert.Contains("Application Start", shown.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty((await gateway.AskAsync("audit", "search", "--patient", "279035121518989")).EnumerateArray());
        Assert.Empty((await gateway.AskAsync("audit", "search", "--until", "2020-01-01T00:00Z")).EnumerateArray());
        var looks = (await gateway.AskAsync("audit", "search", "--event", "110101")).EnumerateArray().ToList();
        Assert.True(looks.Count >= 4);
        Assert.All(looks, look => Assert.NotEmpty(look.GetProperty("users").GetString()!));

        var verdict = await gateway.AskAsync("audit", "verify");
        Assert.True(verdict.GetProperty("holds").GetBoolean());
        var file = Path.Combine(Path.GetDirectoryName(gateway.Socket)!, "audit.ndjson");
        await gateway.CommandAsync("audit", "export", "--out", file);
        var lines = (await File.ReadAllLinesAsync(file, Token))
            .Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(Enumerable.Range(1, lines.Count), lines.Select(line => line.GetProperty("id").GetInt32()));
        Assert.Equal(64, lines[0].GetProperty("sha256").GetString()!.Length);

        // Somebody who can write to the tables: found, with an exit code that a script sees.
        var last = verdict.GetProperty("last").GetInt64().ToString(CultureInfo.InvariantCulture);
        var sha256 = verdict.GetProperty("sha256").GetString()!;
        await gateway.CommandAsync("audit", "verify", "--record", last, "--sha256", sha256);
        FlowStorePlace.Execute(
            Path.Combine(Path.GetDirectoryName(gateway.Socket)!, "source"),
            "UPDATE audit SET message = replace(message, 'Start', 'Stort') WHERE id = 1");
        var (exitCode, _, output) = await RunAsync(gateway, "audit", "verify");
        Assert.Equal(1, exitCode);
        Assert.Contains("The audit trail was changed, at record 1", output, StringComparison.Ordinal);
    }

    private static Task<CommandRun> RunAsync(GatewayUnderTest gateway, params string[] arguments) =>
        CommandRun.OfAsync([.. arguments, "--socket", gateway.Socket]);
}
