using System.Text.Json;
using Drimbox.Emulators;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Commands;

public sealed class EchoCommandTests
{
    [Fact]
    public async Task Storescp_answers()
    {
        using var files = new StudyFiles();
        var port = LoopbackPorts.Take();
        using var scp = await Dcmtk.ListenAsync("storescp", files.PathOf(""), port, $"{port}");

        var run = await CommandRun.SucceedAsync("echo", $"ANY-SCP@localhost:{port}", "--repeat", "2");
        Assert.Contains("OFFIS_DCMTK", run.Lines[0], StringComparison.Ordinal);
        Assert.StartsWith("C-ECHO 1: 0000 (success) in ", run.Lines[1], StringComparison.Ordinal);
        Assert.StartsWith("C-ECHO 2: 0000 (success) in ", run.Lines[2], StringComparison.Ordinal);

        var json = JsonDocument.Parse((await CommandRun.SucceedAsync("echo", $"ANY-SCP@localhost:{port}", "--json")).Output);
        Assert.Equal("0000", json.RootElement.GetProperty("echoes")[0].GetProperty("status").GetString());
        Assert.Empty((await CommandRun.SucceedAsync("echo", $"ANY-SCP@localhost:{port}", "--quiet")).Output);
    }
}
