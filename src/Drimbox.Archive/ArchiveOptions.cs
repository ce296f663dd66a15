using System.Net;
using Drimbox.Archive.Web;
using Drimbox.Archive.Commitment;
using Drimbox.Archive.Completeness;
using Drimbox.Archive.Corrections;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Tls;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Archive;

/// <summary>An archive node: what it is called, where it keeps its objects, whom it talks to.</summary>
public sealed record ArchiveOptions
{
    private volatile IReadOnlyList<DicomPeer> _destinations = [];
    private volatile IReadOnlyList<DicomPeer> _iocmListeners = [];
    private volatile IReadOnlySet<AeTitle> _showRejectedTo = new HashSet<AeTitle>();
    private volatile ArchiveSites _sites = ArchiveSites.None;

    /// <summary>Names the node and its folder: letters, digits and hyphens, 1 to 64.</summary>
    public required string NodeId { get; init; }

    /// <summary>The data folder of the process; this node lives in <c>DataFolder/NodeId</c>.</summary>
    public required string DataFolder { get; init; }

    /// <summary>PostgreSQL for its index; null: a file in its folder.</summary>
    public PostgresOptions? Postgres { get; init; }

    /// <summary>The folder that all processes of the node have, in place of <c>DataFolder/NodeId</c>; with it
    /// <see cref="Postgres"/> is shared too. Null: the node has one process.</summary>
    public string? SharedFolder { get; init; }

    /// <summary>Where the files of the node lie.</summary>
    public string Folder => SharedFolder ?? Path.Combine(DataFolder, NodeId);

    /// <summary>The AE title that it answers to and calls with.</summary>
    public required AeTitle AeTitle { get; init; }

    /// <summary>Where to listen. Default: all addresses.</summary>
    public IPAddress Address { get; init; } = IPAddress.IPv6Any;

    /// <summary>TCP port; 0 takes a free one. Default: 11112 (IANA).</summary>
    public int Port { get; init; } = 11112;

    /// <summary>TLS for every connection to the port; null: none.</summary>
    public TlsServerOptions? Tls { get; init; }

    /// <summary>Who may call, and for what; null: anyone, for laboratories and tests.</summary>
    public IReadOnlyList<CallerRule>? KnownCallers { get; init; }

    /// <summary>Where C-MOVE may send to (attack A14: nowhere else).</summary>
    public IReadOnlyList<DicomPeer> Destinations { get => _destinations; init => _destinations = value; }

    /// <summary>Who gets a copy of each rejection note (IHE RAD-66).</summary>
    public IReadOnlyList<DicomPeer> IocmListeners { get => _iocmListeners; init => _iocmListeners = value; }

    /// <summary>How storage commitment is reported.</summary>
    public CommitmentOptions Commitment { get; init; } = new();

    /// <summary>When a study is complete, and who is told.</summary>
    public CompletenessOptions Completeness { get; init; } = new();

    /// <summary>SOP classes to store beside those of PS3.6.</summary>
    public IReadOnlySet<Uid> FurtherStorageClasses { get; init; } = new HashSet<Uid>();

    /// <summary>Matches of one C-FIND, 1 to <see cref="Limits.FindResultsCeiling"/>; beyond them A700. Default:
    /// 10,000.</summary>
    public int FindResultsMax { get; init; } = Limits.FindResultsMax;

    /// <summary>Calling AE titles that see what was rejected for quality reasons (113001), with its notes. Default:
    /// none.</summary>
    public IReadOnlySet<AeTitle> ShowRejectedTo { get => _showRejectedTo; init => _showRejectedTo = value; }

    /// <summary>When the disk is too full to take more. Default: no mark.</summary>
    public DiskSpaceOptions Disk { get; init; } = DiskSpaceOptions.NoMark;

    /// <summary>Which studies are purged. Default: none.</summary>
    public RetentionOptions Retention { get; init; } = new();

    /// <summary>How files are read again. Default: not.</summary>
    public ScrubOptions Scrub { get; init; } = ScrubOptions.Off;

    /// <summary>How long a deleted study can be brought back. Default: 30 days.</summary>
    public TimeSpan TrashKept { get; init; } = TimeSpan.FromDays(Limits.TrashDays);

    /// <summary>What to do with another data set under a known SOP Instance UID. Default: replace.</summary>
    public DuplicatePolicy Duplicates { get; init; } = DuplicatePolicy.Replace;

    /// <summary>Who corrects whom; default: each AE itself alone.</summary>
    public ArchiveSites Sites { get => _sites; init => _sites = value; }

    /// <summary>Messages about patients over MLLP (IHE RAD-12); null: none are taken.</summary>
    public PatientUpdateOptions? PatientUpdates { get; init; }

    /// <summary>DICOMweb; null: none.</summary>
    public ArchiveWebOptions? Web { get; init; }

    /// <summary>Associations at once. Default: 200.</summary>
    public int AssociationsMax { get; init; } = Limits.AssociationsMax;

    /// <summary>Associations at once from one address. Default: 50.</summary>
    public int AssociationsPerPeerMax { get; init; } = Limits.AssociationsPerPeerMax;

    /// <summary>Takes over what may change while a node runs: its peers, and the sites. Each is looked at anew for every
    /// request.</summary>
    internal void TakePeersOf(ArchiveOptions changed)
    {
        _destinations = changed._destinations;
        _iocmListeners = changed._iocmListeners;
        _showRejectedTo = changed._showRejectedTo;
        _sites = changed._sites;
    }

    /// <summary>Whose rejections a caller sees nevertheless: IHE RAD-66 leaves that open for quality reasons alone.</summary>
    internal IReadOnlyList<string> ShownReasons(AeTitle callingAe) =>
        ShowRejectedTo.Contains(callingAe) ? ["113001"] : [];
}

/// <summary>What a node takes from its surroundings, so that a test can give it others.</summary>
public sealed record ArchiveSurroundings
{
    public required IIdSource Ids { get; init; }

    /// <summary>For the spread of retries.</summary>
    public required Random Random { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public Disk Disk { get; init; } = Disk.Real;

    public ILoggerFactory Log { get; init; } = NullLoggerFactory.Instance;
}
