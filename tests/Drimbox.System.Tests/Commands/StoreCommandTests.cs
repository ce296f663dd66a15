using System.Collections.Concurrent;
using System.Text.Json;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scp;
using Drimbox.Emulators;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Commands;

public sealed class StoreCommandTests : IDisposable
{
    private readonly StudyFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Storescp_gets_a_folder_without_what_is_not_an_image()
    {
        var port = LoopbackPorts.Take();
        var received = _files.Folder("received");
        using var scp = await Dcmtk.ListenAsync("storescp", received, port, "+B", "-od", received, $"{port}");
        await File.WriteAllTextAsync(Path.Combine(_files.Study, "readme.txt"), "no image", TestContext.Current.CancellationToken);
        await Dcmtk.SucceedInAsync(
            _files.Study, "dcmmkdir", ["+id", _files.Study, "-Nxc", "-Nec", "-Nrc", .. _files.Paths.Select(p => Path.GetFileName(p)!)]);

        var run = await CommandRun.SucceedAsync("store", $"ANY-SCP@127.0.0.1:{port}", _files.Study);
        Assert.StartsWith("stored 6 of 6 instances", run.Lines[^1], StringComparison.Ordinal);
        Assert.Contains("1 file not DICOM", run.Errors, StringComparison.Ordinal);
        Assert.Contains("readme.txt", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("DICOMDIR", run.Errors, StringComparison.Ordinal);
        var arrived = StudyFiles.DataSetsIn(received);
        Assert.Equal(6, arrived.Count);
        foreach (var path in _files.Paths)
        {
            var file = StudyFiles.Read(path);
            Assert.Equal(
                (await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken))[(int)file.DataSetOffset..],
                arrived[file.DataSet.GetString(Tag.SOPInstanceUID)!]);
        }
    }

    [Fact]
    public async Task Strict_sends_nothing_if_a_file_is_not_dicom()
    {
        await using var peer = StudyFiles.Start(options => options with { Store = new FileStoreScp(_files.Folder("received")) });
        await File.WriteAllTextAsync(Path.Combine(_files.Study, "readme.txt"), "no image", TestContext.Current.CancellationToken);
        var run = await CommandRun.OfAsync("store", StudyFiles.AddressOf(peer), _files.Study, "--strict");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("readme.txt", run.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_files.PathOf("received")));
    }

    [Fact]
    public async Task A_file_that_is_cut_short_is_told_and_the_others_are_sent()
    {
        await using var peer = StudyFiles.Start(options => options with { Store = new FileStoreScp(_files.Folder("received")) });
        var bytes = await File.ReadAllBytesAsync(_files.Paths[0], TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(_files.Paths[0], bytes[..^100], TestContext.Current.CancellationToken);
        var run = await CommandRun.OfAsync("store", StudyFiles.AddressOf(peer), _files.Study);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"{_files.Paths[0]}: ", run.Errors, StringComparison.Ordinal);
        Assert.Contains("past the end", run.Errors, StringComparison.Ordinal);
        Assert.Equal(5, Directory.GetFiles(_files.PathOf("received")).Length);
    }

    [Fact]
    public async Task A_peer_that_takes_another_uncompressed_syntax_gets_it()
    {
        var port = LoopbackPorts.Take();
        var received = _files.Folder("received");
        // +xi: Implicit VR Little Endian alone.
        using var scp = await Dcmtk.ListenAsync("storescp", received, port, "+xi", "-od", received, $"{port}");
        await CommandRun.SucceedAsync("store", $"ANY-SCP@127.0.0.1:{port}", _files.Study);
        Assert.Equal(6, Directory.GetFiles(received).Length);
        foreach (var path in Directory.GetFiles(received))
        {
            var file = StudyFiles.Read(path);
            Assert.Equal(TransferSyntax.ImplicitVRLittleEndian, file.TransferSyntax);
            Assert.Equal("PAT-TROIS^DOMINIQUE", file.DataSet.GetString(Tag.PatientName));
        }
    }

    [Fact]
    public async Task A_peer_that_does_not_take_RLE_gets_the_pixels_unpacked()
    {
        var rle = _files.PathOf("rle.dcm");
        await Dcmtk.SucceedAsync("dcmcrle", _files.Paths[0], rle);
        var port = LoopbackPorts.Take();
        var received = _files.Folder("received");
        using var scp = await Dcmtk.ListenAsync("storescp", received, port, "+x=", "-od", received, $"{port}");
        await CommandRun.SucceedAsync("store", $"ANY-SCP@127.0.0.1:{port}", rle);
        var sent = StudyFiles.Read(_files.Paths[0]).DataSet;
        var arrived = StudyFiles.Read(Assert.Single(Directory.GetFiles(received))).DataSet;
        Assert.True(sent.TryGet(Tag.PixelData, out var before) && arrived.TryGet(Tag.PixelData, out var after)
            && before.Bytes.SequenceEqual(after.Bytes));
    }

    [Fact]
    public async Task Associations_share_the_files_and_their_windows()
    {
        // It answers nobody until all three are there: otherwise one may have sent everything.
        var store = new CountingStore(_ => DimseStatus.Success) { Together = 3 };
        await using var peer = StudyFiles.Start(options => options with { Store = store });
        var run = await CommandRun.SucceedAsync(
            "store", StudyFiles.AddressOf(peer), _files.Study, "--associations", "3", "--window", "2", "--repeat", "20", "--json");
        Assert.Equal(120, JsonDocument.Parse(run.Output).RootElement.GetProperty("stored").GetInt32());
        Assert.Equal(3, JsonDocument.Parse(run.Output).RootElement.GetProperty("associations").GetInt32());
        Assert.Equal(6, store.Counts.Count);
        Assert.All(store.Counts.Values, count => Assert.Equal(20, count));
    }

    [Fact]
    public async Task Failures_are_listed_by_their_status_with_its_meaning()
    {
        var store = new CountingStore(n => n <= 2 ? DimseStatus.DataSetDoesNotMatchSopClass : DimseStatus.Success);
        await using var peer = StudyFiles.Start(options => options with { Store = store });
        var run = await CommandRun.OfAsync("store", StudyFiles.AddressOf(peer), _files.Study);
        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("stored 4 of 6 instances", run.Lines[^1], StringComparison.Ordinal);
        Assert.Contains("2 files failed: A900 (the data set does not match the SOP class)", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_short_of_resources_is_tried_again_if_asked_for()
    {
        var store = new CountingStore(n => n <= 3 ? DimseStatus.OutOfResources : DimseStatus.Success);
        await using var peer = StudyFiles.Start(options => options with { Store = store });
        var run = await CommandRun.SucceedAsync("store", StudyFiles.AddressOf(peer), _files.Study, "--retry", "1");
        Assert.StartsWith("stored 6 of 6 instances", run.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_compressed_file_that_the_peer_does_not_accept_is_told()
    {
        var jpeg = _files.PathOf("jpeg.dcm");
        await Dcmtk.SucceedAsync("dcmcjpeg", _files.Paths[0], jpeg);
        var port = LoopbackPorts.Take();
        // +x=: uncompressed syntaxes alone.
        using var scp = await Dcmtk.ListenAsync("storescp", _files.PathOf(""), port, "+x=", $"{port}");
        var run = await CommandRun.OfAsync("store", $"ANY-SCP@127.0.0.1:{port}", jpeg);
        Assert.Equal(4, run.ExitCode);
        Assert.Contains("CT Image Storage in JPEG Lossless", run.Errors, StringComparison.Ordinal);
        Assert.Contains("none of the transfer syntaxes", run.Errors, StringComparison.Ordinal);
    }

    // PS3.8 9.3.2.2: an association has 128 contexts at most; 150 classes need two in a row.
    [Fact]
    public async Task More_pairs_of_class_and_syntax_than_an_association_holds_take_several()
    {
        var store = new CountingStore(_ => DimseStatus.Success);
        await using var peer = StudyFiles.Start(options => options with { Store = store });
        var folder = _files.Folder("many");
        var template = StudyFiles.Read(_files.Paths[0]).DataSet;
        template.Remove(Tag.PixelData);
        var classes = UidRegistry.StorageSopClasses().Take(150).ToList();
        for (var i = 0; i < classes.Count; i++)
        {
            template.SetUid(Tag.SOPClassUID, classes[i].Uid);
            template.SetUid(Tag.SOPInstanceUID, Uid.Parse($"1.2.250.1.213.4.5.2.1.104.{i + 1}"));
            await File.WriteAllBytesAsync(
                Path.Combine(folder, $"{i}.dcm"),
                Part10Writer.ToBytes(template, TransferSyntax.ExplicitVRLittleEndian), TestContext.Current.CancellationToken);
        }

        var run = await CommandRun.SucceedAsync("store", StudyFiles.AddressOf(peer), folder, "--associations", "2");
        Assert.StartsWith("stored 150 of 150 instances", run.Lines[^1], StringComparison.Ordinal);
        Assert.Equal(150, store.Counts.Count);
    }

    [Theory]
    [InlineData("nothere")]
    [InlineData("empty")]
    public async Task Nothing_to_send_is_wrong_input(string name)
    {
        _files.Folder("empty");
        var run = await CommandRun.OfAsync("store", "PEER@127.0.0.1:104", _files.PathOf(name));
        Assert.Equal(2, run.ExitCode);
        Assert.NotEmpty(run.Errors);
    }

    /// <summary>Counts what comes, and answers the n-th with a status.</summary>
    private sealed class CountingStore(Func<int, DimseStatus> answer) : ICStoreScp
    {
        private readonly ConcurrentDictionary<AssociationPeer, bool> _peers = new(ReferenceEqualityComparer.Instance);
        private readonly TaskCompletionSource _together = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _count;

        /// <summary>The associations that must have sent something before any is answered.</summary>
        public int Together { get; init; } = 1;

        private Func<int, DimseStatus> Answer { get; } = answer;

        public ConcurrentDictionary<string, int> Counts { get; } = [];

        public IInstanceSink BeginStore(in CStoreRequest request)
        {
            _peers.TryAdd(request.Peer, true);
            if (_peers.Count >= Together) _together.TrySetResult();
            return new Sink(this, request.SopInstanceUid.ToString());
        }

        private sealed class Sink(CountingStore store, string uid) : IInstanceSink
        {
            public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken) => default;

            public async ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
            {
                await store._together.Task.WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);
                var status = store.Answer(Interlocked.Increment(ref store._count));
                if (status.IsSuccessOrWarning) store.Counts.AddOrUpdate(uid, 1, (_, n) => n + 1);
                return status;
            }

            public ValueTask AbandonAsync() => default;
        }
    }
}
