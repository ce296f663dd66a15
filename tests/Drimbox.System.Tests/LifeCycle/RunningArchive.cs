using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Emulators;
using Drimbox.Tests.Campaigns;
using Drimbox.Tests.Commands;
using Drimbox.Tests.Demo;

namespace Drimbox.Tests.LifeCycle;

/// <summary><c>drimbox run</c> with an archive alone, in a folder of its own or one that is given.</summary>
internal sealed class RunningArchive : IAsyncDisposable
{
    private readonly StoreFolder? _own;
    private readonly string _folder;
    private readonly DrimboxProcess _process;

    private RunningArchive(StoreFolder? own, string folder, DrimboxProcess process, int port)
    {
        (_own, _folder, _process) = (own, folder, process);
        Port = port;
    }

    public int Port { get; }

    public string Peer => $"ARCHIVE@127.0.0.1:{Port}";

    public string Socket => Path.Combine(DataFolder, "drimbox.sock");

    public string DataFolder => Path.Combine(_folder, "data");

    public string Configuration => Path.Combine(_folder, "drimbox.json");

    /// <param name="settings">Further members of the section Archive, each after a comma.</param>
    /// <param name="sections">Further sections, each after a comma.</param>
    /// <param name="folder">Holds the data folder and the configuration; null: a new one.</param>
    public static async Task<RunningArchive> StartAsync(
        string settings = "", string sections = "", string? folder = null)
    {
        var own = folder is null ? new StoreFolder() : null;
        folder ??= own!.Path;
        var port = LoopbackPorts.Take();
        var file = WriteConfiguration(folder, port, settings, sections);
        var process = DrimboxProcess.Start("run", "--config", file);
        var archive = new RunningArchive(own, folder, process, port);
        var lines = await process.ReadUntilAsync(line => line == "ready");
        Assert.True(lines is [.., "ready"], string.Join('\n', lines) + process.Errors);
        return archive;
    }

    public static string WriteConfiguration(string folder, int port, string settings = "", string sections = "")
    {
        var file = Path.Combine(folder, "drimbox.json");
        File.WriteAllText(file, $$"""
            { "DataFolder": "{{Path.Combine(folder, "data")}}",
              "Archive": { "Dicom": { "AeTitle": "ARCHIVE", "Port": {{port}} }, "Callers": ["DRIMBOX"]{{settings}} }{{sections}} }
            """);
        return file;
    }

    /// <summary>Ends when the process has logged an event since the last look.</summary>
    public async Task WhenLoggedAsync(int eventId)
    {
        var lines = await _process.ReadUntilAsync(line => line.Contains($"[{eventId}]", StringComparison.Ordinal));
        Assert.Contains($"[{eventId}]", lines[^1], StringComparison.Ordinal);
    }

    public string[] StoredFiles() =>
        Directory.GetFiles(Path.Combine(DataFolder, "archive", "instances"), "*.dcm", SearchOption.AllDirectories);

    /// <summary>A command that talks to this process.</summary>
    public Task<CommandRun> CommandAsync(params string[] arguments) =>
        CommandRun.OfAsync([.. arguments, "--socket", Socket]);

    /// <summary>The same, and it must succeed.</summary>
    public Task<CommandRun> SucceedAsync(params string[] arguments) =>
        CommandRun.SucceedAsync([.. arguments, "--socket", Socket]);

    public Task<Association> CallAsync() => Association.RequestAsync(new AssociationOptions
    {
        Host = "127.0.0.1",
        Port = Port,
        CallingAe = AeTitle.Parse("DRIMBOX"),
        CalledAe = AeTitle.Parse("ARCHIVE"),
        Contexts = CStoreScu.ContextsFor([Instance("1.2.3", 100)]),
    });

    public static InstanceSource Instance(string uid, int length) => InstanceSource.FromMemory(
        CampaignInstance.Create(uid, length), SopClass.CTImageStorage, Uid.Parse(uid),
        TransferSyntax.ExplicitVRLittleEndian.Uid);

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _own?.Dispose();
    }
}
