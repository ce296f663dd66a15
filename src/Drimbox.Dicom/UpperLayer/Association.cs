using System.Net;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;

namespace Drimbox.Dicom.UpperLayer;

/// <summary>An established association. An SCU gets one by <see cref="RequestAsync"/> and hands it to
/// <c>CStoreScu</c> and its like; an acceptor makes one for each request that it accepts.</summary>
public sealed partial class Association : IAsyncDisposable
{
    private readonly PresentationContext?[] _contextsById = new PresentationContext?[Limits.PresentationContextsMax];
    private int _lastMessageId = -1;

    internal Association(UpperLayerProvider provider, EndPoint? peer)
    {
        Provider = provider;
        Peer = peer;
        var request = provider.Request!;
        var accept = provider.Accept!;
        CallingAe = request.CallingAe;
        CalledAe = request.CalledAe;
        Contexts = Match(request, accept);
        foreach (var context in Contexts) _contextsById[context.Id >> 1] = context;
        Channel = new DimseChannel(this);
        Responses = new ResponseReader(this);
    }

    public AeTitle CallingAe { get; }

    public AeTitle CalledAe { get; }

    /// <summary>The address of the other side; null once it is gone.</summary>
    public EndPoint? Peer { get; }

    /// <summary>What TLS negotiated; null without TLS.</summary>
    public TlsSession? TlsSession { get; internal init; }

    /// <summary>The presentation contexts that were accepted.</summary>
    public IReadOnlyList<PresentationContext> Contexts { get; }

    /// <summary>How the request was answered, with refused contexts and all user items.</summary>
    public AssociateAccept Negotiated => Provider.Accept!;

    public AssociateRequest Requested => Provider.Request!;

    /// <summary>Operations that this side may have outstanding at once as the invoker; 1 unless negotiated.</summary>
    public int InvokedMax { get; internal init; } = 1;

    /// <summary>Message id of the first operation that this side invokes, from 1.</summary>
    internal ushort FirstMessageId { init => _lastMessageId = value - 2; }

    internal IReadOnlyList<INEventReportReceiver> EventReports { get; init; } = [];

    internal UpperLayerProvider Provider { get; }

    internal DimseChannel Channel { get; }

    /// <summary>What the SCUs of this association wait for.</summary>
    internal ResponseReader Responses { get; }

    /// <summary>The longest P-DATA-TF body that we send: the peer's maximum, within our own.</summary>
    internal int SendLengthMax { get; init; } = Limits.PduLengthSendMax;

    /// <summary>The accepted context with that id, or null.</summary>
    public PresentationContext? FindContext(byte id) => (id & 1) == 0 ? null : _contextsById[id >> 1];

    /// <summary>An accepted context for <paramref name="abstractSyntax"/>; with <paramref name="transferSyntax"/> only
    /// one that transfers in it. Null if there is none.</summary>
    public PresentationContext? FindContext(Uid abstractSyntax, Uid? transferSyntax = null)
    {
        foreach (var context in Contexts)
        {
            if (context.AbstractSyntax == abstractSyntax
                && (transferSyntax is null || context.TransferSyntax == transferSyntax))
                return context;
        }

        return null;
    }

    /// <summary>The next message id: 1 to 65535, then again from 1 (PS3.7 9.1.1.1.1: unique among outstanding
    /// operations).</summary>
    internal ushort NextMessageId() =>
        (ushort)((unchecked((uint)Interlocked.Increment(ref _lastMessageId)) % ushort.MaxValue) + 1);

    /// <summary>What a peer allows us to send: PS3.8 D.1, 0 means no limit; tiny values get the least we can work
    /// with, since a PDU needs at least a PDV header and two bytes.</summary>
    internal static int SendLengthFor(uint peerMaximum)
    {
        if (peerMaximum is 0 or > Limits.PduLengthSendMax) return Limits.PduLengthSendMax;
        return Math.Max((int)peerMaximum & ~1, Limits.PduLengthMin);
    }

    /// <summary>Ends the association in order: A-RELEASE-RQ, then waits for A-RELEASE-RP.</summary>
    /// <exception cref="AssociationAbortedException">It ended otherwise.</exception>
    public async Task ReleaseAsync(CancellationToken cancellationToken = default)
    {
        await using var registration = AbortOn(cancellationToken);
        await Provider.RequestReleaseAsync();
        while (true)
        {
            var indication = await Provider.ReadAsync();
            switch (indication.Kind)
            {
                case IndicationKind.Fragment:
                    break;
                case IndicationKind.ReleaseRequested:
                    // PS3.8 9.2.3 release collision: the requestor answers first (AR-9), then gets its answer.
                    await Provider.RespondReleaseAsync();
                    break;
                case IndicationKind.ReleaseConfirmed:
                    StopWatching();
                    return;
                default:
                    cancellationToken.ThrowIfCancellationRequested();
                    throw Provider.Failure();
            }
        }
    }

    /// <summary>Ends the association at once: A-ABORT of the service user.</summary>
    public ValueTask AbortAsync() => Provider.AbortAsync(AssociationAbort.ByUser);

    /// <summary>Aborts unless it was released.</summary>
    public async ValueTask DisposeAsync()
    {
        StopWatching();
        if (Provider.State is not (Sta.Sta1 or Sta.Sta13)) await AbortAsync();
        Provider.Dispose();
    }

    /// <summary>It stands between two messages, and the peer has not said or done anything since.</summary>
    internal bool IsReusable => Provider.State == Sta.Sta6 && !Provider.IsInMessage && Provider.IsQuiet;

    /// <summary>Forgets an association that the peer has ended.</summary>
    internal void Drop()
    {
        StopWatching();
        Provider.Dispose();
    }

    /// <summary>While an operation runs, its cancellation aborts the association: bytes on the way cannot be taken
    /// back, and a peer that does not answer would hold the caller.</summary>
    internal CancellationTokenRegistration AbortOn(CancellationToken cancellationToken) =>
        cancellationToken.UnsafeRegister(
            static state => ((Association)state!).Provider.Expire("The operation was cancelled.", orderly: true), this);

    // PS3.8 9.3.3.2: the answer names the proposal by its id alone.
    private static List<PresentationContext> Match(AssociateRequest request, AssociateAccept accept)
    {
        List<PresentationContext> contexts = [];
        foreach (var answer in accept.Contexts)
        {
            if (answer.Result != PresentationContextResult.Acceptance) continue;
            foreach (var proposal in request.Contexts)
            {
                if (proposal.Id != answer.Id) continue;
                contexts.Add(WithRoles(
                    new PresentationContext(answer.Id, proposal.AbstractSyntax, answer.TransferSyntax), accept));
                break;
            }
        }

        return contexts;
    }

    // PS3.7 D.3.3.4.2: without an item in the answer the default roles hold.
    private static PresentationContext WithRoles(PresentationContext context, AssociateAccept accept)
    {
        foreach (var role in accept.User.Roles)
        {
            if (role.SopClass == context.AbstractSyntax)
                return context with { RequestorIsScu = role.ScuRole, RequestorIsScp = role.ScpRole };
        }

        return context;
    }
}
