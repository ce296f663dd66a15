using System.Diagnostics.CodeAnalysis;
using Drimbox.Core.Mail;
using Drimbox.Dmp.Mail;
using Drimbox.Grains.Reports;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Ris.Mail;

/// <summary>Looks into the mailbox of the sender and tells the reports what their notifications say. A notification is
/// marked as seen after that is durable; one that is read twice counts once.</summary>
/// <param name="isMine">Whether no other process of the node looks.</param>
internal sealed class MailboxReader(
    Mailbox mailbox, ReportRegister reports, MailPolicy policy, TimeSpan interval,
    Func<CancellationToken, Task<bool>> isMine, TimeProvider time, ILogger logger)
    : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Looks again and again until <paramref name="stop"/>.</summary>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of the worker loop: the operator is told by the log, and the loop goes on.")]
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(interval, time, stop);
                try
                {
                    if (await isMine(stop)) await LookAsync(stop);
                }
                catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
                {
                    RisMailLog.MailboxUnreadable(
                        logger, e is MailboxFaultException ? e.Message : e.GetType().Name);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The way this ends.
        }
    }

    /// <summary>Takes what has come since the last look.</summary>
    /// <returns>How many notifications.</returns>
    /// <exception cref="MailboxFaultException">The mailbox cannot be read.</exception>
    /// <exception cref="StorageFaultException">What was read could not be kept; it comes again.</exception>
    public async Task<int> LookAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            return await mailbox.TakeAsync(TakeAsync, cancellation);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task TakeAsync(IReadOnlyList<MailNotification> notifications, CancellationToken cancellation)
    {
        foreach (var (named, notice) in notifications)
        {
            // An envelope id is the first half of the Message-ID.
            var messageId = named.Contains('@', StringComparison.Ordinal) ? named : $"{named}@{policy.Sender.Domain}";
            if (await reports.FindByMailAsync(messageId, cancellation) is not { } report)
            {
                RisMailLog.UnknownMail(logger, notice.Kind);
                continue;
            }

            await reports.ExecuteAsync(report, new ReceiveMailNotice(messageId, notice), null, cancellation);
            RisMailLog.Notified(logger, report, notice.Kind);
        }
    }
}
