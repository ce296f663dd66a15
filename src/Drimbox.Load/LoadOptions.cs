using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Scp;
using Drimbox.Load.Instances;
using Drimbox.Load.Pacing;
using Drimbox.Load.Targets;

namespace Drimbox.Load;

/// <summary>What a run is to do.</summary>
public sealed record LoadOptions
{
    /// <summary>The peer of C-STORE and C-ECHO, and of queries without <see cref="QueryTarget"/>.</summary>
    public DicomPeer? Target { get; init; }

    /// <summary>The peer of C-FIND and C-MOVE. Default: <see cref="Target"/>.</summary>
    public DicomPeer? QueryTarget { get; init; }

    /// <summary>The peer of HL7 messages.</summary>
    public HostPort? Mllp { get; init; }

    public AeTitle CallingAe { get; init; } = AeTitle.Parse("DRIMBOXLOAD");

    public OperationMix Mix { get; init; } = OperationMix.StoreOnly;

    public required ArrivalSchedule Schedule { get; init; }

    /// <summary>Associations with each DICOM peer, and connections with the HL7 peer: 1 to
    /// <see cref="Limits.LoadUsersMax"/>. Default: 1.</summary>
    public int Associations { get; init; } = 1;

    /// <summary>Operations outstanding on one association, if the peer agrees: 1 to
    /// <see cref="Limits.AsyncOperationsMax"/>. Default: 1.</summary>
    public int Window { get; init; } = 1;

    /// <summary>Operations on an association before it is released and opened again; null keeps it.</summary>
    public int? PerAssociation { get; init; }

    /// <summary>Longest P-DATA-TF body, in bytes, that we send and offer to receive. Default: 128 KiB.</summary>
    public int MaximumLength { get; init; } = Limits.PduLengthOffered;

    /// <summary>Longest silence of a peer that owes an answer. Default: 60 s.</summary>
    public TimeSpan ResponseTimeout { get; init; } = Limits.DimseResponseTimeout;

    /// <summary>Chooses the pixels and the order of the operations. Default: 1.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>What is sent by C-STORE, in turns; not looked at with <see cref="DataFolder"/>.</summary>
    public IReadOnlyList<InstanceSpecification> Instances { get; init; } = [InstanceSpecification.Default];

    /// <summary>A folder of DICOM files to send in place of synthetic instances.</summary>
    public string? DataFolder { get; init; }

    /// <summary>Synthetic instances of a study. Default: 100.</summary>
    public int PerStudy { get; init; } = 100;

    /// <summary>Where C-MOVE sends to.</summary>
    public AeTitle MoveDestination { get; init; }

    /// <summary>Keys of the queries, at study level. Empty: a study that this run has stored.</summary>
    public IReadOnlyList<(Tag Tag, string Value)> Keys { get; init; } = [];

    /// <summary>A file with the HL7 message to send, each time under a new MSH-10. Default: a synthetic report.
    /// </summary>
    public string? MessageFile { get; init; }

    /// <summary>About how long a synthetic report is, in bytes: 2 KiB to <see cref="Limits.MllpFrameBytesMax"/>. Default: as it
    /// is, with one page of PDF.</summary>
    public long? ReportBytes { get; init; }

    /// <summary>The process whose CPU and memory are recorded. Default: the one that listens on the port of the peer, if
    /// that is on this machine.</summary>
    public int? TargetPid { get; init; }

    /// <summary>What cannot be done as it stands.</summary>
    public Refusal? Check() => this switch
    {
        { Mix.HasDicom: true, Target: null } => Refuse("the mix needs a DICOM peer: name it as AET@HOST:PORT"),
        { Mllp: null } when Mix.Has(OperationKind.Mllp) => 
            Refuse("the mix has messages: name their peer with --mllp HOST:PORT"),
        { MoveDestination.IsEmpty: true } when Mix.Has(OperationKind.Move) =>
            Refuse("the mix has C-MOVE: name its destination with --move-to AET"),
        { Keys.Count: 0 } when !Mix.Has(OperationKind.Store) && Mix.Has(OperationKind.Find) =>
            Refuse("C-FIND without C-STORE in the mix needs something to ask for: --key PatientID=…"),
        { Keys.Count: 0 } when !Mix.Has(OperationKind.Store) && Mix.Has(OperationKind.Move) =>
            Refuse("C-MOVE without C-STORE in the mix needs a study: --key StudyInstanceUID=…"),
        { Associations: < 1 or > Limits.LoadUsersMax } => Refuse($"--associations takes 1 to {Limits.LoadUsersMax}"),
        { Window: < 1 or > Limits.AsyncOperationsMax } => Refuse($"--window takes 1 to {Limits.AsyncOperationsMax}"),
        { PerAssociation: < 1 } => Refuse("--per-association takes 1 or more"),
        { PerStudy: < 1 } => Refuse("--per-study takes 1 or more"),
        { MaximumLength: < Limits.PduLengthMin or > Limits.PduLengthSendMax } =>
            Refuse($"--pdu takes {Limits.PduLengthMin} to {Limits.PduLengthSendMax}"),
        { Schedule.Rate: <= 0 or > 1_000_000 } => Refuse("--rate takes more than 0 and at most 1,000,000 a second"),
        { Schedule: { Duration: null, Count: null } } => Refuse("the run needs an end: --duration or --count"),
        { Schedule.Count: < 1 } => Refuse("--count takes 1 or more"),
        { DataFolder: { } folder } when !Directory.Exists(folder) => Refuse($"there is no folder {folder}"),
        { ReportBytes: < 2048 or > Limits.MllpFrameBytesMax } => Refuse("--report-size takes 2KiB to 32MiB"),
        { ReportBytes: not null, MessageFile: not null } => Refuse("--report-size is of a synthetic report, not of --message"),
        { MessageFile: { } file } when !File.Exists(file) => Refuse($"there is no file {file}"),
        _ => null,
    };

    private static Refusal Refuse(string why) => new(RefusalReason.WrongState, $"This cannot be run: {why}.");
}
