using Drimbox.Core;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;

namespace Drimbox.Tests.Dicom.Tls;

/// <summary>A certificate is replaced while the node runs.</summary>
public sealed class TlsReloadTests : IDisposable
{
    private readonly TlsFixture _tls = new();
    private readonly FakeTime _time = new();
    private readonly LogLines _log = new();

    public void Dispose() => _tls.Dispose();

    [Fact]
    public async Task New_handshakes_use_the_new_certificate_and_associations_that_stand_stay()
    {
        await using var server = _tls.Start(time: _time);
        await using var standing = await TlsFixture.RequestAsync(server, _tls.Client);
        Replace(_tls.Authority.Certify("renewed"));

        _time.Advance(Limits.TlsFilesPollInterval + TimeSpan.FromSeconds(1));
        await using var later = await TlsFixture.RequestAsync(server, _tls.Client);
        Assert.Equal("CN=archive", standing.TlsSession!.Peer!.Subject);
        Assert.Equal("CN=renewed", later.TlsSession!.Peer!.Subject);
        Assert.Equal(DimseStatus.Success, await new CEchoScu(standing).SendAsync());
    }

    [Fact]
    public async Task A_file_of_the_same_time_and_length_is_told_from_the_former_by_its_bytes()
    {
        var renewed = _tls.Authority.Certify("renewed");
        // PEM may end in empty lines; a copy may keep the time.
        foreach (var file in (string[])
            [_tls.Archive.CertificateFile, _tls.Archive.KeyFile, renewed.CertificateFile, renewed.KeyFile])
        {
            await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).PadRight(4_000, '\n'));
            File.SetLastWriteTimeUtc(file, _time.GetUtcNow().UtcDateTime);
        }

        await using var server = _tls.Start(time: _time, log: _log);
        Replace(renewed);
        foreach (var file in (string[])[_tls.Archive.CertificateFile, _tls.Archive.KeyFile])
            File.SetLastWriteTimeUtc(file, _time.GetUtcNow().UtcDateTime);

        Assert.True(server.Acceptor.ReloadTlsFiles());
        await using var later = await TlsFixture.RequestAsync(server, _tls.Client);
        Assert.Equal("CN=renewed", later.TlsSession!.Peer!.Subject);
    }

    [Fact]
    public async Task A_broken_file_leaves_the_former_certificate_in_force()
    {
        await using var server = _tls.Start(time: _time, log: _log);
        await File.WriteAllTextAsync(_tls.Archive.CertificateFile, "-----BEGIN CERTIFICATE-----\nAAAA\n");
        Assert.False(server.Acceptor.ReloadTlsFiles());
        Assert.Contains(_tls.Archive.CertificateFile, _log.Expect(1052), StringComparison.Ordinal);
        // Not tried again, and not logged again, before it changes again.
        Assert.True(server.Acceptor.ReloadTlsFiles());
        await using (var association = await TlsFixture.RequestAsync(server, _tls.Client))
            Assert.Equal("CN=archive", association.TlsSession!.Peer!.Subject);

        Replace(_tls.Authority.Certify("repaired"));
        Assert.True(server.Acceptor.ReloadTlsFiles());
        await using var later = await TlsFixture.RequestAsync(server, _tls.Client);
        Assert.Equal("CN=repaired", later.TlsSession!.Peer!.Subject);
    }

    [Fact]
    public async Task A_certificate_that_ends_soon_is_announced()
    {
        var soon = _tls.Authority.Certify("soon", until: _time.GetUtcNow().AddDays(20));
        await using var server = _tls.Start(
            o => o with { Tls = _tls.Server with { CertificateFile = soon.CertificateFile, KeyFile = soon.KeyFile } },
            _time, _log);
        Assert.Contains("2026-01-21", _log.Expect(1053), StringComparison.Ordinal);
    }

    private void Replace(TestIdentity identity)
    {
        File.Copy(identity.KeyFile, _tls.Archive.KeyFile, overwrite: true);
        File.Copy(identity.CertificateFile, _tls.Archive.CertificateFile, overwrite: true);
        File.SetLastWriteTimeUtc(_tls.Archive.CertificateFile, DateTime.UnixEpoch.AddSeconds(identity.GetHashCode()));
    }
}
