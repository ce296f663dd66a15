using Drimbox.Tests.Commands;

namespace Drimbox.Tests.Demo;

/// <summary>The demo cannot grade itself: each step fails when its peer misbehaves, and no step before it.</summary>
public sealed class BreakTests
{
    public static TheoryData<int> Steps => [.. Enumerable.Range(1, 13)];

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task A_step_fails_when_its_peer_misbehaves_and_none_before_it(int step)
    {
        Peer.RequireGate();
        var (exitCode, lines, errors) = await CommandRun.OfAsync("demo", "--once", "--break", $"{step}");

        var marks = lines.Where(l => l.StartsWith("ok  ", StringComparison.Ordinal) || l.StartsWith("FAILED", StringComparison.Ordinal))
            .Select(l => l[..9]).ToList();
        string[] expected = [.. Enumerable.Range(1, step - 1).Select(n => $"ok     {n,2}"), $"FAILED {step,2}"];
        Assert.True(expected.SequenceEqual(marks), string.Join('\n', lines) + errors);
        Assert.Equal($"demo: {step - 1} steps ok, 1 failed", lines[^1]);
        Assert.Equal(1, exitCode);
    }

    [Fact]
    public async Task All_steps_pass_with_peers_that_behave()
    {
        Peer.RequireGate();
        await using var demo = DrimboxProcess.Start("demo", "--once");
        var (exitCode, lines) = await demo.EndAsync();
        Assert.True(lines[^1] == "demo: 13 steps ok, 0 failed", string.Join('\n', lines) + demo.Errors);
        Assert.Equal(0, exitCode);
    }
}
