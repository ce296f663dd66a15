using System.Text.Json.Nodes;
using Drimbox.Gateway.Configuration;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Hosting;

/// <summary>What became of a configuration that was read again, by keys.</summary>
/// <param name="Applied">Other than before, and in force for what begins from now on.</param>
/// <param name="NeedRestart">Other than what the process runs with, and in force after a restart.</param>
/// <param name="Errors">What is wrong with the file; then nothing was changed.</param>
internal sealed record ReloadReport(
    IReadOnlyList<string> Applied, IReadOnlyList<string> NeedRestart, IReadOnlyList<string> Errors);

/// <summary>Reads the configuration file again while the process runs, and applies what can change without ending an
/// association, a connection or a request.</summary>
internal sealed class ConfigurationReload
{
    private static readonly HashSet<string> _changeable = new(StringComparer.Ordinal)
    {
        "LogLevel", "Archive:Callers", "Archive:Destinations", "Archive:IocmListeners", "Archive:ShowRejectedTo",
        "Archive:Sites", "Ris:Dicom:Callers", "Ris:Mail:AddressBook", "Ris:Mail:Delay", "Source:Senders",
    };

    private readonly string _file;
    private readonly GatewayProcess _process;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly JsonObject _running;

    /// <param name="started">The configuration that the process was started with.</param>
    public ConfigurationReload(string file, GatewayConfiguration started, GatewayProcess process)
    {
        _file = file;
        _process = process;
        _logger = process.Loggers.CreateLogger<ConfigurationReload>();
        _running = JsonOf(started);
    }

    /// <param name="actor">Who wants it, for the log.</param>
    public ReloadReport Reload(string actor)
    {
        lock (_gate)
        {
            var report = Apply();
            foreach (var error in report.Errors) HostingLog.ConfigurationWrong(_logger, actor, error);
            if (report.Errors.Count == 0)
            {
                HostingLog.ConfigurationReloaded(
                    _logger, actor, string.Join(", ", report.Applied), string.Join(", ", report.NeedRestart));
            }

            return report;
        }
    }

    private ReloadReport Apply()
    {
        if (ConfigurationReader.TryRead(_file, out var findings) is not { } changed)
            return new ReloadReport([], [], findings);
        var wanted = JsonOf(changed);
        var keys = new List<string>();
        Compare("", _running, wanted, keys);
        var applied = keys.FindAll(_changeable.Contains);
        try
        {
            // What reads files is made before anything is changed. The address book is read though its name is the same.
            var archive = changed.Archive?.ToOptions(_process.DataFolder);
            if (changed.Ris is { } ris) _process.Ris?.Reload(ris);
            if (changed.Source is { } source) _process.Source?.Reload(source);
            if (archive is not null) _process.Archive?.Reload(archive);
            _process.LogLevel = changed.LogLevel;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return new ReloadReport([], [], [e.Message]);
        }

        foreach (var key in applied) Take(key, wanted);
        return new ReloadReport(applied, [.. keys.Except(applied)], []);
    }

    private void Take(string key, JsonObject wanted)
    {
        JsonNode running = _running, other = wanted;
        var names = key.Split(':');
        foreach (var name in names[..^1]) (running, other) = (running[name]!, other[name]!);
        running[names[^1]] = other[names[^1]]?.DeepClone();
    }

    /// <summary>The keys that differ; a list is one key.</summary>
    private void Compare(string key, JsonNode? running, JsonNode? wanted, List<string> keys)
    {
        if (JsonNode.DeepEquals(running, wanted)) return;
        // A section that comes or goes is one difference.
        if (running is not JsonObject here || wanted is not JsonObject there)
        {
            keys.Add(key);
            return;
        }

        foreach (var name in here.Select(pair => pair.Key).Union(there.Select(pair => pair.Key)))
            Compare(key.Length == 0 ? name : $"{key}:{name}", here[name], there[name], keys);
    }

    private static JsonObject JsonOf(GatewayConfiguration configuration) =>
        JsonNode.Parse(ConfigurationReader.Write(configuration))!.AsObject();
}
