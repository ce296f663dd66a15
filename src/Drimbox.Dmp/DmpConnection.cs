using System.Collections.Concurrent;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dmp.Trust;

namespace Drimbox.Dmp;

/// <summary>How a node reaches the DMP, and as whom.</summary>
/// <param name="Certificates">Of the structures that the node acts for.</param>
/// <param name="SignatureHash">Of the submission sets. The VIHF has its own.</param>
public sealed record DmpConnection(
    XdsTarget Target, IStructureCertificates Certificates, VihfOptions Vihf, SignatureHash SignatureHash)
{
    /// <summary>What seals the submissions of the node.</summary>
    /// <param name="open">Reads a document of the object store.</param>
    public SubmissionSigner Signer(Func<StoredObject, Stream> open) => new(Certificates, SignatureHash, open);

    public DmpClients OpenClients(IIdSource ids, TimeProvider time) => new(this, ids, time);
}

/// <summary>A client for each structure and its certificate: the TLS session authenticates the structure (DB.SO.19), so
/// structures share no connection.</summary>
public sealed class DmpClients(DmpConnection connection, IIdSource ids, TimeProvider time) : IDisposable
{
    private readonly VihfIssuer _vihf = new(connection.Certificates, connection.Vihf, ids, time);
    private readonly ConcurrentDictionary<(InstanceIdentifier Structure, string Certificate), Lazy<HttpClient>>
        _connections = new();

    /// <summary>The client that acts for a structure.</summary>
    /// <exception cref="StructureCertificateMissingException">The structure has no certificates here.</exception>
    public XdsClient For(InstanceIdentifier structure)
    {
        var keys = connection.Certificates.Find(structure) ?? throw new StructureCertificateMissingException(structure);

        // A renewed certificate needs connections of its own; those of the old one end with the calls on them.
        var http = _connections.GetOrAdd(
            (structure, keys.Authentication.Thumbprint), _ => new Lazy<HttpClient>(() => Open(keys)));
        return new XdsClient(connection.Target, http.Value, _vihf, ids, time);
    }

    public void Dispose()
    {
        foreach (var http in _connections.Values)
        {
            if (http.IsValueCreated) http.Value.Dispose();
        }
    }

    // The timeout of a call is the client's own: Limits.XdsCallTimeout.
    private static HttpClient Open(StructureCertificates keys) =>
        new(XdsClient.CreateHandler(keys.Authentication)) { Timeout = Timeout.InfiniteTimeSpan };
}
