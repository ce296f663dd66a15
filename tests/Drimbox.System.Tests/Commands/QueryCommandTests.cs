using System.Text.Json;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Emulators;
using Drimbox.Tests.Demo;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Commands;

/// <summary>find, move and get, with dcmqrscp and wlmscpfs at the other end.</summary>
public sealed class QueryCommandTests : IAsyncLifetime
{
    private static readonly string Study = StudyFiles.Order.StudyInstanceUid.ToString();

    private readonly StudyFiles _files = new();
    private readonly int _port = LoopbackPorts.Take();
    private readonly int _destinationPort = LoopbackPorts.Take();
    private DcmtkServer? _scp;

    private string Peer => $"QR@127.0.0.1:{_port}";

    public async ValueTask InitializeAsync()
    {
        var configuration = _files.PathOf("dcmqrscp.cfg");
        await File.WriteAllTextAsync(configuration, $"""
            NetworkTCPPort  = {_port}
            MaxPDUSize      = 131072
            MaxAssociations = 16
            HostTable BEGIN
            dest = (DEST, 127.0.0.1, {_destinationPort})
            HostTable END
            VendorTable BEGIN
            VendorTable END
            AETable BEGIN
            QR {_files.Folder("qr")} RW (10, 1024mb) ANY
            AETable END

            """);
        _scp = await Dcmtk.ListenAsync("dcmqrscp", _files.PathOf(""), _port, "-c", configuration);
        await CommandRun.SucceedAsync("store", Peer, _files.Study);
    }

    public ValueTask DisposeAsync()
    {
        _scp?.Dispose();
        _files.Dispose();
        return default;
    }

    [Fact]
    public async Task Find_shows_a_study_as_a_table_with_the_keys_that_were_asked_for()
    {
        var run = await CommandRun.SucceedAsync("find", Peer, "-k", "PatientName=PAT-TROIS*", "-k", "0008,0080");
        Assert.Equal(2, run.Lines.Count);
        Assert.Contains("PatientName", run.Lines[0], StringComparison.Ordinal);
        Assert.Contains("InstitutionName", run.Lines[0], StringComparison.Ordinal);
        Assert.Contains("PAT-TROIS^DOMINIQUE", run.Lines[1], StringComparison.Ordinal);
        Assert.Contains(Study, run.Lines[1], StringComparison.Ordinal);
        Assert.Contains("1 match", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Find_prints_DICOM_JSON()
    {
        var run = await CommandRun.SucceedAsync("find", Peer, "--level", "series", "-k", $"StudyInstanceUID={Study}", "--json");
        var series = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(2, series.GetArrayLength());
        Assert.Equal("CT", series[0].GetProperty("00080060").GetProperty("Value")[0].GetString());
    }

    [Fact]
    public async Task Find_stops_at_its_limit()
    {
        var run = await CommandRun.SucceedAsync(
            "find", Peer, "--level", "SERIES", "-k", $"StudyInstanceUID={Study}", "--limit", "1");
        Assert.Equal(2, run.Lines.Count);
        Assert.Contains("--limit", run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("NoSuchKeyword=1", "neither a keyword")]
    [InlineData("PatientID.Modality=CT", "is no sequence")]
    [InlineData("Rows=many", "not a number")]
    [InlineData("0009,1001=1", "not in the data dictionary")]
    [InlineData("ScheduledProcedureStepSequence=CT", "cannot be matched")]
    public async Task A_key_that_is_none_is_named(string key, string why)
    {
        var run = await CommandRun.OfAsync("find", Peer, "-k", key);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(why, run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wlmscpfs_finds_a_step_by_a_key_inside_its_sequence()
    {
        var folder = _files.Folder("worklist/RIS");
        await File.WriteAllTextAsync(Path.Combine(folder, "lockfile"), "", TestContext.Current.CancellationToken);
        for (var i = 1; i <= 2; i++)
        {
            var dump = Path.Combine(_files.PathOf(""), $"step{i}.dump");
            await File.WriteAllTextAsync(dump, $"""
                (0010,0010) PN [PAT-TROIS^DOMINIQUE]
                (0010,0020) LO [IPP10{i}]
                (0020,000d) UI [1.2.250.1.213.4.5.2.1.{i}]
                (0032,1060) LO [TDM THORAX]
                (0040,0100) SQ
                (fffe,e000) -
                (0008,0060) CS [{(i == 1 ? "CT" : "MR")}]
                (0040,0001) AE [MODALITY]
                (0040,0002) DA [20260822]
                (0040,0003) TM [083000]
                (0040,0009) SH [STEP{i}]
                (fffe,e00d) -
                (fffe,e0dd) -
                (0040,1001) SH [RP{i}]

                """, TestContext.Current.CancellationToken);
            await Dcmtk.SucceedAsync("dump2dcm", "-g", dump, Path.Combine(folder, $"step{i}.wl"));
        }

        var port = LoopbackPorts.Take();
        using var ris = await Dcmtk.ListenAsync("wlmscpfs", _files.PathOf(""), port, "-dfp", _files.PathOf("worklist"), "-dfr", $"{port}");
        var run = await CommandRun.SucceedAsync(
            "find", $"RIS@127.0.0.1:{port}", "--model", "worklist", "-k", "ScheduledProcedureStepSequence.Modality=MR");
        Assert.Equal(2, run.Lines.Count);
        Assert.Contains("STEP2", run.Lines[1], StringComparison.Ordinal);
        Assert.Contains("IPP102", run.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Move_has_the_study_sent()
    {
        var target = _files.Folder("dest");
        using var destination = await Dcmtk.ListenAsync(
            "storescp", target, _destinationPort, "+B", "-od", target, $"{_destinationPort}");
        var run = await CommandRun.SucceedAsync("move", Peer, "--to", "DEST", "-k", $"StudyInstanceUID={Study}");
        Assert.StartsWith("moved 6, failed 0", run.Output, StringComparison.Ordinal);
        Assert.Equal(6, Directory.GetFiles(target).Length);
    }

    [Fact]
    public async Task Move_to_an_unknown_title_says_what_to_do()
    {
        var run = await CommandRun.OfAsync("move", Peer, "--to", "NOWHERE", "-k", $"StudyInstanceUID={Study}");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("does not know 'NOWHERE'", run.Errors, StringComparison.Ordinal);
        Assert.Contains("A801 (the move destination is unknown)", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("move", "PatientID=IPP101", "StudyInstanceUID")]
    [InlineData("get", "Modality=CT", "StudyInstanceUID")]
    public async Task A_retrieve_without_a_unique_key_is_wrong_usage(string command, string key, string missing)
    {
        string[] to = command == "move" ? ["--to", "DEST"] : [];
        var run = await CommandRun.OfAsync([command, Peer, "-k", key, .. to]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(missing, run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_writes_what_was_stored_byte_for_byte()
    {
        var run = await CommandRun.SucceedAsync("get", Peer, "-k", $"StudyInstanceUID={Study}", "--output", _files.PathOf("got"));
        Assert.StartsWith("got 6, failed 0; 6 files written", run.Output, StringComparison.Ordinal);
        Assert.Equal(StudyFiles.DataSetsIn(_files.Study), StudyFiles.DataSetsIn(_files.PathOf("got")));
    }

    [Fact]
    public async Task Get_takes_one_series_or_one_image_by_the_keys()
    {
        var series = StudyFiles.Read(_files.Paths[0]).DataSet.GetString(Tag.SeriesInstanceUID);
        var image = StudyFiles.Read(_files.Paths[0]).DataSet.GetString(Tag.SOPInstanceUID);
        string[] keys = ["-k", $"StudyInstanceUID={Study}", "-k", $"SeriesInstanceUID={series}"];
        await CommandRun.SucceedAsync(["get", Peer, .. keys, "-o", _files.PathOf("series"), "--class", "CTImageStorage"]);
        Assert.Equal(3, Directory.GetFiles(_files.PathOf("series")).Length);
        await CommandRun.SucceedAsync(["get", Peer, .. keys, "-k", $"SOPInstanceUID={image}", "-o", _files.PathOf("image")]);
        Assert.Equal([Path.Combine(_files.PathOf("image"), $"{image}.dcm")], Directory.GetFiles(_files.PathOf("image")));
    }

    // PS3.7 9.3.2.3: also while the peer searches and has nothing to say.
    [Fact]
    public async Task Ctrl_C_sends_C_CANCEL_to_a_peer_that_is_searching()
    {
        var find = new SearchingFind();
        await using var peer = StudyFiles.Start(options => options with { Find = [find] });
        await using var command = DrimboxProcess.Start("find", StudyFiles.AddressOf(peer));
        await find.IsSearching.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        command.Interrupt();
        await find.IsCancelled.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(130, (await command.EndAsync()).ExitCode);
    }

    private sealed class SearchingFind : ICFindScp
    {
        public TaskCompletionSource IsSearching { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource IsCancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyCollection<Uid> SopClasses { get; } = [SopClass.StudyRootQueryRetrieveInformationModelFind];

        public async ValueTask<CFindAnswer> FindAsync(CFindRequest request, CancellationToken cancellationToken)
        {
            IsSearching.TrySetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                IsCancelled.TrySetResult();
                throw;
            }

            return CFindAnswer.Refused(DimseStatus.ProcessingFailure);
        }
    }
}
