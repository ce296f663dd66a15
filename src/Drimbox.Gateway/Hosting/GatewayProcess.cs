using System.Reflection;
using System.Security.Cryptography;
using Drimbox.Archive;
using Drimbox.Core;
using Drimbox.Dmp;
using Drimbox.Dmp.Trust;
using Drimbox.Gateway.Accounts;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Configuration;
using Drimbox.Gateway.Telemetry;
using Drimbox.Grains.Hosting;
using Drimbox.Ris;
using Drimbox.Source;
using Drimbox.Storage;
using Drimbox.Teleradiology;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Hosting;

/// <summary>The configured roles in one process, each with its own store, and the administration interface. Nodes
/// exchange by wire even here.</summary>
internal sealed partial class GatewayProcess : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _started = [];
    private volatile bool _isStopping;

    private GatewayProcess(GatewayConfiguration configuration)
    {
        LogLevel = configuration.LogLevel;
        Loggers = LoggersOf(configuration);
        Statistics = Started(new DispatchStatistics());
        Metrics = Started(new MetricRegister());
    }

    /// <summary>The version of the program, with its commit.</summary>
    public static string? Version { get; } = typeof(GatewayProcess).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;

    public ILoggerFactory Loggers { get; }

    /// <summary>Least severe level that is logged.</summary>
    public LogLevel LogLevel { get; set; }

    /// <summary>What of the configuration may change while this process runs.</summary>
    public ConfigurationReload? Reloading { get; private set; }

    /// <summary>Why something that is sent to this process could not be kept, a sentence each. A peer that is away is no
    /// reason: what is meant for it waits, and more of it is taken.</summary>
    public IReadOnlyList<string> Lacks => _isStopping ? ["the process is stopping"] :
    [
        .. Archive is { LifeCycle.Disk.TakesInstances: false } ? ["archive: the disk is full"] : (string[])[],
        .. Source is { TakesMessages: false } ? ["source: the disk is full"] : (string[])[],
    ];

    /// <summary>From then on nothing new is taken at any door.</summary>
    public bool IsStopping => _isStopping;

    /// <summary>What the dispatchers count; it listens before the first of them starts.</summary>
    public DispatchStatistics Statistics { get; }

    /// <summary>What all of the process measures; it listens before anything starts.</summary>
    public MetricRegister Metrics { get; }

    public ArchiveNode? Archive { get; private set; }

    public RisNode? Ris { get; private set; }

    public TeleradiologyNode? Teleradiology { get; private set; }

    public SourceNode? Source { get; private set; }

    /// <summary>Of the source; null without one.</summary>
    public TransferJob? Transfers { get; private set; }

    public AccountRegister? Accounts { get; private set; }

    public BackupJob? Backup { get; private set; }

    /// <summary>Of the roles that publish; null without one.</summary>
    public CertificateWatch? Certificates { get; private set; }

    public AdministrationServer? Administration { get; private set; }

    /// <summary>The full path of the folder of the stores.</summary>
    public string DataFolder { get; private set; } = "";

    /// <summary>Where everything listens, a line each.</summary>
    public IReadOnlyList<string> Addresses { get; private set; } = [];

    /// <summary>Starts the roles: what answers others first, what asks others last.</summary>
    /// <param name="file">The configuration file, to be read again while the process runs; null: never.</param>
    public static async Task<GatewayProcess> StartAsync(
        GatewayConfiguration configuration, string? file, CancellationToken cancellation)
    {
        var process = new GatewayProcess(configuration);
        process.Reloading = file is null ? null : new ConfigurationReload(file, configuration, process);
        try
        {
            await process.StartRolesAsync(configuration, cancellation);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops in order: who asks hears that it is not ready any more; every door of every role refuses what is new
    /// and lets what was begun end, all within <see cref="Limits.DrainTimeout"/>, which then cuts off the rest; then the
    /// administration, and at last the stores.</summary>
    public async ValueTask DisposeAsync()
    {
        _isStopping = true;
        using var deadline = new CancellationTokenSource(Limits.DrainTimeout, TimeProvider.System);
        await Task.WhenAll(
            Archive?.DrainAsync(deadline.Token) ?? Task.CompletedTask,
            Source?.StopAsync(deadline.Token) ?? Task.CompletedTask,
            Ris?.StopAsync(deadline.Token) ?? Task.CompletedTask,
            Teleradiology?.StopAsync(deadline.Token) ?? Task.CompletedTask);
        if (Administration is not null) await Administration.StopAsync(deadline.Token);
        for (var i = _started.Count - 1; i >= 0; i--) await _started[i].DisposeAsync();
        Loggers.Dispose();
    }

    private ILoggerFactory LoggersOf(GatewayConfiguration configuration) => LoggerFactory.Create(logging =>
    {
        // The filter decides, since the level may change.
        logging.SetMinimumLevel(LogLevel.Trace)
            .AddFilter((_, level) => level >= LogLevel)
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            .AddFilter("Orleans", LogLevel.Warning)
            .AddFilter("Microsoft.Hosting", LogLevel.Warning);
        const string Time = "yyyy-MM-ddTHH:mm:ss.fffZ";
        if (configuration.LogFormat == LogFormat.Json)
        {
            logging.AddJsonConsole(console => (console.TimestampFormat, console.UseUtcTimestamp) = (Time, true));
            return;
        }

        logging.AddSimpleConsole(console =>
            (console.SingleLine, console.TimestampFormat, console.UseUtcTimestamp) = (true, Time + " ", true));
    });

    private async Task StartRolesAsync(GatewayConfiguration configuration, CancellationToken cancellation)
    {
        // The administration socket lies here: nobody but the owner may pass.
        Directory.CreateDirectory(
            configuration.DataFolder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var data = DataFolder = Path.GetFullPath(configuration.DataFolder);
        var surroundings = NodeSurroundings.Real(Loggers) with
        {
            Grains = await GrainsAsync(configuration.Grains, cancellation),
        };
        // Before anything starts: a certificate that cannot be read is a wrong configuration.
        var sourceDmp = configuration.Source is { } s ? ConnectionTo(configuration.Dmp!, s.Structures) : null;
        var risDmp = configuration.Ris is { } r ? ConnectionTo(configuration.Dmp!, r.Structures) : null;
        var certificates = new[] { sourceDmp, risDmp }
            .Select(dmp => dmp?.Certificates).OfType<FileStructureCertificates>().ToList();
        if (certificates.Count > 0)
        {
            Certificates = Started(new CertificateWatch(
                certificates, surroundings.Time, Loggers.CreateLogger<CertificateWatch>()));
        }

        if (configuration.Archive is { } archive)
        {
            Archive = Started(new ArchiveNode(archive.ToOptions(data), new ArchiveSurroundings
            {
                Ids = surroundings.Ids,
                Random = surroundings.NewRandom(),
                Time = surroundings.Time,
                Log = Loggers,
            }));
            await Archive.StartAsync(cancellation);
        }

        if (configuration.Source is { } source)
        {
            Source = Started(await SourceNode.StartAsync(
                source, data, sourceDmp!, surroundings, cancellation));
            Transfers = Started(new TransferJob(data, Source, surroundings.Time));
        }

        if (configuration.Ris is { } ris)
        {
            Ris = Started(await RisNode.StartAsync(
                ris, data, risDmp!, surroundings, cancellation));
        }

        if (configuration.Teleradiology is { } platform)
            Teleradiology = Started(await TeleradiologyNode.StartAsync(platform, data, surroundings, cancellation));
        Started(new ProcessMetrics(this, surroundings.Time));
        if (configuration.Telemetry?.Otlp is { } collector) Started(new OtlpExport(collector));
        var users = new LocalUsers();
        Accounts = Started(await AccountRegister.OpenAsync(
            data, configuration.Administration.Database, users.Reserved, surroundings.Time, Loggers, cancellation));
        Backup = Started(new BackupJob(
            data, StoresOf(configuration), [.. DatabasesOf(configuration).Select(one => one.Database.Schema)], Archive,
            surroundings.Time));
        Administration = Started(await AdministrationServer.StartAsync(
            SocketOf(configuration), configuration.Administration, Accounts, users,
            new PasswordHasher(Limits.PasswordIterations), surroundings.Time, application => Routes.Map(application, this), Loggers, cancellation));
        Addresses = AddressesOf(configuration);
    }

    /// <summary>The administration socket of a process with this configuration.</summary>
    public static string SocketOf(GatewayConfiguration configuration) =>
        Path.Combine(Path.GetFullPath(configuration.DataFolder), configuration.Administration.Socket);

    /// <summary>The ids of the configured nodes, which are the names of their folders.</summary>
    public static IReadOnlyList<string> NodesOf(GatewayConfiguration configuration)
    {
        string?[] nodes =
        [
            configuration.Archive?.Node, configuration.Ris?.Node, configuration.Teleradiology?.Node,
            configuration.Source?.Node,
        ];
        return [.. nodes.OfType<string>()];
    }

    /// <summary>What the configured nodes and the accounts keep in databases.</summary>
    public static IReadOnlyList<ConfiguredStore> DatabasesAndFilesOf(GatewayConfiguration configuration)
    {
        var (archive, ris) = (configuration.Archive, configuration.Ris);
        var (platform, source) = (configuration.Teleradiology, configuration.Source);
        ConfiguredStore?[] all =
        [
            Of("Archive:Database", archive?.Node, "archive", archive?.Database?.ToIndex(archive.Node)),
            Of(
                "Archive:PatientUpdates:Database", archive?.PatientUpdates is null ? null : Path.Combine(archive.Node, "messages"),
                "flow", archive?.PatientUpdates?.Database?.ToMessages(archive.Node)),
            Of("Ris:Database", ris?.Node, "flow", ris?.Database?.ToFlow(ris.Node)),
            Of("Teleradiology:Database", platform?.Node, "flow", platform?.Database?.ToFlow(platform.Node)),
            Of("Source:Database", source?.Node, "flow", source?.Database?.ToFlow(source.Node)),
            Of(
                "Administration:Database", AccountRegister.FolderName, AccountRegister.FolderName,
                configuration.Administration.Database?.ToAccounts()),
        ];
        return [.. all.OfType<ConfiguredStore>()];

        ConfiguredStore? Of(string key, string? folder, string name, PostgresOptions? database) => folder is null
            ? null
            : new ConfiguredStore(key, Path.Combine(configuration.DataFolder, folder), name, database);
    }

    /// <summary>Those of them that are in PostgreSQL, by the key of their section.</summary>
    public static IReadOnlyList<(string Key, PostgresOptions Database)> DatabasesOf(GatewayConfiguration configuration) =>
    [
        .. DatabasesAndFilesOf(configuration).Where(store => store.Postgres is not null)
            .Select(store => (store.Key, store.Postgres!)),
    ];

    /// <summary>The buckets that hold the objects of what is in PostgreSQL, by the key of their section.</summary>
    public static IReadOnlyList<(string Key, BucketOptions Bucket)> BucketsOf(GatewayConfiguration configuration)
    {
        (string Key, BucketOptions? Bucket)[] all =
        [
            ("Ris:Database:Bucket", configuration.Ris?.Database?.Bucket),
            ("Source:Database:Bucket", configuration.Source?.Database?.Bucket),
            ("Administration:Database:Bucket", configuration.Administration.Database?.Bucket),
        ];
        return [.. all.Where(one => one.Bucket is not null).Select(one => (one.Key, one.Bucket!))];
    }

    /// <summary>The folders that hold what a process keeps: of its nodes, and of the accounts.</summary>
    public static IReadOnlyList<string> StoresOf(GatewayConfiguration configuration) =>
        [.. NodesOf(configuration).Append(AccountRegister.FolderName).Distinct(StringComparer.Ordinal)];

    private T Started<T>(T node) where T : IAsyncDisposable
    {
        _started.Add(node);
        return node;
    }

    /// <summary>The way to the DMP for the structures that a node acts for.</summary>
    /// <exception cref="ConfigurationException">A certificate cannot be read.</exception>
    public static DmpConnection ConnectionTo(DmpOptions dmp, IReadOnlyList<StructureOptions> structures)
    {
        try
        {
            return new DmpConnection(
                new XdsTarget(dmp.Registry!, dmp.Repository!),
                FileStructureCertificates.Load(dmp.Certificates, structures),
                new VihfOptions { Hash = HashOf(dmp.VihfHash) },
                HashOf(dmp.SignatureHash));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or FormatException)
        {
            throw new ConfigurationException($"Dmp:Certificates: {e.Message}", e);
        }
    }

    private static SignatureHash HashOf(string name) =>
        name == DmpOptions.Sha1 ? SignatureHash.Sha1 : SignatureHash.Sha256;

    private List<string> AddressesOf(GatewayConfiguration configuration)
    {
        var lines = new List<string>();
        if (Archive is not null) lines.Add($"archive        DICOM {configuration.Archive!.Dicom.AeTitle}@{configuration.Archive.Dicom.Address}:{Archive.Port}");
        if (Archive?.WebAddress is { } web) lines.Add($"archive        DICOMweb {web}dicom-web");
        if (Ris is not null) lines.Add($"ris            MLLP  {Ris.Hl7EndPoint}");
        if (Ris?.DicomEndPoint is { } worklist)
            lines.Add($"ris            DICOM {configuration.Ris!.Dicom!.AeTitle}@{worklist}");
        if (Teleradiology is not null)
        {
            lines.Add($"teleradiology  MLLP  {Teleradiology.Hl7EndPoint}");
            if (Teleradiology.DicomEndPoint is { } door)
                lines.Add($"teleradiology  DICOM {configuration.Teleradiology!.Dicom.AeTitle}@{door}");
        }

        if (Source is not null)
        {
            lines.Add($"source         MLLP  {Source.Hl7EndPoint}");
            lines.Add($"source         DICOM {configuration.Source!.Dicom.AeTitle}@{Source.DicomEndPoint}");
        }

        lines.Add($"administration {SocketOf(configuration)}");
        if (Administration?.HttpAddress is { } http) lines.Add($"administration {http} (read only)");
        if (Administration?.HttpsAddress is { } https) lines.Add($"administration {https} (accounts)");
        return lines;
    }
}
