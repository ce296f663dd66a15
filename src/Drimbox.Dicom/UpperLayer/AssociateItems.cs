using Drimbox.Core.Identity;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>A presentation context as the requestor proposes it. Source: PS3.8 9.3.2.2.</summary>
/// <param name="Id">Odd, 1 to 255.</param>
/// <param name="AbstractSyntax">A SOP class; the default value where the peer's text is no UID.</param>
/// <param name="TransferSyntaxes">In the order of the peer; texts that are no UID are left out.</param>
public sealed record PresentationContextProposal(byte Id, Uid AbstractSyntax, IReadOnlyList<Uid> TransferSyntaxes);

/// <summary>Source: PS3.8 table 9-18, Result/Reason.</summary>
public enum PresentationContextResult : byte
{
    Acceptance = 0,
    UserRejection = 1,
    NoReason = 2,
    AbstractSyntaxNotSupported = 3,
    TransferSyntaxesNotSupported = 4,
}

/// <summary>The acceptor's answer to one proposal. Source: PS3.8 9.3.3.2.</summary>
/// <param name="TransferSyntax">Significant only with <see cref="PresentationContextResult.Acceptance"/>.</param>
public sealed record PresentationContextAnswer(byte Id, PresentationContextResult Result, Uid TransferSyntax);

/// <summary>An accepted presentation context of an association.</summary>
public sealed record PresentationContext(byte Id, Uid AbstractSyntax, Uid TransferSyntax)
{
    /// <summary>What the requestor may be in this context (PS3.7 D.3.3.4); SCU unless negotiated otherwise.</summary>
    public bool RequestorIsScu { get; init; } = true;

    public bool RequestorIsScp { get; init; }
}

/// <summary>Operations that may be outstanding at once; 0 means unlimited. Both numbers speak of the requestor, in
/// the request and in the answer. Source: PS3.7 D.3.3.3.</summary>
/// <param name="Invoked">Operations that the requestor invokes.</param>
/// <param name="Performed">Operations that the requestor performs.</param>
public sealed record AsyncOperationsWindow(ushort Invoked, ushort Performed);

/// <summary>Source: PS3.7 D.3.3.4.</summary>
public sealed record RoleSelection(Uid SopClass, bool ScuRole, bool ScpRole);

/// <summary>Source: PS3.7 D.3.3.5. The meaning of the bytes belongs to the service class.</summary>
public sealed record SopClassExtendedNegotiation(Uid SopClass, ReadOnlyMemory<byte> ApplicationInformation);

/// <summary>Source: PS3.7 D.3.3.6.</summary>
public sealed record SopClassCommonExtendedNegotiation(
    Uid SopClass, Uid ServiceClass, IReadOnlyList<Uid> RelatedGeneralSopClasses);

/// <summary>Source: PS3.7 D.3.3.7.</summary>
public enum UserIdentityType : byte
{
    Username = 1,
    UsernameAndPasscode = 2,
    KerberosTicket = 3,
    SamlAssertion = 4,
    JsonWebToken = 5,
}

/// <summary>Who the requestor's user is. Source: PS3.7 D.3.3.7. Never written to a log: it may hold a
/// passcode.</summary>
public sealed record UserIdentity(
    UserIdentityType Type,
    bool PositiveResponseRequested,
    ReadOnlyMemory<byte> Primary,
    ReadOnlyMemory<byte> Secondary);

/// <summary>The user information item, both of a request and of an answer. Source: PS3.8 9.3.2.3, PS3.7
/// D.3.3.</summary>
public sealed record UserInformation
{
    /// <summary>The longest P-DATA-TF body that the sender of this item receives; 0 means no limit (PS3.8
    /// D.1).</summary>
    public uint MaximumLength { get; init; }

    /// <summary>PS3.7 D.3.3.2.1.</summary>
    public Uid ImplementationClassUid { get; init; }

    /// <summary>PS3.7 D.3.3.2.3: at most 16 characters; empty if absent.</summary>
    public string ImplementationVersionName { get; init; } = "";

    public AsyncOperationsWindow? AsyncOperations { get; init; }

    public IReadOnlyList<RoleSelection> Roles { get; init; } = [];

    public IReadOnlyList<SopClassExtendedNegotiation> Extended { get; init; } = [];

    public IReadOnlyList<SopClassCommonExtendedNegotiation> CommonExtended { get; init; } = [];

    /// <summary>Only in a request.</summary>
    public UserIdentity? Identity { get; init; }

    /// <summary>Only in an answer, where a positive response was asked for; null if absent.</summary>
    public ReadOnlyMemory<byte>? IdentityResponse { get; init; }
}

/// <summary>A-ASSOCIATE-RQ. Source: PS3.8 9.3.2.</summary>
public sealed record AssociateRequest
{
    /// <summary>PS3.8 9.3.2: a bit field; bit 0 is version 1, the only one.</summary>
    public ushort ProtocolVersion { get; init; } = 1;

    /// <summary>The default value where the peer's text is no AE title.</summary>
    public required AeTitle CalledAe { get; init; }

    /// <summary>The default value where the peer's text is no AE title.</summary>
    public required AeTitle CallingAe { get; init; }

    public Uid ApplicationContext { get; init; } = ApplicationContextName.Dicom;

    public required IReadOnlyList<PresentationContextProposal> Contexts { get; init; }

    public required UserInformation User { get; init; }
}

/// <summary>A-ASSOCIATE-AC. Source: PS3.8 9.3.3.</summary>
public sealed record AssociateAccept
{
    public ushort ProtocolVersion { get; init; } = 1;

    /// <summary>PS3.8 table 9-17: the AE titles are echoed and shall not be tested on receipt.</summary>
    public required AeTitle CalledAe { get; init; }

    public required AeTitle CallingAe { get; init; }

    public Uid ApplicationContext { get; init; } = ApplicationContextName.Dicom;

    public required IReadOnlyList<PresentationContextAnswer> Contexts { get; init; }

    public required UserInformation User { get; init; }
}

/// <summary>Source: PS3.7 A.2.1.</summary>
public static class ApplicationContextName
{
    public static readonly Uid Dicom = Uid.Parse("1.2.840.10008.3.1.1.1");
}
