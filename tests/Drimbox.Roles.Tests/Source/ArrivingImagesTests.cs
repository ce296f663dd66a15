using System.Net;
using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Core.Studies;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Emulators;
using Drimbox.Grains.Audit;
using Drimbox.Source.ImageAccess;
using Drimbox.Source.Statistics;
using Drimbox.Source.Studies;
using Drimbox.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Source;

/// <summary>Where images lie between the PACS and whoever asked for them, fragment by fragment and with a disk that
/// fails.</summary>
[Requirement("DB.SO.32")]
public sealed class ArrivingImagesTests : IAsyncLifetime
{
    private static readonly AeTitle Pacs = AeTitle.Parse("PACS");

    private readonly StoreFolder _folder = new();
    private readonly FaultyDisk _disk = new(Disk.Real);
    private readonly Random _random = new(Seed.Get());
    // A C-MOVE that does not end: images come as the test sends them.
    private readonly SilentPeer _pacs;
    private readonly int _port = LoopbackPorts.Take();
    private MarkedStudy _study;
    private FlowStore _store = null!;
    private SourceStatistics _statistics = null!;
    private ImageRetrievals _retrievals = null!;
    private ArrivingImages _arriving = null!;

    public ArrivingImagesTests()
    {
        _pacs = new SilentPeer(_port);
        _study = MarkedStudy.Make(_random, 1)[0];
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Images => Path.Combine(_folder.Path, "images");

    private string[] Files => Directory.GetFiles(Images);

    private RetrievalKey Key => new(_study.Study, _study.Series[0]);

    private IReadOnlyList<DataSet> Wanted => _study.ImagesOf(_study.Series[0]);

    public async ValueTask InitializeAsync()
    {
        _store = await FlowStore.OpenAsync(
            new FlowStoreOptions { Folder = _folder.Path, HasPublications = true, HasStatistics = true }, Token);
        _statistics = new SourceStatistics(_store, TimeZoneInfo.Utc, TimeProvider.System, NullLogger.Instance);
        var peer = new DicomPeerOptions { AeTitle = Pacs.ToString(), Host = "127.0.0.1", Port = _port };
        var own = AeTitle.Parse("DRIMBOX");
        _retrievals = new ImageRetrievals(
            new PacsMove(new PacsList([new KnownPacs(null, peer, PacsDomains.Unknown, [])]), own, TimeSpan.FromMinutes(2)),
            _disk, Images, cache: null,
            new AuditTrail(_store, new AuditNode("node", "1.2.3", "host", 1, own), TimeProvider.System), _statistics,
            TimeProvider.System, NullLogger.Instance);
        _arriving = new ArrivingImages(_retrievals, _disk, Images);
    }

    public async ValueTask DisposeAsync()
    {
        await _pacs.DisposeAsync();
        await _retrievals.DisposeAsync();
        await _statistics.DisposeAsync();
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Images_that_arrive_one_after_the_other_share_a_file()
    {
        var retrieval = Join();
        foreach (var image in Wanted) Assert.Equal(DimseStatus.Success, await StoreAsync(image));

        await AssertHasAsync(retrieval, Wanted);
        Assert.Single(Files);
        _retrievals.Leave(retrieval);
        await RetrievalsEndAsync();
        Assert.Empty(Files);
    }

    [Fact]
    public async Task Images_that_arrive_at_the_same_time_do_not_mix()
    {
        MakeImages(6, 200_000);
        var retrieval = Join();
        for (var i = 0; i < 6; i += 3)
        {
            var sinks = Wanted.Skip(i).Take(3).Select(image => (Sink: Begin(image), Left: Bytes(image))).ToList();
            while (sinks.Count > 0)
            {
                var at = _random.Next(sinks.Count);
                var (sink, rest) = sinks[at];
                var count = Math.Min(rest.Length, _random.Next(1, 70_000));
                await sink.WriteAsync(rest[..count], Token);
                sinks[at] = (sink, rest[count..]);
                if (count < rest.Length) continue;
                Assert.Equal(DimseStatus.Success, await sink.CompleteAsync(Token));
                sinks.RemoveAt(at);
            }
        }

        await AssertHasAsync(retrieval, Wanted);
        // The second three use those of the first.
        Assert.Equal(3, Files.Length);
    }

    [Theory]
    [InlineData(20_000)]
    [InlineData(300_000)]
    public async Task An_image_that_says_late_which_series_it_is_of_is_kept_whole(int before)
    {
        var image = Wanted[0];
        image.SetBytes(new Tag(0x0009, 0x0010), Vr.LO, "A MAKER "u8.ToArray());
        image.SetBytes(new Tag(0x0009, 0x1001), Vr.OB, new byte[before]);
        var (retrieval, sink, rest) = (Join(), Begin(image), Bytes(image));
        for (; rest.Length > 0; rest = rest[Math.Min(rest.Length, 16_000)..])
            await sink.WriteAsync(rest[..Math.Min(rest.Length, 16_000)], Token);
        Assert.Equal(DimseStatus.Success, await sink.CompleteAsync(Token));
        Assert.Equal(DimseStatus.Success, await StoreAsync(Wanted[1]));

        await AssertHasAsync(retrieval, [image, Wanted[1]]);
        Assert.Single(Files);
        _retrievals.Leave(retrieval);
        await RetrievalsEndAsync();
        Assert.Empty(Files);
    }

    [Fact]
    public async Task A_large_image_is_read_where_it_lies()
    {
        MakeImages(2, 3_000_000);
        var retrieval = Join();
        foreach (var image in Wanted) Assert.Equal(DimseStatus.Success, await StoreAsync(image));

        using var reader = new SpoolReader();
        await foreach (var arrived in retrieval.ReadAsync(Token).Take(2))
        {
            var expected = Bytes(Wanted.Single(image => image.GetUid(Tag.SOPInstanceUID) == arrived.SopInstanceUid));
            var source = reader.SourceOf(arrived);
            foreach (var sent in (InstanceSource[])[source, EditedInstance.Of(source, static _ => { })])
            {
                using var content = sent.Open();
                Assert.Equal(expected, Read(content));
            }
        }
    }

    [Fact]
    public async Task What_nobody_waits_for_is_refused_and_not_written()
    {
        Join();
        var other = _study.ImagesOf(_study.Series[1])[0];

        Assert.Equal(DimseStatus.NotAuthorized.Code, (await StoreAsync(other)).Code);

        Assert.Empty(Files);
        Assert.DoesNotContain(DiskCall.Create, _disk.Trace);
    }

    [Fact]
    public async Task What_is_not_kept_is_written_over()
    {
        MakeImages(2, 100_000);
        var retrieval = Join();
        Assert.Equal(DimseStatus.Success, await StoreAsync(Wanted[0]));
        for (var i = 0; i < 8; i++)
        {
            // It comes again; and one of which half comes.
            Assert.Equal(DimseStatus.Success, await StoreAsync(Wanted[0]));
            var half = Begin(Wanted[1]);
            await half.WriteAsync(Bytes(Wanted[1])[..70_000], Token);
            await half.AbandonAsync();
        }

        Assert.Equal(DimseStatus.Success, await StoreAsync(Wanted[1]));
        await AssertHasAsync(retrieval, Wanted);
        Assert.InRange(new FileInfo(Assert.Single(Files)).Length, 200_000, 300_000);
    }

    [Theory]
    [InlineData(DiskCall.Create)]
    [InlineData(DiskCall.Write)]
    public async Task A_full_disk_refuses_an_image_and_keeps_those_before_it(DiskCall call)
    {
        MakeImages(3, 100_000);
        var retrieval = Join();
        _disk.Arm(1, DiskFaultKind.NoSpace, call);
        await Assert.ThrowsAsync<StorageFaultException>(() => StoreAsync(Wanted[0]));
        Assert.Empty(Files);

        Assert.Equal(DimseStatus.Success, await StoreAsync(Wanted[0]));
        _disk.Arm(2, DiskFaultKind.NoSpace, DiskCall.Write);
        await Assert.ThrowsAsync<StorageFaultException>(() => StoreAsync(Wanted[1]));
        Assert.Equal(DimseStatus.Success, await StoreAsync(Wanted[2]));

        await AssertHasAsync(retrieval, [Wanted[0], Wanted[2]]);
        _retrievals.Leave(retrieval);
        await RetrievalsEndAsync();
        Assert.Empty(Files);
    }

    [Fact]
    public async Task An_image_that_was_begun_for_who_has_left_is_not_the_next_ones()
    {
        var former = Join();
        var (sink, bytes) = (Begin(Wanted[0]), Bytes(Wanted[0]));
        await sink.WriteAsync(bytes[..^100], Token);
        _retrievals.Leave(former);
        var next = Join();

        await sink.WriteAsync(bytes[^100..], Token);
        Assert.Equal(DimseStatus.NotAuthorized.Code, (await sink.CompleteAsync(Token)).Code);

        Assert.Equal(0, next.Count);
        _retrievals.Leave(next);
        await RetrievalsEndAsync();
        Assert.Empty(Files);
    }

    /// <summary>The series has so many images, of so many bytes of pixels each.</summary>
    private void MakeImages(int count, int pixels)
    {
        var images = Enumerable.Range(1, count).Select(i =>
        {
            var copy = DataSetReader.TryRead(Bytes(Wanted[0]), TransferSyntax.ExplicitVRLittleEndian, out _)!;
            copy.SetUid(Tag.SOPInstanceUID, Uid.Parse($"1.2.250.1.999.9.51.{i}"));
            return copy;
        });
        _study = (_study with { Images = [.. images] }).WithOtherPixels(_random, pixels);
    }

    private ImageRetrieval Join() => _retrievals.Join(Key, patient: null, pacs: null, revision: null);

    /// <summary>What was given up ends with its C-MOVE.</summary>
    private async Task RetrievalsEndAsync() => await _retrievals.DisposeAsync();

    private IInstanceSink Begin(DataSet image) => _arriving.BeginStore(new CStoreRequest(
        new AssociationPeer(Pacs, AeTitle.Parse("DRIMBOX"), IPAddress.Loopback), image.GetUid(Tag.SOPClassUID),
        image.GetUid(Tag.SOPInstanceUID), TransferSyntax.ExplicitVRLittleEndian, DimsePriority.Medium, default, null));

    /// <summary>As an association does it, in pieces of any length.</summary>
    private async Task<DimseStatus> StoreAsync(DataSet image)
    {
        var sink = Begin(image);
        try
        {
            for (var rest = Bytes(image); rest.Length > 0;)
            {
                var count = Math.Min(rest.Length, _random.Next(1, 130_000));
                await sink.WriteAsync(rest[..count], Token);
                rest = rest[count..];
            }
        }
        catch (StorageFaultException)
        {
            await sink.AbandonAsync();
            throw;
        }

        return await sink.CompleteAsync(Token);
    }

    private static async Task AssertHasAsync(ImageRetrieval retrieval, IReadOnlyList<DataSet> expected)
    {
        Assert.Equal(expected.Count, retrieval.Count);
        var byUid = expected.ToDictionary(image => image.GetUid(Tag.SOPInstanceUID), Bytes);
        using var reader = new SpoolReader();
        await foreach (var image in retrieval.ReadAsync(Token).Take(expected.Count))
        {
            Assert.True(byUid.Remove(image.SopInstanceUid, out var bytes));
            Assert.Equal(bytes, reader.Read(image).ToArray());
        }
    }

    private static Memory<byte> Read(InstanceContent content)
    {
        var bytes = new byte[content.Length + 1];
        var read = 0;
        while (content.Read(bytes.AsSpan(read)) is var count && count > 0) read += count;
        return bytes.AsMemory(0, read);
    }

    private static Memory<byte> Bytes(DataSet image) =>
        DataSetWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian);
}
