using System.Collections.Concurrent;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Commitment;

/// <summary>Storage Commitment Push Model SCU. Source: PS3.4 J.3.2.</summary>
/// <param name="association">Opened with <see cref="Context"/>; with
/// <see cref="AssociationOptions.EventReports"/> the report may come over it.</param>
public sealed class StorageCommitmentScu(Association association)
{
    /// <summary>The context that a request needs.</summary>
    public static ProposedContext Context { get; } = CFindScu.ContextFor(SopClass.StorageCommitmentPushModel);

    /// <summary>Asks for the commitment. The report comes later, to a <see cref="CommitmentReports"/>.</summary>
    /// <inheritdoc cref="NormalizedScu" path="/remarks"/>
    public ValueTask<NResponse> RequestAsync(
        CommitmentRequest request, CancellationToken cancellationToken = default) =>
        new NormalizedScu(association).ActionAsync(
            SopClass.StorageCommitmentPushModel,
            CommitmentModel.WellKnownInstance,
            CommitmentModel.RequestAction,
            request.ToDataSet(),
            cancellationToken);

    /// <summary>Keeps the association for the report, as an SCU may (PS3.4 J.3.3).</summary>
    /// <param name="report">From <see cref="CommitmentReports.ExpectAsync"/>, on the receiver that the association was opened
    /// with.</param>
    /// <param name="cancellationToken">Aborts the association: the report may still come over another one.</param>
    /// <exception cref="AssociationAbortedException">The association ended first.</exception>
    /// <exception cref="OperationCanceledException">It did not come in time.</exception>
    public async ValueTask<CommitmentReport> WaitForReportAsync(
        Task<CommitmentReport> report, CancellationToken cancellationToken)
    {
        await using var registration = association.AbortOn(cancellationToken);
        try
        {
            await association.Responses.ListenAsync(report);
            return await report;
        }
        catch (AssociationAbortedException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }
}

/// <summary>Takes the reports of storage commitments, over the association of the request or as an acceptor: give it to
/// <see cref="AssociationOptions.EventReports"/>, to <see cref="AcceptorOptions.EventReports"/>, or to both. Source: PS3.4
/// J.3.3.</summary>
public sealed class CommitmentReports : INEventReportReceiver
{
    private readonly ConcurrentDictionary<Uid, TaskCompletionSource<CommitmentReport>> _expected = [];
    private readonly ConcurrentQueue<Uid> _reported = [];

    public IReadOnlyCollection<Uid> SopClasses { get; } = [SopClass.StorageCommitmentPushModel];

    /// <summary>Called before the request is sent, since the report may overtake the response.</summary>
    public Task<CommitmentReport> ExpectAsync(Uid transactionUid) => _expected.GetOrAdd(
        transactionUid, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>No longer waits for it; a report that comes all the same is answered 0115.</summary>
    public void Forget(Uid transactionUid) => _expected.TryRemove(transactionUid, out _);

    public ValueTask<NResponse> ReceiveAsync(NEventReportRequest report, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Receive(report));

    private NResponse Receive(NEventReportRequest report)
    {
        if (report.SopInstanceUid != CommitmentModel.WellKnownInstance)
            return NResponse.Refused(DimseStatus.NoSuchSopInstance);
        if (CommitmentReport.Read(report.EventTypeId, report.Argument, out var said) is { } refusal) return refusal;
        if (!_expected.TryGetValue(said!.TransactionUid, out var waiting))
            return NResponse.Refused(DimseStatus.InvalidArgumentValue.With("The Transaction UID is not known."));
        // An SCP that lost our response reports again: that is taken as well.
        if (waiting.TrySetResult(said)) Remember(said.TransactionUid);
        return NResponse.Success;
    }

    private void Remember(Uid transactionUid)
    {
        _reported.Enqueue(transactionUid);
        while (_reported.Count > Limits.CommitmentsPendingMax && _reported.TryDequeue(out var old)) Forget(old);
    }
}
