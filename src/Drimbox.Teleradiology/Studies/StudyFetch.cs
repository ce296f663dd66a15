using Drimbox.Core;
using Drimbox.Core.Publications;
using Drimbox.Core.Requests;
using Drimbox.Grains.Dispatch;
using Drimbox.Grains.Requests;
using Drimbox.Grains.Streams;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Teleradiology.Studies;

/// <summary>Fetches the study of an examination from the archive.</summary>
internal sealed class StudyFetch(
    IStudyRetrieval retrieval,
    ExpectedStudies studies,
    PlatformRequestGrain grain,
    TimeProvider time,
    ILogger<StudyFetch> logger) : IOutboxHandler, IDisposable
{
    private readonly SemaphoreSlim _places = new(Limits.StudyFetchesMax);

    /// <inheritdoc/>
    public async Task<DispatchVerdict> HandleAsync(DispatchAttempt attempt, CancellationToken cancellationToken)
    {
        // Fetches may last; waiting here would take the place of a report that could leave.
        if (!await _places.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            return new DispatchVerdict(
                DispatchOutcome.Retry, "Other studies are being fetched.", time.GetUtcNow() + Limits.StudyFetchWait);
        }

        try
        {
            attempt.Start();
            return await FetchAsync(attempt.Row, cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose()
    {
        (retrieval as IDisposable)?.Dispose();
        _places.Dispose();
    }

    private async Task<DispatchVerdict> FetchAsync(ClaimedRow row, CancellationToken cancellationToken)
    {
        var (order, study) = EventCodec.Read<FetchPayload>(row.Payload);
        using var expected = studies.TryExpect(study);
        if (expected is null) return DispatchVerdict.Retry("A former attempt is still ending.");
        if (await retrieval.RetrieveAsync(study, expected, cancellationToken) is { } failure)
        {
            TeleradiologyLog.StudyNotFetched(logger, row.Id, failure);
            return DispatchVerdict.Retry(failure);
        }

        var reply = await grain.ExecuteAsync(
            [(order, new RecordStudyFetched(study, expected.Stored))],
            null, new OutboxResult(row.Id, row.Epoch, DispatchOutcome.Done), cancellationToken);
        if (reply.LeaseLost) TeleradiologyLog.LeaseLost(logger, row.Id);
        else TeleradiologyLog.StudyFetched(logger, row.Id, expected.Stored);
        return DispatchVerdict.Recorded;
    }
}
