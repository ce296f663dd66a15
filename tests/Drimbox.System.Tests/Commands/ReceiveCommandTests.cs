using System.Globalization;
using System.Text.RegularExpressions;
using Drimbox.Tests.Demo;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Commands;

public sealed partial class ReceiveCommandTests : IDisposable
{
    private readonly StudyFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Storescu_stores_and_echoscu_is_answered()
    {
        await using var receiver = DrimboxProcess.Start(
            "receive", "0", "--address", "127.0.0.1", "--aet", "WS", "--output", _files.PathOf("in"), "--count", "6");
        var port = await PortAsync(receiver);
        await Dcmtk.SucceedAsync("echoscu", "-aec", "WS", "127.0.0.1", port);
        var (code, output) = await Dcmtk.RunAsync("echoscu", "-aec", "OTHER", "127.0.0.1", port);
        Assert.NotEqual(0, code);
        Assert.Contains("Called AE Title Not Recognized", output, StringComparison.Ordinal);

        await Dcmtk.SucceedAsync("storescu", ["-aec", "WS", "127.0.0.1", port, .. _files.Paths]);
        var (exitCode, lines) = await receiver.EndAsync();
        Assert.Equal(0, exitCode);
        Assert.Equal("received 6 instances", lines[^1]);
        Assert.Equal(StudyFiles.DataSetsIn(_files.Study), StudyFiles.DataSetsIn(_files.PathOf("in")));
        foreach (var path in Directory.GetFiles(_files.PathOf("in"))) await Dcmtk.SucceedAsync("dcmftest", path);
        Assert.Contains("'OTHER'", receiver.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_stops_it_in_order()
    {
        await using var receiver = DrimboxProcess.Start("receive", "0", "--address", "127.0.0.1", "-o", _files.PathOf("in"));
        // What answers has begun, and so hears Ctrl+C.
        await Dcmtk.SucceedAsync("echoscu", "-aec", "DRIMBOX", "127.0.0.1", await PortAsync(receiver));
        receiver.Interrupt();
        var (exitCode, lines) = await receiver.EndAsync();
        Assert.Equal(0, exitCode);
        Assert.Equal("received 0 instances", lines[^1]);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        await using var peer = StudyFiles.Start(options => options);
        var port = peer.EndPoint.Port.ToString(CultureInfo.InvariantCulture);
        var run = await CommandRun.OfAsync("receive", port, "--address", "127.0.0.1", "-o", _files.PathOf("in"));
        Assert.Equal(3, run.ExitCode);
        Assert.Contains(port, run.Errors, StringComparison.Ordinal);
    }

    internal static async Task<string> PortAsync(DrimboxProcess receiver)
    {
        var lines = await receiver.ReadUntilAsync(line => line.Contains(" listens on ", StringComparison.Ordinal));
        return Port().Match(lines[^1]).Groups[1].Value;
    }

    [GeneratedRegex(@"127\.0\.0\.1:(\d+)")]
    private static partial Regex Port();
}
