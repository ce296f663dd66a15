using System.Text;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Emulators;
using Drimbox.Emulators.Dmp;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Demo;
using Drimbox.Grains.Hosting;
using Drimbox.Storage;
using Drimbox.Tests.Commands;
using Microsoft.Extensions.Logging;

namespace Drimbox.Tests.Flow;

/// <summary>The program as a process of its own, with archive, RIS and source, and a DMP beside it. The DMP takes
/// queries without a VIHF, so that they can be written by hand.</summary>
public sealed class GatewayUnderTest : IAsyncLifetime
{
    /// <summary>The AE title of a workstation that C-MOVE may send to, and its port.</summary>
    public const string WorkstationAe = "WORKSTATION";

    private string _folder = "";
    private DmpEmulator? _dmp;
    private DmpByHand? _registry;
    private GatewayConfiguration? _configuration;
    private DemoChild? _child;

    internal DmpEmulator Dmp => Started(_dmp);

    internal DmpByHand Registry => Started(_registry);

    internal GatewayConfiguration Configuration => Started(_configuration);

    internal DemoChild Child => Started(_child);

    public int WorkstationPort { get; } = LoopbackPorts.Take();

    internal string Socket => Path.Combine(_folder, "gateway", "drimbox.sock");

    internal int RisPort => Configuration.Ris!.Hl7.Port;

    internal int ArchivePort => Configuration.Archive!.Dicom.Port;

    /// <summary>For a class of tests. Where no process may be started, each of them skips when it asks for one.</summary>
    public ValueTask InitializeAsync() => Peer.StartsProcesses ? StartAsync(WithoutPlatform) : default;

    /// <summary>Archive, RIS and source, as most tests want it.</summary>
    internal static GatewayConfiguration WithoutPlatform(GatewayConfiguration all) =>
        all with { Teleradiology = null, Ris = all.Ris! with { Teleradiology = null } };

    /// <summary>Only a RIS, which sends no copies.</summary>
    internal static GatewayConfiguration RisAlone(GatewayConfiguration all) => WithoutPlatform(all) with
    {
        Archive = null, Source = null, Ris = all.Ris! with { Teleradiology = null, Source = null },
    };

    /// <summary>Only a source, with this PACS and the structure of the reports of the tests.</summary>
    internal static GatewayConfiguration SourceAlone(GatewayConfiguration all, int pacsPort) => all with
    {
        Archive = null,
        Ris = null,
        Teleradiology = null,
        Source = all.Source! with
        {
            Pacs = new DicomPeerOptions { AeTitle = "PACS", Host = "127.0.0.1", Port = pacsPort },
            Structures = [new StructureOptions { Id = "300017985", Name = Source.SourceReports.Structure.Name }],
            QuietTime = TimeSpan.Zero,
        },
    };

    /// <summary>Only a platform.</summary>
    internal static GatewayConfiguration PlatformAlone(GatewayConfiguration all) =>
        all with { Archive = null, Source = null, Ris = null, Dmp = null };

    /// <summary>Starts with a configuration made from that of the demo.</summary>
    /// <param name="under">A program with its arguments that starts the gateway.</param>
    internal async ValueTask StartAsync(
        Func<GatewayConfiguration, GatewayConfiguration> change, params IReadOnlyList<string> under)
    {
        Peer.RequireProcess();
        var cancellation = TestContext.Current.CancellationToken;
        _folder = Directory.CreateTempSubdirectory("drimbox-flow-").FullName;
        var certificates = new DemoCertificates(_folder);
        _dmp = await StartDmpAsync(_folder, certificates);
        _registry = new DmpByHand(Dmp.Target.Registry, Dmp.Target.Repository);
        var workstation = new DicomPeerOptions
        {
            AeTitle = WorkstationAe, Host = "127.0.0.1", Port = WorkstationPort,
        };
        _configuration = await WithPlaceAsync(change(DemoConfiguration.Create(
            Path.Combine(_folder, "gateway"), Dmp.Target, certificates.Folder,
            // Debug: what a log must not say it must not say at any level.
            new DemoOptions(null, null, [workstation], LogLevel.Debug))));
        foreach (var structure in (Configuration.Ris?.Structures ?? []).Concat(Configuration.Source?.Structures ?? []))
            CopyCertificates(certificates.Folder, structure.Id);
        await StartChildAsync(under);
    }

    /// <summary>A DMP that knows the site of the demo.</summary>
    /// <param name="seed">Of its faults.</param>
    internal static Task<DmpEmulator> StartDmpAsync(string folder, DemoCertificates certificates, int seed = 0) =>
        DmpEmulator.StartAsync(
            new DmpEmulatorOptions
            {
                DatabasePath = Path.Combine(folder, "dmp.db"),
                AcceptUnknownPatients = true,
                RequireVihf = false,
                Seed = seed,
                Structures = [new AllowedStructure(
                    DemoIdentities.OrganizationOf(DemoIdentities.Site),
                    certificates.SigningCertificateOf(DemoIdentities.Site))],
            },
            new RandomIdSource(), TimeProvider.System, TestContext.Current.CancellationToken);

    /// <summary>The flows of the nodes where this run has them, unless the test says where.</summary>
    private static async Task<GatewayConfiguration> WithPlaceAsync(GatewayConfiguration all)
    {
        return all with
        {
            Ris = all.Ris is { } ris ? ris with { Database = ris.Database ?? await OfAsync(ris.Node) } : null,
            Teleradiology = all.Teleradiology is { } platform
                ? platform with { Database = platform.Database ?? await OfAsync(platform.Node) }
                : null,
            Source = all.Source is { } source ? source with { Database = source.Database ?? await OfAsync(source.Node) } : null,
        };

        Task<DatabaseOptions?> OfAsync(string node) => FlowStorePlace.DatabaseAsync(Path.Combine(all.DataFolder, node));
    }

    private static T Started<T>(T? part) where T : class
    {
        if (part is null) Peer.RequireProcess();
        return part!;
    }

    /// <summary>A structure of a test's own gets the certificates of the site of the demo.</summary>
    internal static void CopyCertificates(string folder, string structure)
    {
        foreach (var file in Directory.GetFiles(folder, DemoIdentities.Site.Id + ".*"))
        {
            var copy = file.Replace(DemoIdentities.Site.Id, structure, StringComparison.Ordinal);
            if (!File.Exists(copy)) File.Copy(file, copy);
        }
    }

    /// <summary>Starts the program, for the first time or again on the same stores.</summary>
    internal async Task StartChildAsync(params IReadOnlyList<string> under)
    {
        var file = ConfigurationFile;
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(Configuration, AdministrationJson.Options));
        var child = _child = DemoChild.Start(file, under);
        PatientData.Watch(() => child.Output);
        await Child.WaitUntilReadyAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Writes another configuration, for a process that is started or told later.</summary>
    internal async Task ConfigureAsync(Func<GatewayConfiguration, GatewayConfiguration> change)
    {
        _configuration = change(Configuration);
        await File.WriteAllTextAsync(
            ConfigurationFile, JsonSerializer.Serialize(Configuration, AdministrationJson.Options));
    }

    /// <summary>SIGTERM, and the end of the process.</summary>
    internal async Task StopAsync()
    {
        using (var kill = global::System.Diagnostics.Process.Start("kill", ["-TERM", $"{Child.ProcessId}"]))
            await kill.WaitForExitAsync();
        Assert.Equal(0, await Child.WaitForExitAsync(TestContext.Current.CancellationToken));
        await Child.DisposeAsync();
        _child = null;
    }

    internal string ConfigurationFile => Path.Combine(_folder, "drimbox.json");

    /// <summary>The process is killed, and everything that it stored is gone.</summary>
    internal async Task LoseDiskAsync()
    {
        await Child.DisposeAsync();
        _child = null;
        Directory.Delete(Configuration.DataFolder, recursive: true);
    }

    /// <summary>Runs <c>drimbox</c> against the running process, as an administrator does.</summary>
    internal async Task<string> CommandAsync(params string[] arguments) =>
        (await CommandRun.SucceedAsync([.. arguments, "--socket", Socket])).Output;

    /// <summary>The same with its JSON.</summary>
    internal async Task<JsonElement> AskAsync(params string[] arguments)
    {
        using var json = JsonDocument.Parse(await CommandAsync([.. arguments, "--json"]));
        return json.RootElement.Clone();
    }

    /// <summary>Waits for what ITI-18 FindDocuments shows of a patient.</summary>
    internal Task<IReadOnlyList<EntryText>> RegistryShowsAsync(
        string ins, Func<IReadOnlyList<EntryText>, bool> holds, string expected) =>
        Eventually.HoldsAsync(
            () => Registry.FindAsync(ins), holds,
            seen => $"expected {expected}; ITI-18 returned: {string.Join("; ", seen)}\n{Child.Output}");

    /// <summary>How many documents each sort of reader sees in the emulator's own view.</summary>
    internal async Task<IReadOnlyList<string>> SeenByAsync(string ins, Audience audience) =>
        (await Dmp.DocumentsAsync(
            Core.Identity.InstanceIdentifier.Create("1.2.250.1.213.1.4.10", ins), audience,
            TestContext.Current.CancellationToken)).Select(d => d.UniqueId.ToString()).ToList();

    private async Task HearMetricsAsync()
    {
        using var client = new AdministrationClient(Socket);
        try
        {
            PatientData.Hear(Encoding.UTF8.GetString(await client.GetBytesAsync("/metrics", CancellationToken.None)));
        }
        catch (HttpRequestException)
        {
            // It was killed.
        }
    }

    public async ValueTask DisposeAsync()
    {
        // The metrics of all the tests; a process that a test has stopped has none.
        if (File.Exists(Socket)) await HearMetricsAsync();
        if (_child is not null) await _child.DisposeAsync();
        _registry?.Dispose();
        if (_dmp is not null) await _dmp.DisposeAsync();
        if (_folder.Length > 0) Directory.Delete(_folder, recursive: true);
        PatientData.AssertNoneHeard();
    }
}
