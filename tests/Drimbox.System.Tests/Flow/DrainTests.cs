using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Emulators;
using Drimbox.Gateway.Configuration;

namespace Drimbox.Tests.Flow;

/// <summary>SIGTERM while peers are in the middle of something: what was begun ends, what is new is refused in the words of
/// its protocol, and what was acknowledged is there after the next start.</summary>
public sealed class DrainTests : IDisposable
{
    private const string Study = "1.2.250.1.999.20.77";
    private readonly HttpClient _http = new();
    private int _images;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Each_peer_ends_what_it_began_and_nothing_that_was_acknowledged_is_lost()
    {
        var (httpPort, webPort) = (LoopbackPorts.Take(), LoopbackPorts.Take());
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(all => WithPorts(all, httpPort, webPort));
        var acknowledged = new List<string>();
        // 8 MB: more than the buffers between the two of them hold.
        await using (var modality = await AssociateAsync(gateway))
        {
            for (var i = 0; i < 16; i++) acknowledged.Add(await StoreAsync(modality, Image(512 * 1024)));
        }

        var web = new Uri($"http://127.0.0.1:{webPort}/dicom-web/studies/{Study}");
        using var request = new HttpRequestMessage(HttpMethod.Get, web);
        request.Headers.Add("Accept", "multipart/related; type=\"application/dicom\"");
        using var slow = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        Assert.Equal(HttpStatusCode.OK, slow.StatusCode);
        using var lastHalf = new ManualResetEventSlim();
        var middle = new TaskCompletionSource();
        await using var one = await AssociateAsync(gateway);
        await using var many = await AssociateAsync(gateway);
        var large = Task.Run(() => StoreAsync(one, new HeldInstance(Image(512 * 1024), middle, lastHalf)), Token);
        var stream = Task.Run(() => StoreUntilAbortedAsync(many, acknowledged), Token);
        var exam = new ExaminationCase();
        using var mllp = new TcpClient("127.0.0.1", gateway.RisPort);
        using var quiet = new TcpClient("127.0.0.1", gateway.RisPort);
        byte[] frame = [0x0B, .. exam.Mdm("t02", exam.Cda(1), 1), 0x1C, 0x0D];
        await mllp.GetStream().WriteAsync(frame.AsMemory(0, frame.Length / 2), Token);
        await middle.Task;
        var ready = new Uri($"http://127.0.0.1:{httpPort}/health/ready");
        using (var before = await _http.GetAsync(ready, Token)) Assert.Equal(HttpStatusCode.OK, before.StatusCode);

        var begun = Stopwatch.GetTimestamp();
        await SignalAsync(gateway, "TERM");

        Assert.Equal(0, await quiet.GetStream().ReadAsync(new byte[1], Token));
        using (var after = await _http.GetAsync(ready, Token))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, after.StatusCode);
            Assert.True(after.Headers.ConnectionClose);
            Assert.Contains("the process is stopping", await after.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        }

        var refused = await Assert.ThrowsAsync<AssociationRejectedException>(() => AssociateAsync(gateway));
        Assert.Equal(AssociateRejection.TemporaryCongestion, refused.Rejection);
        foreach (var port in (int[])[gateway.RisPort, webPort])
        {
            await Eventually.HoldsAsync(
                () => ConnectsAsync(port), connects => !connects, _ => $"port {port} still takes connections");
        }

        await mllp.GetStream().WriteAsync(frame.AsMemory(frame.Length / 2), Token);
        Assert.Equal("AA", new AckText((await MllpWire.ReadAsync(mllp.GetStream(), Token))!)["MSA", 1]);
        Assert.Null(await MllpWire.ReadAsync(mllp.GetStream(), Token));
        lastHalf.Set();
        await stream;
        acknowledged.Add(await large);
        var received = await slow.Content.ReadAsByteArrayAsync(Token);
        Assert.InRange(received.Length, 16 * 512 * 1024, int.MaxValue);
        Assert.Equal("--", Encoding.ASCII.GetString(received).TrimEnd()[^2..]);
        Assert.Equal(0, await gateway.Child.WaitForExitAsync(Token));
        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, Limits.DrainTimeout);

        await gateway.StartChildAsync();
        _http.DefaultRequestHeaders.Add("Accept", "application/dicom+json");
        using var listed = JsonDocument.Parse(await _http.GetStringAsync($"{web}/instances?limit=5000", Token));
        var kept = listed.RootElement.EnumerateArray()
            .Select(i => i.GetProperty("00080018").GetProperty("Value")[0].GetString()).ToHashSet();
        Assert.InRange(acknowledged.Count, 18, 5000);
        Assert.All(acknowledged, uid => Assert.Contains(uid, kept));
        await gateway.RegistryShowsAsync(exam.Ins, e => e.Any(d => d is { IsReport: true, IsApproved: true }), "the report");
        Assert.Equal("AA", (await MllpWire.SendAsync(gateway.RisPort, frame.AsMemory()[1..^2], Token))!["MSA", 1]);
    }

    [Fact]
    public async Task A_peer_that_does_not_end_is_cut_off_at_the_limit()
    {
        await using var gateway = new GatewayUnderTest();
        await gateway.StartAsync(all => WithPorts(all, LoopbackPorts.Take(), LoopbackPorts.Take()));
        using var never = new ManualResetEventSlim();
        var middle = new TaskCompletionSource();
        await using var association = await AssociateAsync(gateway);
        var store = Task.Run(() => StoreAsync(association, new HeldInstance(Image(512 * 1024), middle, never)), Token);
        using var mllp = new TcpClient("127.0.0.1", gateway.RisPort);
        await mllp.GetStream().WriteAsync("\vMSH|"u8.ToArray(), Token);
        await middle.Task;

        var begun = Stopwatch.GetTimestamp();
        await SignalAsync(gateway, "TERM");

        Assert.Equal(0, await gateway.Child.WaitForExitAsync(Token));
        Assert.InRange(
            Stopwatch.GetElapsedTime(begun), Limits.DrainTimeout - TimeSpan.FromSeconds(1),
            Limits.DrainTimeout + Limits.ProcessEndGrace);
        never.Set();
        await Assert.ThrowsAsync<AssociationAbortedException>(() => store);
    }

    private static GatewayConfiguration WithPorts(GatewayConfiguration all, int http, int web)
    {
        all = GatewayUnderTest.WithoutPlatform(all);
        return all with
        {
            Administration = all.Administration with { HttpPort = http },
            Archive = all.Archive! with { Web = new ArchiveWebSection { Port = web } },
        };
    }

    private InstanceSource Image(int bytes)
    {
        var number = Interlocked.Increment(ref _images);
        var ct = new DataSet();
        ct.SetUid(Tag.SOPClassUID, SopClass.CTImageStorage);
        ct.SetString(Tag.SOPInstanceUID, $"{Study}.1.{number}");
        ct.SetString(Tag.StudyInstanceUID, Study);
        ct.SetString(Tag.SeriesInstanceUID, $"{Study}.1");
        ct.SetString(Tag.PatientID, "IPP-77");
        ct.SetString(Tag.PatientName, "PAT-TROIS^DOMINIQUE");
        ct.SetString(Tag.Modality, "CT");
        ct.SetBytes(Tag.PixelData, Vr.OW, new byte[bytes]);
        return InstanceSource.FromMemory(
            DataSetWriter.ToBytes(ct, TransferSyntax.ExplicitVRLittleEndian), SopClass.CTImageStorage, Uid.Parse($"{Study}.1.{number}"),
            TransferSyntax.ExplicitVRLittleEndian.Uid);
    }

    private static Task<Association> AssociateAsync(GatewayUnderTest gateway) => Association.RequestAsync(
        new AssociationOptions
        {
            Host = "127.0.0.1",
            Port = gateway.ArchivePort,
            CallingAe = AeTitle.Parse("STORESCU"),
            CalledAe = AeTitle.Parse("DRIMBOX"),
            Contexts = [new ProposedContext(SopClass.CTImageStorage, TransferSyntax.ExplicitVRLittleEndian.Uid)],
        },
        Token);

    private static async Task<string> StoreAsync(Association association, InstanceSource image)
    {
        Assert.Equal(DimseStatus.Success, await new CStoreScu(association).SendAsync(image, Token));
        return $"{image.SopInstanceUid}";
    }

    private async Task StoreUntilAbortedAsync(Association association, List<string> acknowledged)
    {
        try
        {
            while (true)
            {
                acknowledged.Add(await StoreAsync(association, Image(16 * 1024)));
                await Task.Delay(TimeSpan.FromMilliseconds(20), Token);
            }
        }
        catch (AssociationAbortedException)
        {
            // Between two messages, once it had its time.
        }
    }

    private static async Task<bool> ConnectsAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port, Token);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task SignalAsync(GatewayUnderTest gateway, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{gateway.Child.ProcessId}"]);
        await kill.WaitForExitAsync(Token);
    }

    /// <summary>An image whose second half waits.</summary>
    private sealed class HeldInstance(InstanceSource image, TaskCompletionSource middle, ManualResetEventSlim lastHalf)
        : InstanceSource(image.SopClassUid, image.SopInstanceUid, image.TransferSyntaxUid)
    {
        public override InstanceContent Open() => new Content(image.Open(), middle, lastHalf);

        private sealed class Content : InstanceContent
        {
            private readonly InstanceContent _image;
            private readonly TaskCompletionSource _middle;
            private readonly ManualResetEventSlim _lastHalf;
            private long _left;

            public Content(InstanceContent image, TaskCompletionSource middle, ManualResetEventSlim lastHalf)
            {
                (_image, _middle, _lastHalf) = (image, middle, lastHalf);
                Length = _left = image.Length;
            }

            public override int Read(Span<byte> destination)
            {
                if (_left < Length / 2)
                {
                    _middle.TrySetResult();
                    _lastHalf.Wait();
                }

                var count = _image.Read(destination[..(int)Math.Min(destination.Length, 64 * 1024)]);
                _left -= count;
                return count;
            }

            public override void Dispose() => _image.Dispose();
        }
    }
}
