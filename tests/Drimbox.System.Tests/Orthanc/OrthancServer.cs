using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;
using Drimbox.Emulators;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.Flow;

namespace Drimbox.Tests.Orthanc;

/// <summary>Orthanc (Debian's package) as a peer, with a folder of its own, driven over its REST interface.</summary>
internal sealed class OrthancServer : IDisposable
{
    private readonly Process _process;
    private readonly HttpClient _http;
    private readonly StringBuilder _output = new();

    private OrthancServer(Process process, int dicomPort, int httpPort)
    {
        _process = process;
        DicomPort = dicomPort;
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{httpPort}") };
    }

    public static AeTitle AeTitle { get; } = AeTitle.Parse("ORTHANC");

    public int DicomPort { get; }

    /// <summary>Where its HTTP interfaces begin.</summary>
    public Uri Address => _http.BaseAddress!;

    public DicomPeer Peer => new(AeTitle, "127.0.0.1", DicomPort);

    /// <summary>The file of its DICOMweb plugin (Debian's package orthanc-dicomweb).</summary>
    public static string DicomWebPlugin()
    {
        const string Plugin = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";
        if (!File.Exists(Plugin)) Tests.Peer.Missing("the package 'orthanc-dicomweb' is not installed");
        return Plugin;
    }

    /// <summary>Starts it and waits until it answers.</summary>
    /// <param name="dicomPort">Its own.</param>
    /// <param name="archivePort">Of the modality <c>archive</c>, which it knows as ARCHIVE.</param>
    /// <param name="plugins">Files of plugins; none by default.</param>
    public static async Task<OrthancServer> StartAsync(
        string folder, int dicomPort, int archivePort, params string[] plugins)
    {
        var httpPort = LoopbackPorts.Take();
        var configuration = Path.Combine(folder, "orthanc.json");
        await File.WriteAllTextAsync(configuration, JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["StorageDirectory"] = Directory.CreateDirectory(Path.Combine(folder, "orthanc")).FullName,
            ["DicomAet"] = AeTitle.ToString(),
            ["DicomPort"] = dicomPort,
            ["HttpPort"] = httpPort,
            ["RemoteAccessAllowed"] = false,
            ["AuthenticationEnabled"] = false,
            ["Plugins"] = plugins,
            ["DicomModalities"] = new Dictionary<string, object>
            {
                ["archive"] = new { AET = "ARCHIVE", Host = "127.0.0.1", Port = archivePort },
            },
        }));
        var start = new ProcessStartInfo(Tests.Peer.Require("Orthanc"), [configuration])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        var server = new OrthancServer(Process.Start(start)!, dicomPort, httpPort);
        server._process.OutputDataReceived += (_, line) => server.Note(line.Data);
        server._process.ErrorDataReceived += (_, line) => server.Note(line.Data);
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        await Eventually.HoldsAsync(server.IsReadyAsync, ready => ready, _ => $"Orthanc does not start:\n{server.Output}");
        return server;
    }

    /// <summary>What it has said until now.</summary>
    private string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    public async Task<JsonElement> GetAsync(string path) =>
        await _http.GetFromJsonAsync<JsonElement>(path, TestContext.Current.CancellationToken);

    /// <summary>Makes a modality known, which may then query and be sent to.</summary>
    public Task AddModalityAsync(string name, string aeTitle, int port) => PutAsync(
        $"/modalities/{name}", JsonSerializer.Serialize(new { AET = aeTitle, Host = "127.0.0.1", Port = port }));

    /// <summary>Sets the character set of its answers to queries, which is Latin 1 from the beginning.</summary>
    public Task SetEncodingAsync(string name) => PutAsync("/tools/default-encoding", name);

    /// <summary>Posts a JSON value, or a text or bytes as they are.</summary>
    public async Task<JsonElement> PostAsync(string path, object body)
    {
        using HttpContent content = body switch
        {
            string text => new StringContent(text),
            byte[] bytes => new ByteArrayContent(bytes),
            _ => new StringContent(JsonSerializer.Serialize(body)),
        };
        using var response = await _http.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        var answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {answer}\n{Output}");
        return JsonDocument.Parse(answer.Length == 0 ? "{}" : answer).RootElement;
    }

    /// <summary>Deletes what has a UID.</summary>
    /// <param name="level"><c>studies</c>, <c>series</c> or <c>instances</c>.</param>
    public async Task DeleteAsync(string level, Uid uid)
    {
        var found = (await PostAsync("/tools/lookup", uid.ToString())).EnumerateArray()
            .Select(f => f.GetProperty("Path").GetString()!)
            .Single(path => path.StartsWith($"/{level}/", StringComparison.Ordinal));
        using var response = await _http.DeleteAsync(
            new Uri(found, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{found}: {response.StatusCode}");
    }

    /// <summary>The SOP Instance UIDs that it has.</summary>
    public async Task<string[]> UidsAsync() =>
    [
        .. (await GetAsync("/instances?expand")).EnumerateArray()
            .Select(i => i.GetProperty("MainDicomTags").GetProperty("SOPInstanceUID").GetString()!).Order(),
    ];

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _http.Dispose();
    }

    private void Note(string? line)
    {
        lock (_output) _output.AppendLine(line);
    }

    private async Task PutAsync(string path, string body)
    {
        using var content = new StringContent(body);
        using var response = await _http.PutAsync(
            new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {response.StatusCode}");
    }

    private async Task<bool> IsReadyAsync()
    {
        Assert.False(_process.HasExited, $"Orthanc has ended:\n{Output}");
        try
        {
            using var response = await _http.GetAsync(new Uri("/system", UriKind.Relative));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
