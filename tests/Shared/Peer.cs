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

    /// <summary>Skips a test that kills processes or takes long, but for the gate (<c>.ci/run</c>).</summary>
    public static void RequireGate()
    {
        if (!IsGate) Assert.Skip("it kills processes or takes long; DRIMBOX_REQUIRE_PEERS=1 runs it");
    }

    /// <summary>Skips (or fails) a test whose surroundings are not there.</summary>
    public static void Missing(string what)
    {
        if (IsGate) Assert.Fail($"{what}, and DRIMBOX_REQUIRE_PEERS=1");
        Assert.Skip(what);
    }
}
