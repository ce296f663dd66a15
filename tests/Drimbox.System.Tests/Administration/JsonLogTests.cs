using System.Text.Json;
using Drimbox.Emulators;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Demo;
using Drimbox.Tests.LifeCycle;

namespace Drimbox.Tests.Administration;

/// <summary>A log that programs read: an object a line, and nobody in it.</summary>
public sealed class JsonLogTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_line_of_a_process_is_an_object_and_no_patient_is_in_it()
    {
        var port = LoopbackPorts.Take();
        var file = RunningArchive.WriteConfiguration(
            _folder.Path, port, sections: """, "LogFormat": "Json", "LogLevel": "Debug" """);
        await using var process = DrimboxProcess.Start("run", "--config", file);
        var lines = new List<string>(
            await process.ReadUntilAsync(l => l.Contains("\"ready\"", StringComparison.Ordinal)));
        using var files = new StudyFiles();
        await CommandRun.SucceedAsync("store", $"ARCHIVE@127.0.0.1:{port}", files.Study);
        await CommandRun.SucceedAsync("find", $"ARCHIVE@127.0.0.1:{port}", "-k", "PatientName=PAT-TROIS*");
        process.Interrupt();
        lines.AddRange((await process.EndAsync()).Lines);

        Assert.True(lines.Count > 5);
        foreach (var line in lines)
        {
            var entry = JsonDocument.Parse(line).RootElement;
            Assert.NotEqual("", entry.GetProperty("Message").GetString());
            foreach (var name in (string[])["PAT-TROIS", "DOMINIQUE", "279035121518989"])
                Assert.DoesNotContain(name, line, StringComparison.OrdinalIgnoreCase);
        }

        Assert.Contains(lines, l => l.Contains("\"EventId\":", StringComparison.Ordinal) && l.Contains("\"State\":", StringComparison.Ordinal));
    }
}
