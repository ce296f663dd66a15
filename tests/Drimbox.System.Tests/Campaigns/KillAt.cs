using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Drimbox.Tests.Campaigns;

/// <summary>
/// Inside of the program, loaded by the runtime's start-up hook: kills it (SIGKILL) at a step of a row, once a file is
/// there. It listens to what the program counts; the program has nothing for it.
/// </summary>
internal static class KillAt
{
    private const int SIGKILL = 9;

    private const string Step = "DRIMBOX_KILL_AT";
    private const string Armed = "DRIMBOX_KILL_ARMED";
    private const string Kind = "DRIMBOX_KILL_KIND";

    private static readonly MeterListener Listener = new();
    private static int _seen;

    public static bool IsAsked => Environment.GetEnvironmentVariable(Step) is { Length: > 0 };

    /// <summary>What <c>env</c> starts the program with.</summary>
    /// <param name="step">Of <c>drimbox.dispatch.steps</c>: <c>started</c>; <c>started:2</c> for the second.</param>
    /// <param name="armed">The file that arms it.</param>
    /// <param name="kind">Of the rows whose step it is.</param>
    public static IReadOnlyList<string> Environs(string step, string armed, string kind = "report.submission") =>
    [
        Peer.Require("env"), $"DOTNET_STARTUP_HOOKS={typeof(KillAt).Assembly.Location}", $"{Step}={step}",
        $"{Armed}={armed}", $"{Kind}={kind}",
    ];

    public static void Install()
    {
        var parts = Environment.GetEnvironmentVariable(Step)!.Split(':');
        var armed = Environment.GetEnvironmentVariable(Armed)!;
        var kind = Environment.GetEnvironmentVariable(Kind)!;
        var nth = parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 1;
        Listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "drimbox.dispatch.steps") listener.EnableMeasurementEvents(instrument);
        };
        Listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            if (!Has(tags, "kind", kind) || !Has(tags, "step", parts[0]) || !File.Exists(armed)) return;
            if (Interlocked.Increment(ref _seen) == nth) _ = kill(Environment.ProcessId, SIGKILL);
        });
        Listener.Start();
    }

    private static bool Has(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name, string value)
    {
        foreach (var tag in tags)
        {
            if (tag.Key == name && tag.Value is string text && text == value) return true;
        }

        return false;
    }

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int process, int signal);
}
