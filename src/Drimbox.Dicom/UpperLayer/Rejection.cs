namespace Drimbox.Dicom.UpperLayer;

/// <summary>Source: PS3.8 table 9-21, Result.</summary>
public enum RejectResult : byte
{
    Permanent = 1,
    Transient = 2,
}

/// <summary>Source: PS3.8 table 9-21, Source.</summary>
public enum RejectSource : byte
{
    ServiceUser = 1,
    ServiceProviderAcse = 2,
    ServiceProviderPresentation = 3,
}

/// <summary>The three values of an A-ASSOCIATE-RJ. Source: PS3.8 9.3.4.</summary>
/// <param name="Reason">Its meaning depends on <paramref name="Source"/>.</param>
public readonly record struct AssociateRejection(RejectResult Result, RejectSource Source, byte Reason)
{
    public static readonly AssociateRejection ApplicationContextNotSupported =
        new(RejectResult.Permanent, RejectSource.ServiceUser, 2);

    public static readonly AssociateRejection CallingAeNotRecognized =
        new(RejectResult.Permanent, RejectSource.ServiceUser, 3);

    public static readonly AssociateRejection CalledAeNotRecognized =
        new(RejectResult.Permanent, RejectSource.ServiceUser, 7);

    /// <summary>PS3.7 D.3.3.7.3: also the answer to a user identity that is not accepted.</summary>
    public static readonly AssociateRejection RefusedByAcse =
        new(RejectResult.Permanent, RejectSource.ServiceProviderAcse, 1);

    public static readonly AssociateRejection ProtocolVersionNotSupported =
        new(RejectResult.Permanent, RejectSource.ServiceProviderAcse, 2);

    public static readonly AssociateRejection TemporaryCongestion =
        new(RejectResult.Transient, RejectSource.ServiceProviderPresentation, 1);

    public static readonly AssociateRejection LocalLimitExceeded =
        new(RejectResult.Transient, RejectSource.ServiceProviderPresentation, 2);

    /// <summary>One sentence that says who refused and what to change.</summary>
    public string Explanation => (Source, Reason) switch
    {
        (RejectSource.ServiceUser, 1) => "The peer refused the association without giving a reason.",
        (RejectSource.ServiceUser, 2) => "The peer does not know the application context name.",
        (RejectSource.ServiceUser, 3) =>
            "The peer does not know our calling AE title: it must be added to the peer's configuration.",
        (RejectSource.ServiceUser, 7) =>
            "The peer does not answer to the called AE title: check its spelling, including its case.",
        (RejectSource.ServiceProviderAcse, 1) =>
            "The peer's upper layer refused without giving a reason, or did not accept the user identity.",
        (RejectSource.ServiceProviderAcse, 2) => "The peer does not support protocol version 1.",
        (RejectSource.ServiceProviderPresentation, 1) =>
            "The peer is congested, starting or stopping: try again later.",
        (RejectSource.ServiceProviderPresentation, 2) =>
            "The peer's limit of associations is reached: try again later, or with fewer associations.",
        _ => "The peer refused the association with a reason that PS3.8 does not define.",
    };

    /// <summary>For example <c>1/1/7</c>.</summary>
    public override string ToString() => $"{(byte)Result}/{(byte)Source}/{Reason}";
}

/// <summary>Source: PS3.8 table 9-26, Source.</summary>
public enum AbortSource : byte
{
    ServiceUser = 0,
    ServiceProvider = 2,
}

/// <summary>Source: PS3.8 table 9-26, Reason/Diag. Significant only if the source is the service provider.</summary>
public enum AbortReason : byte
{
    NotSpecified = 0,
    UnrecognizedPdu = 1,
    UnexpectedPdu = 2,
    UnrecognizedParameter = 4,
    UnexpectedParameter = 5,
    InvalidParameterValue = 6,
}

/// <summary>The two values of an A-ABORT. Source: PS3.8 9.3.8.</summary>
public readonly record struct AssociationAbort(AbortSource Source, AbortReason Reason)
{
    public static readonly AssociationAbort ByUser = new(AbortSource.ServiceUser, AbortReason.NotSpecified);

    public static AssociationAbort ByProvider(AbortReason reason) => new(AbortSource.ServiceProvider, reason);

    /// <summary>One sentence for a person who reads a log.</summary>
    public string Explanation => (Source, Reason) switch
    {
        (AbortSource.ServiceUser, _) => "The peer's application aborted the association.",
        (_, AbortReason.UnrecognizedPdu) => "A PDU of unknown type was received: the other side may not speak DICOM.",
        (_, AbortReason.UnexpectedPdu) => "A PDU came that does not fit the state of the association.",
        (_, AbortReason.UnrecognizedParameter) => "A PDU held a parameter that is not known.",
        (_, AbortReason.UnexpectedParameter) => "A PDU held a parameter that does not belong there.",
        (_, AbortReason.InvalidParameterValue) => "A PDU held a value that is not valid, or was too long.",
        _ => "The upper layer aborted the association without giving a reason.",
    };

    /// <summary>For example <c>2/6</c>.</summary>
    public override string ToString() => $"{(byte)Source}/{(byte)Reason}";
}

/// <summary>The peer refused the association (A-ASSOCIATE-RJ).</summary>
public sealed class AssociationRejectedException(AssociateRejection rejection)
    : IOException($"Association rejected ({rejection}). {rejection.Explanation}")
{
    public AssociateRejection Rejection { get; } = rejection;
}

/// <summary>The association ended without a release: an A-ABORT of either side, a lost connection, or a
/// timer.</summary>
public sealed class AssociationAbortedException : IOException
{
    public AssociationAbortedException(AssociationAbort abort)
        : base($"Association aborted ({abort}). {abort.Explanation}") => Abort = abort;

    internal AssociationAbortedException(AssociationAbort abort, string detail)
        : base($"Association aborted ({abort}). {abort.Explanation} {detail}") => Abort = abort;

    public AssociationAbortedException(string message, Exception? inner = null) : base(message, inner)
    {
    }

    /// <summary>What the A-ABORT said, or null where the transport ended without one.</summary>
    public AssociationAbort? Abort { get; }
}
