using System.Net;
using System.Threading.Channels;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Availability;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Tests.Archive.Completeness;

/// <summary>An AE that takes Instance Availability Notifications.</summary>
internal sealed class NoticeReceiver : IAsyncDisposable
{
    private readonly DicomAcceptor _acceptor;
    private readonly Channel<AvailabilityNotice> _notices = Channel.CreateUnbounded<AvailabilityNotice>();

    public NoticeReceiver(string title)
    {
        var ae = AeTitle.Parse(title);
        _acceptor = new DicomAcceptor(
            new AcceptorOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
                AeTitles = [ae],
                Normalized =
                [
                    new AvailabilityScp((notice, _, _) =>
                    {
                        if (!Answers.TryDequeue(out var answer)) answer = DimseStatus.Success;
                        if (answer == DimseStatus.Success) _notices.Writer.TryWrite(notice);
                        return new(answer);
                    }),
                ],
            },
            NullLogger.Instance);
        _acceptor.Start();
        Peer = new DicomPeer(ae, "127.0.0.1", _acceptor.EndPoint.Port);
    }

    public DicomPeer Peer { get; }

    /// <summary>Answers for the first notices; then success.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<DimseStatus> Answers { get; } = [];

    public async Task<AvailabilityNotice> NextAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await _notices.Reader.ReadAsync(patience.Token);
    }

    public ValueTask DisposeAsync() => _acceptor.DisposeAsync();
}
