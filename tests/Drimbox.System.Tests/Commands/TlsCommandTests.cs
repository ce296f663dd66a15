using Drimbox.Emulators;
using Drimbox.Tests.Demo;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Commands;

/// <summary>The commands over TLS, with DCMTK at the other end.</summary>
public sealed class TlsCommandTests : IDisposable
{
    private readonly StudyFiles _files = new();
    private readonly TestAuthority _authority;
    private readonly TestIdentity _peer;
    private readonly TestIdentity _own;

    public TlsCommandTests()
    {
        _authority = new TestAuthority(_files.Folder("pki"));
        _peer = _authority.Certify("peer");
        _own = _authority.Certify("own");
    }

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task Store_sends_to_storescp_which_asks_for_our_certificate()
    {
        var received = _files.Folder("received");
        var port = LoopbackPorts.Take();
        using var scp = await Dcmtk.ListenAsync(
            "storescp", received, port, "+B", "-od", received, "+tls", _peer.KeyFile, _peer.CertificateFile,
            "+cf", _authority.CertificateFile, "-rc", $"{port}");
        string[] tls = ["--tls-ca", _authority.CertificateFile, "--tls-cert", _own.CertificateFile, "--tls-key", _own.KeyFile];
        await CommandRun.SucceedAsync(["store", $"ANY-SCP@127.0.0.1:{port}", _files.Study, .. tls]);
        Assert.Equal(StudyFiles.DataSetsIn(_files.Study), StudyFiles.DataSetsIn(received));

        using var stranger = new TestAuthority(_files.Folder("stranger"), "Stranger");
        var run = await CommandRun.OfAsync("echo", $"ANY-SCP@127.0.0.1:{port}", "--tls-ca", stranger.File);
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("no TLS connection", run.Errors, StringComparison.Ordinal);
        Assert.Contains("is not accepted", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Receive_takes_from_storescu_with_a_certificate_of_the_authority()
    {
        await using var receiver = DrimboxProcess.Start(
            "receive", "0", "--address", "127.0.0.1", "--output", _files.PathOf("in"), "--count", "6", "--tls-cert",
            _peer.CertificateFile, "--tls-key", _peer.KeyFile, "--tls-ca", _authority.CertificateFile);
        var port = await ReceiveCommandTests.PortAsync(receiver);
        await Dcmtk.SucceedAsync(
            "storescu",
            [
                "-aec", "DRIMBOX", "+tls", _own.KeyFile, _own.CertificateFile, "+cf", _authority.CertificateFile,
                "127.0.0.1", port, .. _files.Paths,
            ]);
        Assert.Equal(0, (await receiver.EndAsync()).ExitCode);
        Assert.Equal(StudyFiles.DataSetsIn(_files.Study), StudyFiles.DataSetsIn(_files.PathOf("in")));
    }

    [Theory]
    [InlineData("echo", "--tls-ca FILE", "PEER@127.0.0.1:104", "--tls")]
    [InlineData("echo", "there is no such file", "PEER@127.0.0.1:104", "--tls-ca", "/nowhere/ca.pem")]
    [InlineData("echo", "is no profile", "PEER@127.0.0.1:104", "--tls-profile", "ssl3")]
    [InlineData("receive", "--tls-cert FILE", "0", "--tls-client", "none")]
    public async Task Options_that_do_not_go_together_are_wrong_usage(string command, string why, params string[] arguments)
    {
        var run = await CommandRun.OfAsync([command, .. arguments]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(why, run.Errors, StringComparison.Ordinal);
    }
}
