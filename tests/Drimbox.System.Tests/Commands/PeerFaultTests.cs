using System.Net;
using System.Net.Sockets;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;
using Drimbox.Emulators;

namespace Drimbox.Tests.Commands;

/// <summary>What a command says, and how it ends, when a peer cannot be reached, refuses or goes away. It is the same
/// for all of them.</summary>
public sealed class PeerFaultTests
{
    [Theory]
    [InlineData("echo", "PEER@127.0.0.1")]
    [InlineData("echo", "@127.0.0.1:104")]
    [InlineData("echo", "A TITLE OF MORE THAN SIXTEEN@127.0.0.1:104")]
    [InlineData("echo", "PEER@127.0.0.1:65536")]
    [InlineData("echo", "PEER@::1:104")]
    public async Task What_is_no_peer_is_wrong_usage(string command, string peer)
    {
        var run = await CommandRun.OfAsync(command, peer);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("AET@HOST:PORT", run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--calling", "A\\B", "no AE title")]
    [InlineData("--pdu", "100", "from 4096 to 131072")]
    [InlineData("--timeout", "0", "0.1 to 86400")]
    [InlineData("--repeat", "many", "from 1 to 1000000")]
    public async Task An_option_out_of_range_is_wrong_usage_and_its_range_is_named(string option, string value, string range)
    {
        var run = await CommandRun.OfAsync("echo", "PEER@127.0.0.1:104", option, value);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(range, run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_host_is_named()
    {
        var run = await CommandRun.OfAsync("echo", "PEER@no-such-host.invalid:104");
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("'no-such-host.invalid' is not known", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_port_is_named()
    {
        var port = LoopbackPorts.Take();
        var run = await CommandRun.OfAsync("find", $"PEER@127.0.0.1:{port}");
        Assert.Equal(3, run.ExitCode);
        Assert.Contains($"nothing listens on port {port}", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_peer_is_given_up_after_the_timeout()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var run = await CommandRun.OfAsync(
            "echo", $"PEER@127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}", "--timeout", "0.5");
        Assert.Equal(5, run.ExitCode);
        Assert.Contains("silent for too long", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_closes_the_connection_is_told_apart_from_a_refusal()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var closing = CloseAsync(listener);
        var run = await CommandRun.OfAsync("echo", $"PEER@127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        await closing;
        Assert.Equal(5, run.ExitCode);
        Assert.NotEmpty(run.Errors);
    }

    [Fact]
    public async Task A_peer_that_speaks_something_else_is_aborted()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = AnswerAsync(listener, "HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
        var run = await CommandRun.OfAsync("echo", $"PEER@127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        await answering;
        Assert.Equal(5, run.ExitCode);
        Assert.NotEmpty(run.Errors);
    }

    [Fact]
    public async Task A_wrong_called_title_is_explained()
    {
        await using var peer = StudyFiles.Start(options => options);
        var run = await CommandRun.OfAsync("echo", $"OTHER@127.0.0.1:{peer.EndPoint.Port}");
        Assert.Equal(4, run.ExitCode);
        Assert.Contains("result 1 (permanent), source 1 (service user), reason 7", run.Errors, StringComparison.Ordinal);
        Assert.Contains("It was called 'OTHER'", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_calling_title_that_is_not_known_is_explained()
    {
        await using var peer = StudyFiles.Start(options => options with
        {
            Callers = [new CallerRule(AeTitle.Parse("KNOWN"))],
        });
        var run = await CommandRun.OfAsync("echo", StudyFiles.AddressOf(peer));
        Assert.Equal(4, run.ExitCode);
        Assert.Contains("reason 3", run.Errors, StringComparison.Ordinal);
        Assert.Contains("--calling", run.Errors, StringComparison.Ordinal);
        Assert.Equal(0, (await CommandRun.OfAsync("echo", StudyFiles.AddressOf(peer), "--calling", "KNOWN")).ExitCode);
    }

    [Theory]
    [InlineData("Study Root", "find", "-k", "PatientID")]
    [InlineData("Worklist", "find", "--model", "worklist")]
    [InlineData("MOVE", "move", "--to", "OTHER", "-k", "StudyInstanceUID=1.2")]
    [InlineData("GET", "get", "-k", "StudyInstanceUID=1.2")]
    public async Task A_service_that_the_peer_does_not_offer_is_named(string service, string command, params string[] arguments)
    {
        await using var peer = StudyFiles.Start(options => options);
        var run = await CommandRun.OfAsync([command, StudyFiles.AddressOf(peer), .. arguments]);
        Assert.Equal(4, run.ExitCode);
        Assert.Contains(service, run.Errors, StringComparison.Ordinal);
        Assert.Contains("does not offer the service", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_help_of_every_command_has_examples_and_exit_codes()
    {
        foreach (var command in (string[])["echo", "store", "find", "move", "get", "receive", "dump"])
        {
            var help = (await CommandRun.SucceedAsync(command, "--help")).Output;
            Assert.Contains($"drimbox {command} ", help[help.IndexOf("Examples", StringComparison.Ordinal)..], StringComparison.Ordinal);
            Assert.Contains("Exit codes: 0", help, StringComparison.Ordinal);
        }
    }

    private static async Task CloseAsync(TcpListener listener)
    {
        using var socket = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
    }

    private static async Task AnswerAsync(TcpListener listener, byte[] bytes)
    {
        using var socket = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        await socket.SendAsync(bytes, TestContext.Current.CancellationToken);
        // Until the other side has had enough.
        while (await socket.ReceiveAsync(new byte[1024], TestContext.Current.CancellationToken) > 0)
        {
        }
    }
}
