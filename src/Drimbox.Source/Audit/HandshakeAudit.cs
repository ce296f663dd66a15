using System.Threading.Channels;
using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Grains.Audit;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Audit;

/// <summary>What the audit trail keeps of handshakes that fail for the certificate of who calls. Nothing is given then, so
/// the record may come later; and since anybody on the network can have one written, each address has one in a minute,
/// and not all addresses have one.</summary>
internal sealed class HandshakeAudit(AuditTrail trail, TimeProvider time, ILogger log)
{
    private const string Why = "The TLS handshake failed: no certificate that is accepted here was shown.";

    private readonly Channel<(string Peer, string Shown)> _refused = Channel.CreateBounded<(string, string)>(
        new BoundedChannelOptions(Limits.AuditRefusedPeersMax) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Returns at once.</summary>
    /// <param name="shown">Subject of the certificate; empty for none.</param>
    public void Refused(string peer, string shown) => _refused.Writer.TryWrite((peer, shown));

    /// <summary>No more come: <see cref="RunAsync"/> ends with the last.</summary>
    public void Close() => _refused.Writer.TryComplete();

    public async Task RunAsync()
    {
        var told = new HashSet<string>(StringComparer.Ordinal);
        var since = time.GetTimestamp();
        await foreach (var (peer, shown) in _refused.Reader.ReadAllAsync())
        {
            if (time.GetElapsedTime(since) >= Limits.AuditRefusedInterval)
            {
                told.Clear();
                since = time.GetTimestamp();
            }

            if (told.Count >= Limits.AuditRefusedPeersMax || !told.Add(peer)) continue;
            try
            {
                await trail.RecordAsync(
                    AuditEvents.NodeRefused(trail.Node, peer, shown, Why, trail.Now), CancellationToken.None);
                AuditLog.NodeRefused(log, peer);
            }
            catch (StorageFaultException e)
            {
                AuditLog.WorkFailed(log, e.GetType().Name);
            }
        }
    }
}
