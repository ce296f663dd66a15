namespace Drimbox.Tests;

/// <summary>A program of another maker that a test talks to. Without it the test skips and names it; with
/// <c>DRIMBOX_REQUIRE_PEERS=1</c>, as in <c>.ci/run</c>, the test fails instead.</summary>
public static class Peer
{
    private static bool IsGate => Environment.GetEnvironmentVariable("DRIMBOX_REQUIRE_PEERS") == "1";

    /// <summary>The full path of <paramref name="program"/>, or a skip (or a failure) that names it.</summary>
    public static string Require(string program)
    {
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        {
            var path = Path.Combine(folder, program);
            if (File.Exists(path)) return path;
        }

        Missing($"the program '{program}' is not installed");
        return "";
    }

    /// <summary>The program may be started as a process: in the gate, and for whoever asks for campaigns.</summary>
    public static bool StartsProcesses =>
        IsGate || Environment.GetEnvironmentVariable("DRIMBOX_CAMPAIGN") is { Length: > 0 };

    /// <summary>Skips a test that starts or kills processes or takes long, but for the gate (<c>.ci/run</c>).</summary>
    public static void RequireGate()
    {
        if (!IsGate) Assert.Skip("it starts or kills processes, or takes long; DRIMBOX_REQUIRE_PEERS=1 runs it");
    }

    /// <summary>Skips a test that starts the program as a process, unless <see cref="StartsProcesses"/>: tests by the
    /// hundred that each start a runtime take minutes.</summary>
    public static void RequireProcess()
    {
        if (!StartsProcesses) RequireGate();
    }

    /// <summary>Skips (or fails) a test whose surroundings are not there.</summary>
    public static void Missing(string what)
    {
        if (IsGate) Assert.Fail($"{what}, and DRIMBOX_REQUIRE_PEERS=1");
        Assert.Skip(what);
    }
}
