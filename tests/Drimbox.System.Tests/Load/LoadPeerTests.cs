using System.Text.Json;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scp;
using Drimbox.Emulators;
using Drimbox.Load;
using Drimbox.Load.Instances;
using Drimbox.Load.Pacing;
using Drimbox.Load.Results;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Load;

/// <summary>The load generator with peers of other makers.</summary>
public sealed class LoadPeerTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("CT:32KiB:explicit")]
    [InlineData("CT:32KiB:implicit")]
    [InlineData("MR:32KiB:explicit")]
    [InlineData("CR:64KiB:explicit")]
    [InlineData("US:700KiB:explicit")]
    [InlineData("KO")]
    public async Task Dciodvfy_finds_no_error_in_a_synthetic_instance(string text)
    {
        Peer.Require("dciodvfy");
        Assert.True(InstanceSpecification.TryParse(text, out var specification, out _));
        var set = InstanceSet.Synthetic([specification], Uid.Parse("2.25.42"), 10, DateTimeOffset.UnixEpoch.AddYears(50), 1);
        var instance = set.Next(out _, out _);
        var path = Path.Combine(_folder.Path, "one.dcm");
        await File.WriteAllBytesAsync(
            path,
            [
                .. Part10Writer.Header(instance.SopClassUid, instance.SopInstanceUid, instance.TransferSyntaxUid),
                .. Whole(instance),
            ]);
        var (_, output) = await Dcmtk.RunAsync("dciodvfy", path);
        Assert.DoesNotContain(output.Split('\n'), l => l.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Storescp_has_every_instance_that_was_counted()
    {
        var port = LoopbackPorts.Take();
        using var scp = await Dcmtk.ListenAsync(
            "storescp", _folder.Path, port, "--fork", "+B", "+xa", "-od", _folder.Path, $"{port}");
        var result = await RunAsync(new LoadOptions
        {
            Target = Address("STORESCP", port),
            Associations = 2,
            PerAssociation = 10,
            Instances = [Specification("CT:64KiB"), Specification("MR:16KiB:implicit"), Specification("CT:64KiB:jpeg-ls")],
            Schedule = new ArrivalSchedule(null, TimeSpan.Zero, null, 60),
        });
        var operation = Assert.Single(result.Operations);
        Assert.Equal((60, 0), (operation.Count, operation.Errors));
        var files = Directory.GetFiles(_folder.Path);
        Assert.Equal(60, files.Length);
        Assert.Equal("storescp", result.Target!.Name);
        Assert.All(files, f => Assert.True(DicomFile.TryRead(f, out _, out _)));
    }

    [Fact]
    public async Task Dcmqrscp_is_stored_to_queried_and_retrieved_from_at_once()
    {
        var port = LoopbackPorts.Take();
        var destination = LoopbackPorts.Take();
        var moved = Directory.CreateDirectory(Path.Combine(_folder.Path, "moved")).FullName;
        var archive = Directory.CreateDirectory(Path.Combine(_folder.Path, "qr")).FullName;
        var configuration = Path.Combine(_folder.Path, "dcmqrscp.cfg");
        await File.WriteAllTextAsync(configuration, $"""
            NetworkTCPPort  = {port}
            MaxPDUSize      = 131072
            MaxAssociations = 16
            HostTable BEGIN
            dest = (DEST, 127.0.0.1, {destination})
            HostTable END
            VendorTable BEGIN
            VendorTable END
            AETable BEGIN
            QR {archive} RW (200, 1024mb) ANY
            AETable END

            """);
        using var scp = await Dcmtk.ListenAsync("storescp", moved, destination, "--fork", "+B", "-od", moved, $"{destination}");
        using var qr = await Dcmtk.ListenAsync("dcmqrscp", _folder.Path, port, "-c", configuration);
        Assert.True(OperationMix.TryParse("store=60,find=20,move=10,echo=10", out var mix, out _));
        var result = await RunAsync(new LoadOptions
        {
            Target = Address("QR", port),
            Mix = mix,
            MoveDestination = AeTitle.Parse("DEST"),
            // Of 600 images that two associations store at the same time dcmqrscp answers one or two C000 in a third of
            // the runs, and none of one association: its processes get into each other's way.
            Associations = 1,
            PerStudy = 4,
            Instances = [Specification("CT:16KiB")],
            Schedule = new ArrivalSchedule(null, TimeSpan.Zero, null, 100),
        });
        Assert.Equal(100, result.Operations.Sum(o => o.Count + o.Errors));
        foreach (var kind in Enum.GetValues<OperationKind>().Except([OperationKind.Mllp]))
            Assert.True(result.Operations.Single(o => o.Kind == kind).Count > 0, $"{kind}: {Describe(result)}");
        Assert.True(result.Errors == 0, Describe(result));
        Assert.NotEmpty(Directory.GetFiles(moved));
    }

    [Fact]
    public async Task The_command_ends_with_the_code_for_what_happened()
    {
        var port = LoopbackPorts.Take();
        Assert.Equal(2, (await DrimboxAsync("load", "nonsense")).ExitCode);
        Assert.Equal(2, (await DrimboxAsync("load", $"ANY@127.0.0.1:{port}", "--mix", "sing")).ExitCode);
        var (code, output) = await DrimboxAsync("load", $"ANY@127.0.0.1:{port}", "--count", "1");
        Assert.Equal(3, code);
        Assert.Contains("Connection refused", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);

        using var scp = await Dcmtk.ListenAsync("storescp", _folder.Path, port, "--fork", "-od", _folder.Path, $"{port}");
        var (a, b, page) = (InFolder("a.json"), InFolder("b.json"), InFolder("page.html"));
        string[] common = ["load", $"ANY@127.0.0.1:{port}", "--count", "20", "--instances", "CT:16KiB"];
        (code, output) = await DrimboxAsync([.. common, "--output", a, "--html", page]);
        Assert.True(code == 0, output);
        Assert.Contains("0000 (success): 20", output, StringComparison.Ordinal);
        Assert.Contains("0000 (success)", await File.ReadAllTextAsync(page), StringComparison.Ordinal);
        // storescp does not do queries, and with nothing else in it an association is of no use.
        Assert.Equal(
            4, (await DrimboxAsync("load", $"ANY@127.0.0.1:{port}", "--mix", "find", "-k", "PatientID=1")).ExitCode);
        (code, output) = await DrimboxAsync([.. common, "--mix", "store,find", "--output", b]);
        Assert.Equal(1, code);
        Assert.Contains("0122", output, StringComparison.Ordinal);

        Assert.Equal(0, (await DrimboxAsync("load", "compare", a, a)).ExitCode);
        (code, output) = await DrimboxAsync("load", "compare", a, b, "--tolerance", "100");
        Assert.Contains("not the same run: mix", output, StringComparison.Ordinal);
        Assert.Equal(2, (await DrimboxAsync("load", "compare", a, InFolder("absent.json"))).ExitCode);
    }

    [Fact]
    public async Task Files_that_are_written_are_what_storescu_sends()
    {
        var port = LoopbackPorts.Take();
        var written = InFolder("written");
        var received = Directory.CreateDirectory(InFolder("received")).FullName;
        using var scp = await Dcmtk.ListenAsync("storescp", received, port, "--fork", "+B", "-od", received, $"{port}");
        var (code, output) = await DrimboxAsync("load", "write", written, "--count", "4", "--instances", "CT:16KiB,KO");
        Assert.True(code == 0, output);
        Assert.Matches(@"^4 files of [1-4] studies, [0-9.]+ MB, in /.*written\s*$", output);
        await Dcmtk.SucceedAsync("storescu", "+sd", "127.0.0.1", $"{port}", written);
        Assert.Equal(4, Directory.GetFiles(received).Length);

        (_, output) = await DrimboxAsync("load", "write", InFolder("again"), "--count", "2", "--instances", "CT:16KiB", "--json");
        using var said = JsonDocument.Parse(output);
        Assert.Equal(2, said.RootElement.GetProperty("files").GetInt32());
        Assert.Equal(
            Directory.GetFiles(InFolder("again")).Sum(f => new FileInfo(f).Length),
            said.RootElement.GetProperty("bytes").GetInt64());
    }

    private static byte[] Whole(Drimbox.Dicom.Dimse.InstanceSource instance)
    {
        using var content = instance.Open();
        var bytes = new byte[content.Length];
        for (var length = 0; length < bytes.Length;) length += content.Read(bytes.AsSpan(length));
        return bytes;
    }

    private string InFolder(string name) => Path.Combine(_folder.Path, name);

    // With what came on both streams.
    private static async Task<(int ExitCode, string Output)> DrimboxAsync(params string[] arguments)
    {
        var run = await CommandRun.OfAsync(arguments);
        return (run.ExitCode, run.Output + run.Errors);
    }

    private static DicomPeer Address(string title, int port) => new(AeTitle.Parse(title), "127.0.0.1", port);

    private static InstanceSpecification Specification(string text)
    {
        Assert.True(InstanceSpecification.TryParse(text, out var specification, out _));
        return specification;
    }

    private static string Describe(LoadResult result) => string.Join("; ", result.Operations.Select(
        o => $"{o.Kind} {o.Count} done, {o.Errors} not: {string.Join(", ", o.Statuses)}"));

    private static async Task<LoadResult> RunAsync(LoadOptions options)
    {
        Assert.True(LoadRun.TryPrepare(options, new SequentialIds(), TimeProvider.System, out var run, out var refusal), refusal?.Detail);
        return await run!.RunAsync(null, TestContext.Current.CancellationToken);
    }
}
