using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drimbox.Dicom.Commitment;

/// <summary>Says which instances a node takes custody of.</summary>
public interface ICommitmentCheck
{
    /// <summary>Looks at each instance: that it is there, of that class, readable and durable.</summary>
    /// <returns>Those that are not committed to.</returns>
    /// <exception cref="IOException">It cannot be told now: it is asked again before the report.</exception>
    ValueTask<IReadOnlyList<FailedSop>> CheckAsync(
        IReadOnlyList<ReferencedSop> instances, CancellationToken cancellationToken);
}

/// <summary>How storage commitment is done.</summary>
public sealed record StorageCommitmentOptions
{
    public required ICommitmentCheck Check { get; init; }

    /// <summary>The allow-list of where reports go when the association of the request is over, by the calling AE of the
    /// request. Default: nowhere.</summary>
    public Func<AeTitle, DicomPeer?> ReportTo { get; init; } = static _ => null;

    /// <summary>Try the association of the request first, while it stands. Default: yes. Some callers take reports only
    /// on an association of their own.</summary>
    public bool OnSameAssociation { get; init; } = true;

    /// <summary>Pauses before a report is sent again; after the last one it is given up, with a log entry.</summary>
    public IReadOnlyList<TimeSpan> RetryDelays { get; init; } = Limits.CommitmentReportDelays;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILogger Log { get; init; } = NullLogger.Instance;
}

/// <summary>Storage Commitment Push Model SCP: answers N-ACTION, checks, and reports, on the same association or on a
/// new one in the SCP role. Source: PS3.4 J.3. What waits is in memory: after a restart the SCU asks again.</summary>
public sealed class StorageCommitmentScp(StorageCommitmentOptions options) : INormalizedScp, IAsyncDisposable
{
    private readonly ConcurrentDictionary<Uid, Pending> _pending = [];
    private readonly CancellationTokenSource _stopping = new();

    public IReadOnlyCollection<Uid> SopClasses { get; } = [SopClass.StorageCommitmentPushModel];

    /// <summary>Requests that were accepted and not reported on yet.</summary>
    public int PendingCount => _pending.Count;

    public ValueTask<NResponse> PerformAsync(NRequest request, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Accept(request));

    /// <summary>Reports that have not gone out are dropped: the SCU asks again.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_pending.Values.Select(pending => pending.Task));
        _stopping.Dispose();
    }

    private NResponse Accept(NRequest request)
    {
        if (CommitmentRequest.Understand(request, out var asked) is { } refusal) return refusal;
        var action = (NActionRequest)request;
        if (_pending.Count >= Limits.CommitmentsPendingMax) return NResponse.Refused(DimseStatus.ResourceLimitation);
        var pending = new Pending(asked!);
        if (_pending.TryAdd(asked!.TransactionUid, pending))
        {
            pending.Task = Task.Run(() => FulfilAsync(pending, action), CancellationToken.None);
            return NResponse.Success;
        }

        // A caller that lost our response asks again: it gets one report. Another list under the same UID is a fault.
        return _pending.TryGetValue(asked.TransactionUid, out var other)
            && other.Request.Instances.SequenceEqual(asked.Instances)
                ? NResponse.Success
                : NResponse.Refused(DimseStatus.InvalidArgumentValue.With("The Transaction UID is in use."));
    }

    [SuppressMessage("Design", "CA1031", Justification =
        "The top of a commitment: the fault is logged, the SCU hears nothing and asks again.")]
    private async Task FulfilAsync(Pending pending, NActionRequest action)
    {
        try
        {
            await ReportAsync(pending.Request, action);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The node stops; the SCU asks again.
        }
        catch (Exception e)
        {
            DicomLog.CommitmentFault(options.Log, e, action.Peer.CallingAe.ToString());
        }
        finally
        {
            _pending.TryRemove(pending.Request.TransactionUid, out _);
        }
    }

    private async Task ReportAsync(CommitmentRequest request, NActionRequest action)
    {
        CommitmentReport? report = null;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                report ??= await CheckAsync(request, action.Peer.CalledAe);
                var status = await SendAsync(report, action, isFirst: attempt == 0);
                if (status is null)
                {
                    DicomLog.CommitmentUnreported(
                        options.Log, action.Peer.CallingAe.ToString(), "no address is configured for its reports");
                    return;
                }

                if (status.Value.IsSuccessOrWarning) return;
                DicomLog.CommitmentRefused(options.Log, action.Peer.CallingAe.ToString(), status.Value.ToString());
            }
            catch (Exception e) when (e is IOException or SocketException or TimeoutException)
            {
                DicomLog.CommitmentDelayed(options.Log, action.Peer.CallingAe.ToString(), e.Message);
            }

            if (attempt >= options.RetryDelays.Count)
            {
                DicomLog.CommitmentUnreported(
                    options.Log, action.Peer.CallingAe.ToString(), "every attempt to report failed");
                return;
            }

            await Task.Delay(options.RetryDelays[attempt], options.Time, _stopping.Token);
        }
    }

    private async ValueTask<CommitmentReport> CheckAsync(CommitmentRequest request, AeTitle own)
    {
        var failed = await options.Check.CheckAsync(request.Instances, _stopping.Token);
        var failures = failed.Select(f => f.Instance).ToHashSet();
        var committed = request.Instances.Where(sop => !failures.Contains(sop)).ToList();
        return new CommitmentReport(request.TransactionUid, committed, failed) { RetrieveAe = own };
    }

    /// <returns>Null if there is nowhere to send it.</returns>
    private async ValueTask<DimseStatus?> SendAsync(CommitmentReport report, NActionRequest action, bool isFirst)
    {
        if (isFirst && options.OnSameAssociation && action.Reporter is { } reporter)
        {
            try
            {
                var status = await reporter.ReportAsync(
                    CommitmentModel.WellKnownInstance, report.EventTypeId, report.ToDataSet(), _stopping.Token);
                // A caller that knows no reports here takes them on an association of their own (PS3.4 J.3.3).
                if (status.IsSuccessOrWarning) return status;
            }
            catch (Exception e) when (e is AssociationAbortedException or TimeoutException)
            {
                // Over, or deaf to reports: a new one.
            }
        }

        return options.ReportTo(action.Peer.CallingAe) is { } peer
            ? await CommitmentReporter.ReportAsync(
                peer, action.Peer.CalledAe, report, options.Time, _stopping.Token)
            : null;
    }

    private sealed class Pending(CommitmentRequest request)
    {
        public CommitmentRequest Request => request;

        public Task Task { get; set; } = Task.CompletedTask;
    }
}
