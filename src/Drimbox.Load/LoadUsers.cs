using System.Net.Sockets;
using Drimbox.Dicom;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Hl7.Mllp;
using Drimbox.Load.Targets;

namespace Drimbox.Load;

/// <summary>The users of a run and their connections.</summary>
internal sealed class LoadUsers : IAsyncDisposable
{
    private readonly LoadOptions _options;
    private readonly List<AssociationLane> _lanes = [];
    private readonly List<MllpClient> _clients = [];
    private readonly List<LoadUser> _users = [];

    public LoadUsers(LoadOptions options, LoadMaterial material, LoadRecorder recorder, TimeProvider time)
    {
        _options = options;
        var mix = options.Mix;
        var isQueried = mix.Has(OperationKind.Find) || mix.Has(OperationKind.Move);
        var queriesApart = isQueried && options.QueryTarget is not null;
        for (var i = 0; i < options.Associations; i++)
        {
            AssociationLane? stores = null;
            if (mix.HasDicom)
            {
                List<ProposedContext> contexts =
                    [.. StoreContexts(material), .. queriesApart ? [] : QueryContexts(mix)];
                if (contexts.Count > 0) stores = Lane(options.Target!.Value, contexts);
            }

            var queries = queriesApart ? Lane(options.QueryTarget!.Value, [.. QueryContexts(mix)]) : stores;
            MllpClient? client = null;
            if (mix.Has(OperationKind.Mllp))
            {
                client = new MllpClient(
                    new MllpClientOptions
                    {
                        Host = options.Mllp!.Value.Host,
                        Port = options.Mllp.Value.Port,
                        AnswerTimeout = options.ResponseTimeout,
                    },
                    time);
                _clients.Add(client);
            }

            for (var j = 0; j < options.Window; j++) _users.Add(new LoadUser(material, stores, queries, client));
        }

        AssociationLane Lane(DicomAddress address, IReadOnlyList<ProposedContext> contexts)
        {
            var lane = new AssociationLane(
                new AssociationOptions
                {
                    Host = address.Endpoint.Host,
                    Port = address.Endpoint.Port,
                    CallingAe = options.CallingAe,
                    CalledAe = address.AeTitle,
                    Contexts = contexts,
                    MaximumLength = options.MaximumLength,
                    SendLengthMax = options.MaximumLength,
                    Window = options.Window,
                    ResponseTimeout = options.ResponseTimeout,
                    Time = time,
                },
                options.PerAssociation,
                recorder.RecordAssociation);
            _lanes.Add(lane);
            return lane;
        }
    }

    public IReadOnlyList<LoadUser> All => _users;

    /// <summary>Opens all associations, so that the clock starts with everybody in place. The first with each peer
    /// must succeed; where a later one fails, its user tries again.</summary>
    /// <returns>The operations that the peer lets be outstanding on one association.</returns>
    /// <exception cref="PeerUnreachableException">No association at all, or one without a use.</exception>
    public async Task<int> ConnectAsync(CancellationToken cancellationToken)
    {
        var window = 1;
        var first = _options.Mix.HasDicom ? _lanes.Take(_lanes.Count / _options.Associations).ToList() : [];
        foreach (var lane in first) window = Math.Max(window, await ConnectFirstAsync(lane, cancellationToken));
        await Task.WhenAll(_lanes.Except(first).Select(lane => TryConnectAsync(lane, cancellationToken)));
        if (_options.Mllp is { } mllp && _clients.Count > 0) await ProbeAsync(mllp, cancellationToken);
        return window;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_lanes.Select(lane => lane.DisposeAsync().AsTask()));
        foreach (var client in _clients) await client.DisposeAsync();
    }

    private static async Task<int> ConnectFirstAsync(AssociationLane lane, CancellationToken cancellationToken)
    {
        try
        {
            var association = await lane.ConnectAsync(cancellationToken);
            if (association.Contexts.Count == 0)
            {
                throw new PeerUnreachableException(
                    $"{lane.Peer} accepts the association but none of the SOP classes and transfer syntaxes of this "
                    + "run: choose others with --instances or --mix.");
            }

            return association.InvokedMax;
        }
        catch (AssociationRejectedException e)
        {
            throw new PeerUnreachableException($"{lane.Peer}: {e.Rejection.Explanation} ({e.Rejection})", e);
        }
        catch (AssociationAbortedException e)
        {
            throw new PeerUnreachableException($"{lane.Peer}: {e.Message} Does a DICOM application listen there?", e);
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            throw new PeerUnreachableException(
                $"No connection to {lane.Peer}: {e.Message.TrimEnd('.')}. Check the address, and that the peer runs.", e);
        }
    }

    private static async Task TryConnectAsync(AssociationLane lane, CancellationToken cancellationToken)
    {
        try
        {
            await lane.ConnectAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException)
        {
            // Its user meets the same, and that is counted.
        }
    }

    private static async Task ProbeAsync(HostPort endpoint, CancellationToken cancellationToken)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endpoint.Host, endpoint.Port, cancellationToken);
        }
        catch (SocketException e)
        {
            throw new PeerUnreachableException(
                $"No connection to {endpoint}: {e.Message.TrimEnd('.')}. Check the address, and that the peer runs.", e);
        }
    }

    private static IEnumerable<ProposedContext> StoreContexts(LoadMaterial material)
    {
        if (material.Options.Mix.Has(OperationKind.Echo)) yield return CEchoScu.Context;
        foreach (var (sopClass, syntax) in material.Instances?.Kinds ?? [])
            yield return new ProposedContext(sopClass, syntax);
    }

    private static IEnumerable<ProposedContext> QueryContexts(OperationMix mix)
    {
        if (mix.Has(OperationKind.Find))
            yield return CFindScu.ContextFor(SopClass.StudyRootQueryRetrieveInformationModelFind);
        if (mix.Has(OperationKind.Move))
            yield return CFindScu.ContextFor(SopClass.StudyRootQueryRetrieveInformationModelMove);
    }
}
