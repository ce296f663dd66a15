using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;
using Microsoft.Extensions.Logging;

namespace Drimbox.Dicom.Scp;

/// <summary>One connection of an acceptor, from its first byte to its last: it reads requests in order, stores
/// instances as they pass, and runs queries and retrieves beside the reading, so that C-CANCEL is heard.</summary>
internal sealed partial class AssociationSession : IDisposable
{
    private readonly AcceptorOptions _options;
    private readonly Negotiation _negotiation;
    private readonly Admission _admission;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Transport _transport;
    private readonly UpperLayerProvider _provider;
    private readonly CancellationTokenSource _ending;
    private readonly CancellationToken _ended;
    private readonly ConcurrentDictionary<ushort, Operation> _operations = [];

    // What we invoke on the requestor: sub-operations of C-GET, notifications. One at a time unless negotiated.
    private readonly SemaphoreSlim _invoking = new(1);
    private int _performed = 1;
    private Association? _association;
    private AssociationPeer? _peer;

    public AssociationSession(
        Transport transport,
        AcceptorOptions options,
        Negotiation negotiation,
        Admission admission,
        ILogger log,
        TimeProvider time,
        CancellationToken stopping)
    {
        // The peer reset the connection before we looked at it.
        Address = transport.RemoteEndPoint is IPEndPoint peer
            ? peer.Address
            : throw new SocketException((int)SocketError.NotConnected);
        _transport = transport;
        _options = options;
        OwnAe = options.AeTitles is [var first, ..] ? first.ToString() : "";
        _negotiation = negotiation;
        _admission = admission;
        _log = log;
        _time = time;
        _provider = new UpperLayerProvider(transport, isRequestor: false, time);
        _ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _ended = _ending.Token;
    }

    public IPAddress Address { get; }

    /// <summary>Its place among the pending connections; belongs to <see cref="Admission"/>.</summary>
    public LinkedListNode<AssociationSession>? Place { get; set; }

    /// <summary>Belongs to <see cref="Admission"/>.</summary>
    public bool HasAssociation { get; set; }

    private DimseChannel Channel => _association!.Channel;

    private string OwnAe { get; }

    private string CallingAe => _provider.Request?.CallingAe.ToString() ?? "";

    /// <summary>Called about once a second.</summary>
    public void Watch() => _provider.Watch();

    /// <summary>Gives way to a newer connection.</summary>
    public void Drop() => _provider.Expire("Too many connections were waiting.", orderly: false);

    public void Expire(string why) => _provider.Expire(why, orderly: true);

    /// <summary>Ends an association that has been between two messages for some time, with nothing under way.</summary>
    public void AbortIfIdle(TimeSpan idleTime)
    {
        if (HasAssociation && _operations.IsEmpty && !_provider.IsInMessage && _provider.WaitingTime >= idleTime)
            _provider.Expire("This node is stopping.", orderly: true);
    }

    [SuppressMessage("Design", "CA1031", Justification =
        "The top of a session: the fault is logged, the peer gets an A-ABORT, other sessions go on.")]
    public async Task RunAsync()
    {
        try
        {
            if (await EstablishAsync())
                await ServeAsync();
        }
        catch (AssociationAbortedException e)
        {
            // The peer went away while we were answering.
            DicomLog.EndedEarly(_log, CallingAe, Address.ToString(), e.Message);
        }
        catch (Exception e)
        {
            DicomLog.SessionFault(_log, e, CallingAe, Address.ToString());
            await _provider.AbortAsync(AssociationAbort.ByUser);
        }
        finally
        {
            await _ending.CancelAsync();
            await Task.WhenAll(_operations.Values.Select(operation => operation.Task));
            _admission.EndAssociation(this);
            if (_association is not null) DicomMetrics.Ended(OwnAe, _provider.ReceivedBytes);
            if (_peer is not null) _options.AssociationEnded?.Invoke(_peer, _isReleasing);
            await _provider.AwaitTransportClosedAsync();
            _admission.Exit(this);
            Dispose();
        }
    }

    public void Dispose()
    {
        _provider.Dispose();
        _ending.Dispose();
    }

    private async ValueTask<bool> EstablishAsync()
    {
        if (!await _provider.OpenTransportAsync(_ending.Token))
        {
            DicomLog.NoTls(_log, Address.ToString(), _provider.Failure().Message);
            return false;
        }

        var tls = _transport.Session;
        var first = await _provider.ReadAsync();
        if (first.Kind != IndicationKind.AssociateRequested)
        {
            if (first.Kind == IndicationKind.Violated)
                DicomLog.EndedEarly(_log, "", Address.ToString(), _provider.Failure().Message);
            return false;
        }

        var request = _provider.Request!;
        var rejection = _negotiation.Judge(request, Address, tls?.Peer, out var services);
        UserIdentityAnswer? identity = null;
        if (rejection is null) (rejection, identity) = await JudgeIdentityAsync(request, tls);
        rejection ??= _negotiation.JudgeStore(request, services) ?? _admission.TryEstablish(this);
        if (rejection is { } refused)
        {
            DicomLog.Rejected(
                _log, request.CallingAe.ToString(), request.CalledAe.ToString(), Address.ToString(),
                refused.ToString());
            DicomMetrics.Rejected(OwnAe, refused);
            await _provider.RejectAsync(refused);
            return false;
        }

        var accept = _negotiation.Accept(request, services);
        // PS3.7 D.3.3.7.2: answered only if the caller asked for it.
        if (identity is not null && request.User.Identity is { PositiveResponseRequested: true })
            accept = accept with { User = accept.User with { IdentityResponse = identity.Response } };
        await _provider.SendAssociateAcceptAsync(accept);
        _provider.IdleTimeout = _options.IdleTimeout;
        _peer = new AssociationPeer(request.CallingAe, request.CalledAe, Address) { Certificate = tls?.Peer };
        _association = new Association(_provider, null)
        {
            TlsSession = tls,
            SendLengthMax = Association.SendLengthFor(request.User.MaximumLength),
        };
        _association.Channel.Budget = _admission.Budget;
        _window = accept.User.AsyncOperations?.Invoked ?? 1;
        _performed = accept.User.AsyncOperations?.Performed ?? 1;
        if (_performed > 1) _invoking.Release(_performed - 1);
        DicomMetrics.Accepted(OwnAe);
        DicomLog.Accepted(_log, CallingAe, request.CalledAe.ToString(), Address.ToString());
        return true;
    }

    private async ValueTask<(AssociateRejection?, UserIdentityAnswer?)> JudgeIdentityAsync(
        AssociateRequest request, TlsSession? tls)
    {
        if (_options.UserIdentity is not { } check) return default;
        var peer = new AssociationPeer(request.CallingAe, request.CalledAe, Address) { Certificate = tls?.Peer };
        try
        {
            // Bounded by ARTIM, which has been running since the connection came.
            var answer = await check.JudgeAsync(request.User.Identity, peer, _ended);
            return answer.IsAccepted ? (null, answer) : (AssociateRejection.RefusedByAcse, null);
        }
        catch (IOException e)
        {
            DicomLog.OperationFailed(_log, e, "user identity", AssociateRejection.TemporaryCongestion.ToString());
            return (AssociateRejection.TemporaryCongestion, null);
        }
    }

    private async ValueTask ServeAsync()
    {
        while (true)
        {
            var message = await Channel.ReadCommandAsync();
            var end = message.IsEnd ? message.End : await DispatchAsync(message.Context, message.Command);
            switch (end)
            {
                case IndicationKind.None:
                    continue;
                case IndicationKind.ReleaseRequested:
                    _isReleasing = true;
                    // A release while operations run: PS3.8 7.2 lets us answer them first (AR-7), then confirm.
                    await Task.WhenAll(_operations.Values.Select(operation => operation.Task));
                    _admission.EndAssociation(this);
                    await _provider.RespondReleaseAsync();
                    DicomLog.Released(_log, CallingAe, Address.ToString());
                    return;
                default:
                    DicomLog.EndedEarly(_log, CallingAe, Address.ToString(), _provider.Failure().Message);
                    return;
            }
        }
    }

    /// <returns>What ended the association, if anything did.</returns>
    private ValueTask<IndicationKind> DispatchAsync(PresentationContext context, CommandSet command)
    {
        switch (command.CommandField)
        {
            case CommandField.CStoreRq:
                return StoreAsync(context, command);
            case CommandField.CEchoRq:
                return AnswerAsync(
                    context, command, context.AbstractSyntax == SopClass.Verification
                        ? DimseStatus.Success
                        : DimseStatus.UnrecognizedOperation);
            case CommandField.CFindRq or CommandField.CMoveRq or CommandField.CGetRq:
                return BeginOperationAsync(context, command);
            case CommandField.CCancelRq:
                // PS3.7 9.3.2.3: no response of its own; one that comes too late is ignored.
                if (_operations.TryGetValue(command.MessageIdBeingRespondedTo, out var operation)) operation.Cancel();
                return command.HasDataSet ? Channel.SkipDataSetAsync() : default;
            case CommandField.CStoreRsp or CommandField.NEventReportRsp:
                CompleteSubOperation(command);
                return command.HasDataSet ? Channel.SkipDataSetAsync() : default;
            case var field when field.IsNormalizedRequest():
                return BeginNormalizedAsync(context, command);
            default:
                return command.CommandField.IsResponse()
                    ? ViolatedAsync()
                    : AnswerAsync(context, command, DimseStatus.UnrecognizedOperation);
        }
    }

    // A response to a request that was never made.
    private async ValueTask<IndicationKind> ViolatedAsync() =>
        (await _provider.ViolatedAsync(AbortReason.UnexpectedPdu)).Kind;

    /// <summary>Reads the data set, if any, and answers with a command alone.</summary>
    private async ValueTask<IndicationKind> AnswerAsync(
        PresentationContext context, CommandSet command, DimseStatus status)
    {
        var end = command.HasDataSet ? await Channel.SkipDataSetAsync() : IndicationKind.None;
        if (end == IndicationKind.None) await Channel.SendAsync(context, command.Respond(status));
        return end;
    }
}
