using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scp;

/// <summary>What is answered to a user identity. Source: PS3.7 D.3.3.7.</summary>
/// <param name="IsAccepted">False: the association is rejected.</param>
/// <param name="Response">Kerberos ticket or SAML response of this server; empty for the other types. Sent only if the
/// caller asked for a positive response.</param>
public sealed record UserIdentityAnswer(bool IsAccepted, ReadOnlyMemory<byte> Response = default)
{
    public static readonly UserIdentityAnswer Accepted = new(true);

    public static readonly UserIdentityAnswer Refused = new(false);
}

/// <summary>Judges who the user behind an association is.</summary>
public interface IUserIdentityCheck
{
    /// <param name="identity">Null if the caller sent none.</param>
    /// <exception cref="IOException">It cannot be judged now: the association is rejected as congested, 2/3/1.</exception>
    ValueTask<UserIdentityAnswer> JudgeAsync(
        UserIdentity? identity, AssociationPeer peer, CancellationToken cancellationToken);
}
