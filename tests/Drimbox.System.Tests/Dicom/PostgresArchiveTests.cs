using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Dicom.Scp;
using Drimbox.Emulators;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;
using Drimbox.Load.Synthetic;
using Drimbox.Storage;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Demo;

[assembly: AssemblyFixture(typeof(Drimbox.Tests.PostgresCluster))]

namespace Drimbox.Tests.Dicom;

/// <summary>The program with an archive whose index is in PostgreSQL, between tools of DCMTK.</summary>
public sealed class PostgresArchiveTests(PostgresCluster postgres) : IDisposable
{
    // Images that take several PDUs.
    private static readonly SyntheticStudyOrder Order = StudyFiles.Order with { Rows = 512, Columns = 512 };

    private readonly StoreFolder _folder = new();
    private readonly int _port = LoopbackPorts.Take();
    private readonly int _destinationPort = LoopbackPorts.Take();

    private string Configuration => Path.Combine(_folder.Path, "drimbox.json");

    private string Data => Path.Combine(_folder.Path, "data");

    private string Socket => Path.Combine(Data, "drimbox.sock");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_storescu_sent_is_found_and_moved_after_a_restart_and_after_the_index_was_made_again()
    {
        var database = await postgres.CreateDatabaseAsync();
        await WriteAsync(new DatabaseOptions { ConnectionString = database });
        var sent = new Dictionary<string, byte[]>();
        var paths = new List<string>();
        foreach (var bytes in SyntheticStudy.Files(Order))
        {
            var path = Path.Combine(_folder.Path, $"image{paths.Count}.dcm");
            await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);
            paths.Add(path);
            Assert.True(DicomFile.TryRead(path, out var file, out _));
            sent[file!.DataSet.GetString(Tag.SOPInstanceUID)!] = bytes[(int)file.DataSetOffset..];
        }

        string first;
        await using (var process = await StartAsync())
        {
            await Dcmtk.SucceedAsync("storescu", ["-aet", "CT1", "-aec", "ARCHIVE", "127.0.0.1", $"{_port}", .. paths]);
            first = await FindAsync();
            Assert.Contains("(0020,1208) IS [6 ]", first, StringComparison.Ordinal);
            Assert.Contains("(0008,0061) CS [CT]", first, StringComparison.Ordinal);
            await MoveAsync(sent);

            var backup = await CommandRun.OfAsync(
                "backup", "--to", Path.Combine(_folder.Path, "backup"), "--socket", Socket);
            Assert.NotEqual(0, backup.ExitCode);
            Assert.Contains("pg_dump", backup.Errors, StringComparison.Ordinal);
            var inUse = await CommandRun.OfAsync("index", "rebuild", "--config", Configuration);
            Assert.Equal(3, inUse.ExitCode);
            await StopAsync(process);
        }

        await using (var process = await StartAsync())
        {
            Assert.Equal(first, await FindAsync());
            await MoveAsync(sent);
            await CommandRun.SucceedAsync(
                "study", "protect", Order.StudyInstanceUid.ToString(), "--socket", Socket);
            await StopAsync(process);
        }

        var wrong = await CommandRun.OfAsync("index", "rebuild", "--data", Data, "--node", "archive");
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("--config", wrong.Errors, StringComparison.Ordinal);
        var run = await CommandRun.SucceedAsync("index", "rebuild", "--config", Configuration, "--json");
        var report = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(6, report.GetProperty("instances").GetInt32());
        Assert.True(report.GetProperty("historyKept").GetBoolean());
        await using (var process = await StartAsync())
        {
            Assert.Equal(first, await FindAsync());
            await MoveAsync(sent);
            // What a person said of the study is not in its files.
            var held = await CommandRun.OfAsync(
                "study", "delete", Order.StudyInstanceUid.ToString(), "--reason", "A test's.", "--yes", "--socket", Socket);
            Assert.NotEqual(0, held.ExitCode);
            Assert.Contains("protected", held.Errors + held.Output, StringComparison.OrdinalIgnoreCase);
            await StopAsync(process);
        }
    }

    [Fact]
    public async Task An_archive_whose_database_is_lost_says_how_to_make_the_index_again()
    {
        await WriteAsync(new DatabaseOptions { ConnectionString = await postgres.CreateDatabaseAsync() });
        await using (var process = await StartAsync())
        {
            var path = Path.Combine(_folder.Path, "image.dcm");
            await File.WriteAllBytesAsync(
                path, SyntheticStudy.Files(Order).First(), TestContext.Current.CancellationToken);
            await Dcmtk.SucceedAsync("storescu", "-aet", "CT1", "-aec", "ARCHIVE", "127.0.0.1", $"{_port}", path);
            await StopAsync(process);
        }

        await WriteAsync(new DatabaseOptions { ConnectionString = await postgres.CreateDatabaseAsync() });
        await using var refused = DrimboxProcess.Start("run", "--config", Configuration);
        Assert.Equal(3, (await refused.EndAsync()).ExitCode);
        Assert.Contains("drimbox index rebuild", refused.Errors, StringComparison.Ordinal);
        await CommandRun.SucceedAsync("index", "rebuild", "--config", Configuration);
        await using var again = await StartAsync();
        await StopAsync(again);
    }

    private static async Task StopAsync(DrimboxProcess process)
    {
        process.Interrupt();
        Assert.Equal(0, (await process.EndAsync()).ExitCode);
    }

    private async Task<DrimboxProcess> StartAsync()
    {
        var process = DrimboxProcess.Start("run", "--config", Configuration);
        var lines = await process.ReadUntilAsync(l => l == "ready");
        Assert.True(lines is [.., "ready"], string.Join('\n', lines) + process.Errors);
        return process;
    }

    private Task<string> FindAsync() => Dcmtk.SucceedAsync(
        "findscu", "-S", "-aet", "CT1", "-aec", "ARCHIVE", "-k", "QueryRetrieveLevel=STUDY",
        "-k", "PatientName=pat-trois^dominique*", "-k", "StudyInstanceUID", "-k", "StudyDate=20260101-20261231",
        "-k", "NumberOfStudyRelatedInstances", "-k", "ModalitiesInStudy", "127.0.0.1", $"{_port}");

    private async Task MoveAsync(Dictionary<string, byte[]> sent)
    {
        using var target = new StoreFolder();
        using var scp = await Dcmtk.ListenAsync(
            "storescp", target.Path, _destinationPort, "+B", "-od", target.Path, $"{_destinationPort}");
        await Dcmtk.SucceedAsync(
            "movescu", "-S", "-aet", "CT1", "-aec", "ARCHIVE", "-aem", "WS", "-k", "QueryRetrieveLevel=STUDY",
            "-k", $"StudyInstanceUID={Order.StudyInstanceUid}", "127.0.0.1", $"{_port}");
        var received = Directory.GetFiles(target.Path);
        Assert.Equal(sent.Count, received.Length);
        foreach (var path in received)
        {
            Assert.True(DicomFile.TryRead(path, out var file, out _));
            var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
            Assert.Equal(sent[file!.DataSet.GetString(Tag.SOPInstanceUID)!], bytes[(int)file.DataSetOffset..]);
        }
    }

    private Task WriteAsync(DatabaseOptions database) => File.WriteAllTextAsync(
        Configuration,
        JsonSerializer.Serialize(
            new GatewayConfiguration
            {
                DataFolder = Data,
                Archive = new ArchiveSection
                {
                    Database = database,
                    Dicom = new DicomNodeOptions { AeTitle = "ARCHIVE", Port = _port },
                    Callers = [new CallerSection { AeTitle = "CT1" }],
                    Destinations = [new DicomPeerOptions { AeTitle = "WS", Host = "127.0.0.1", Port = _destinationPort }],
                },
            },
            AdministrationJson.Options),
        TestContext.Current.CancellationToken);
}
