using System.Text.Json;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;
using Drimbox.Emulators;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Demo;

namespace Drimbox.Tests.Administration;

/// <summary><c>drimbox quarantine</c>, <c>versions</c> and <c>index</c> with a running archive: who did what is
/// recorded, and what is done can be undone.</summary>
public sealed class ArchiveCommandsTests : IDisposable
{
    private const string Image = "1.2.826.0.1.1.1";

    private readonly StoreFolder _folder = new();
    private readonly int _port = LoopbackPorts.Take();

    private string Data => Path.Combine(_folder.Path, "data");

    private string Socket => Path.Combine(Data, "drimbox.sock");

    private string Peer => $"ARCHIVE@127.0.0.1:{_port}";

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_object_is_quarantined_released_restored_and_dropped_and_the_index_made_again()
    {
        await using (var process = DrimboxProcess.Start("run", "--config", Configuration()))
        {
            await ReadyAsync(process);
            Assert.Equal(0, await StoreAsync("PAT-UN^ALIX", "CT1"));
            Assert.Equal(1, await StoreAsync("PAT-DEUX^ALIX", "EVIL"));
            Assert.Equal(0, await StoreAsync("PAT-TROIS^ALIX", "PACS1"));

            var quarantined = Assert.Single((await JsonAsync("quarantine", "list")).EnumerateArray());
            Assert.Equal("OtherSender", quarantined.GetProperty("reason").GetString());
            Assert.Equal("EVIL", quarantined.GetProperty("sender").GetString());
            var id = quarantined.GetProperty("id").GetRawText();
            Assert.Equal(
                "PACS1",
                (await JsonAsync("quarantine", "show", id)).GetProperty("standing").GetProperty("sender").GetString());

            await CommandRun.SucceedAsync("quarantine", "release", id, "--socket", Socket);
            Assert.Equal("PAT-DEUX^ALIX", await NameAsync());
            await CommandRun.SucceedAsync("versions", "restore", Image, "2", "--socket", Socket);
            Assert.Equal("PAT-TROIS^ALIX", await NameAsync());

            var drop = await CommandRun.OfAsync("versions", "drop", Image, "1", "--socket", Socket);
            Assert.Equal(2, drop.ExitCode);
            Assert.Contains("--yes", drop.Errors, StringComparison.Ordinal);
            await CommandRun.SucceedAsync("versions", "drop", Image, "1", "--yes", "--socket", Socket);
            var missing = await CommandRun.OfAsync("quarantine", "drop", id, "--yes", "--socket", Socket);
            Assert.Equal(1, missing.ExitCode);
            Assert.Equal("Nothing in quarantine has this number.", missing.Errors.Trim());

            await CheckVersionsAsync();
            Assert.Equal(Image, Assert.Single(
                (await JsonAsync("versions", "list")).EnumerateArray()).GetProperty("instance").GetString());
            // A table for people.
            Assert.Contains("(none)", (await CommandRun.SucceedAsync("quarantine", "list", "--socket", Socket)).Output);

            var inUse = await CommandRun.OfAsync("index", "rebuild", "--data", Data);
            Assert.Equal(3, inUse.ExitCode);
            process.Interrupt();
            Assert.Equal(0, (await process.EndAsync()).ExitCode);
        }

        foreach (var file in Directory.GetFiles(Path.Combine(Data, "archive"), "archive.db*"))
            File.Move(file, file.Replace("archive.db", "lost.db", StringComparison.Ordinal));
        await using (var refused = DrimboxProcess.Start("run", "--config", Configuration()))
        {
            Assert.Equal(3, (await refused.EndAsync()).ExitCode);
            Assert.Contains("drimbox index rebuild", refused.Errors, StringComparison.Ordinal);
        }

        // The history is in the index alone, so the former one is found under the name that a rebuild gives it.
        File.Move(
            Path.Combine(Data, "archive", "lost.db"), Path.Combine(Data, "archive", "archive.db.before-rebuild"));
        var report = await JsonAsync("index", "rebuild", "--data", Data, "--node", "archive");
        Assert.Equal(1, report.GetProperty("instances").GetInt32());
        Assert.Equal(1, report.GetProperty("priorVersions").GetInt32());
        Assert.True(report.GetProperty("historyKept").GetBoolean());
        await using var again = DrimboxProcess.Start("run", "--config", Configuration());
        await ReadyAsync(again);
        await CheckVersionsAsync();
        Assert.Equal("PAT-TROIS^ALIX", await NameAsync());
    }

    private async Task CheckVersionsAsync()
    {
        var versions = await JsonAsync("versions", "show", Image);
        Assert.Equal(4, versions.GetProperty("version").GetInt32());
        Assert.Equal(
            ["3 EVIL", "4 PACS1"],
            versions.GetProperty("files").EnumerateArray().Select(
                file => $"{file.GetProperty("version").GetInt32()} {file.GetProperty("sender").GetString()}"));
        Assert.Equal(
            ["EVIL quarantined", "PACS1 replaced", $"{User} released", $"{User} restored", $"{User} dropped"],
            versions.GetProperty("events").EnumerateArray().Select(
                e => $"{e.GetProperty("actor").GetString()} {e.GetProperty("action").GetString()}"));
    }

    // Who calls is known to the kernel; its name is that of the account.
    private static string User => Environment.UserName;

    private async Task<int> StoreAsync(string name, string sender)
    {
        var file = Path.Combine(_folder.Path, "image.dcm");
        var ct = new DataSet();
        ct.SetUid(Tag.SOPClassUID, SopClass.CTImageStorage);
        ct.SetString(Tag.SOPInstanceUID, Image);
        ct.SetString(Tag.PatientName, name);
        ct.SetString(Tag.PatientID, "IPP101");
        ct.SetString(Tag.StudyInstanceUID, "1.2.826.0.1");
        ct.SetString(Tag.SeriesInstanceUID, "1.2.826.0.1.1");
        await File.WriteAllBytesAsync(
            file, Part10Writer.ToBytes(ct, TransferSyntax.ExplicitVRLittleEndian),
            TestContext.Current.CancellationToken);
        return (await CommandRun.OfAsync("store", Peer, file, "--calling", sender)).ExitCode;
    }

    private async Task<string?> NameAsync()
    {
        var found = await CommandRun.SucceedAsync(
            "find", Peer, "--calling", "CT1", "-k", "StudyInstanceUID=1.2.826.0.1", "-k", "PatientName", "--json");
        return JsonDocument.Parse(found.Output).RootElement[0].GetProperty("00100010").GetProperty("Value")[0]
            .GetProperty("Alphabetic").GetString();
    }

    private async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        string[] socket = arguments[0] == "index" ? [] : ["--socket", Socket];
        var run = await CommandRun.SucceedAsync([.. arguments, .. socket, "--json"]);
        return JsonDocument.Parse(run.Output).RootElement;
    }

    private static async Task ReadyAsync(DrimboxProcess process)
    {
        var lines = await process.ReadUntilAsync(l => l == "ready");
        Assert.True(lines is [.., "ready"], string.Join('\n', lines) + process.Errors);
    }

    private string Configuration()
    {
        var file = Path.Combine(_folder.Path, "drimbox.json");
        File.WriteAllText(file, $$"""
            {
              "DataFolder": "{{Data}}",
              "Archive": {
                "Dicom": { "AeTitle": "ARCHIVE", "Port": {{_port}} },
                "Callers": [ "CT1", "PACS1", "EVIL" ],
                "Sites": [ { "Name": "north", "Modalities": [ "CT1" ], "Pacs": "PACS1" } ]
              }
            }
            """);
        return file;
    }
}
