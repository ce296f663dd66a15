using System.Diagnostics;
using System.Net;
using System.Text;
using Drimbox.Emulators;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Dicom;
using Drimbox.Tests.LifeCycle;

namespace Drimbox.Tests.Telemetry;

/// <summary>A running archive, DCMTK on its DICOM port, and who watches it: a scraper, an orchestrator, a
/// collector.</summary>
public sealed class ProcessMetricsTests
{
    // Of the synthetic study: what no watcher may be told.
    private static readonly string[] _names = ["PAT-TROIS", "DOMINIQUE", "279035121518989", StudyFiles.Order.StudyInstanceUid.ToString()];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_DCMTK_did_is_on_the_page_and_nobody_is_named()
    {
        Peer.RequireProcess();
        Peer.Require("storescu");
        Peer.Require("promtool");
        var port = LoopbackPorts.Take();
        await using var archive = await RunningArchive.StartAsync(
            sections: $$""", "Administration": { "HttpPort": {{port}} }""");
        using var http = new HttpClient(new HeardAnswers(new SocketsHttpHandler())) { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
        using var files = new StudyFiles();
        await Dcmtk.SucceedAsync(
            "storescu", "-aet", "DRIMBOX", "-aec", "ARCHIVE", "+sd", "127.0.0.1", $"{archive.Port}", files.Study);
        await Dcmtk.SucceedAsync(
            "findscu", "-S", "-aet", "DRIMBOX", "-aec", "ARCHIVE", "-k", "QueryRetrieveLevel=STUDY", "-k",
            "PatientName=*", "127.0.0.1", $"{archive.Port}");
        var (refused, _) = await Dcmtk.RunAsync(
            "echoscu", "-aet", "NOBODY^KNOWS", "-aec", "ARCHIVE", "127.0.0.1", $"{archive.Port}");
        Assert.NotEqual(0, refused);

        using var answer = await http.GetAsync("metrics", Token);

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        var page = await answer.Content.ReadAsStringAsync(Token);
        var samples = PageReader.Read(page);
        var count = Directory.GetFiles(files.Study, "*", SearchOption.AllDirectories).Length;
        const string Operation = "drimbox_dicom_operation_duration_seconds_count{ae=\"ARCHIVE\",operation=";
        Assert.Equal(count, samples[Operation + "\"C-STORE\",status=\"success\"}"]);
        Assert.Equal(1, samples[Operation + "\"C-FIND\",status=\"success\"}"]);
        Assert.Equal(2, samples["drimbox_dicom_associations_total{ae=\"ARCHIVE\",result=\"accepted\"}"]);
        Assert.Equal(1, samples["drimbox_dicom_associations_total{ae=\"ARCHIVE\",result=\"1/1/3\"}"]);
        Assert.Equal(0, samples["drimbox_dicom_associations_open{ae=\"ARCHIVE\"}"]);
        Assert.True(samples["drimbox_dicom_received_bytes_total{ae=\"ARCHIVE\"}"] > 0);
        Assert.True(samples["drimbox_disk_free_bytes{role=\"archive\"}"] > 0);
        Assert.Contains(samples.Keys, key => key.StartsWith("dotnet_gc_", StringComparison.Ordinal));
        // What a peer calls itself, and whom its images show.
        Assert.DoesNotContain("NOBODY", page, StringComparison.Ordinal);
        foreach (var name in _names) Assert.DoesNotContain(name, page, StringComparison.Ordinal);
        await CheckByPromtoolAsync(page);
    }

    [Fact]
    public async Task An_orchestrator_sees_whether_the_process_lives_and_takes_images()
    {
        Peer.RequireProcess();
        var port = LoopbackPorts.Take();
        await using var archive = await RunningArchive.StartAsync(
            sections: $$""", "Administration": { "HttpPort": {{port}} }""");
        using var http = new HttpClient(new HeardAnswers(new SocketsHttpHandler())) { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
        Assert.Equal("{\"status\":\"live\"}", await http.GetStringAsync("health/live", Token));
        Assert.Equal("{\"status\":\"ready\"}", await http.GetStringAsync("health/ready", Token));
    }

    [Fact]
    public async Task An_archive_without_room_lives_and_is_not_ready()
    {
        Peer.RequireProcess();
        var port = LoopbackPorts.Take();
        // More than any disk has: it is full from the first look.
        await using var archive = await RunningArchive.StartAsync(
            """, "Disk": { "FreePercentMin": 50, "FreeBytesMin": 1000000000000000 }""",
            $$""", "Administration": { "HttpPort": {{port}} }""");
        using var http = new HttpClient(new HeardAnswers(new SocketsHttpHandler())) { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };

        HttpResponseMessage ready;
        do ready = await http.GetAsync("health/ready", Token);
        while (ready.StatusCode == HttpStatusCode.OK);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Contains("archive: the disk is full", await ready.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("health/live", Token)).StatusCode);
    }

    [Fact]
    public async Task A_collector_gets_the_same_by_OTLP()
    {
        Peer.RequireProcess();
        await using var collector = await OtlpCollector.StartAsync(Token);
        await using var archive = await RunningArchive.StartAsync(
            sections: $$""", "Telemetry": { "Otlp": { "Endpoint": "{{collector.Address}}", "Interval": "00:00:01" } }""");
        using var files = new StudyFiles();
        await CommandRun.SucceedAsync("store", archive.Peer, files.Study);
        var count = Directory.GetFiles(files.Study, "*", SearchOption.AllDirectories).Length;

        var stored = await collector.WhenCountedAsync("drimbox.dicom.operation.duration", count, Token);

        Assert.Equal(count, stored);
        Assert.Contains("System.Runtime", collector.Meters);
        foreach (var name in _names)
            Assert.False(collector.HasBytes(Encoding.UTF8.GetBytes(name)), "a collector is told a name");
    }

    private static async Task CheckByPromtoolAsync(string page)
    {
        using var process = Process.Start(new ProcessStartInfo("promtool")
        {
            ArgumentList = { "check", "metrics" }, UseShellExecute = false, RedirectStandardInput = true,
            RedirectStandardError = true, RedirectStandardOutput = true,
        })!;
        var ended = process.WaitForExitAsync(Token);
        var output = process.StandardOutput.ReadToEndAsync(Token);
        var errors = process.StandardError.ReadToEndAsync(Token);
        await process.StandardInput.WriteAsync(page);
        process.StandardInput.Close();
        await ended;
        Assert.True(process.ExitCode == 0, await output + await errors);
    }
}
