using System.Collections.Concurrent;
using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Gateway.Commands.Dicom;

/// <summary>Sends files over several associations that share the work: each takes the next file when its window
/// has room. One that is lost costs the files that were on their way in it; another takes its place.</summary>
/// <param name="request">Opens an association with these contexts.</param>
/// <param name="associations">How many at once, at least 1.</param>
/// <param name="answered">Called for each file with what became of it; by several threads at once.</param>
internal sealed class ParallelStore(
    Func<IReadOnlyList<ProposedContext>, CancellationToken, Task<Association>> request,
    int associations,
    Action<SendableFile, StoreOutcome> answered)
{
    // Three associations in a row without one answer: the peer is gone, or cannot take what we send.
    private const int FruitlessMax = 3;

    private readonly ConcurrentBag<Exception> _faults = [];
    private int _open;

    /// <summary>What ended associations early.</summary>
    public IReadOnlyCollection<Exception> Faults => _faults;

    /// <summary>The most that were open at once; 0 if there was none.</summary>
    public int AssociationCount { get; private set; }

    /// <exception cref="IOException">Not even the first association could be opened: nothing was sent. So with
    /// <see cref="SocketException"/> and <see cref="TimeoutException"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; what was answered until then was told.</exception>
    public async Task SendAsync(IReadOnlyList<SendableFile> files, CancellationToken cancellation)
    {
        foreach (var batch in BatchesOf(files)) await SendBatchAsync(batch, cancellation);
    }

    /// <summary>Groups of files that need at most 128 contexts (PS3.8 9.3.2.2); those of one SOP class, which need
    /// fewer than there are transfer syntaxes, stay together.</summary>
    internal static IEnumerable<Batch> BatchesOf(IReadOnlyList<SendableFile> files)
    {
        var contexts = new List<ProposedContext>();
        var batch = new List<SendableFile>();
        foreach (var sopClass in files.GroupBy(f => f.SopClassUid))
        {
            var needed = ContextsFor(sopClass);
            if (contexts.Count + needed.Count > Limits.PresentationContextsMax)
            {
                yield return new Batch(contexts, batch);
                (contexts, batch) = ([], []);
            }

            contexts.AddRange(needed);
            batch.AddRange(sopClass);
        }

        if (batch.Count > 0) yield return new Batch(contexts, batch);
    }

    // One context for each syntax that the files have, so that what is accepted says exactly what can be sent as it is;
    // one more, in which what is uncompressed may go converted.
    private static List<ProposedContext> ContextsFor(IGrouping<Uid, SendableFile> files)
    {
        var contexts = files.Where(f => !f.Syntax.IsDeflated).Select(f => f.TransferSyntaxUid).Distinct()
            .Select(syntax => new ProposedContext(files.Key, syntax)).ToList();
        if (files.Any(f => f.IsConvertible))
            contexts.Add(new ProposedContext(files.Key, SendableFile.UncompressedSyntaxes));
        return contexts;
    }

    private async Task SendBatchAsync(Batch batch, CancellationToken cancellation)
    {
        var queue = new ConcurrentQueue<SendableFile>(batch.Files);
        // The first alone: if it is refused there is nothing to share, and one reason to tell.
        Association? first = null;
        try
        {
            first = await OpenAsync(batch.Contexts, cancellation);
        }
        catch (Exception e) when (AssociationCount > 0 && IsFault(e))
        {
            _faults.Add(e);
        }

        if (first is not null)
        {
            await Task.WhenAll(Enumerable.Range(0, Math.Min(associations, batch.Files.Count))
                .Select(i => WorkAsync(i == 0 ? first : null, batch.Contexts, queue, cancellation)));
        }

        var why = _faults.FirstOrDefault()?.Message ?? "it was not sent";
        while (queue.TryDequeue(out var left)) answered(left, StoreOutcome.Lost(why));
    }

    private async Task WorkAsync(
        Association? given,
        IReadOnlyList<ProposedContext> contexts,
        ConcurrentQueue<SendableFile> queue,
        CancellationToken cancellation)
    {
        var fruitless = 0;
        while (!queue.IsEmpty && fruitless++ < FruitlessMax)
        {
            var underway = new ConcurrentDictionary<SendableFile, SendingFile>();
            Association? association = null;
            try
            {
                association = given ?? await OpenAsync(contexts, cancellation);
                given = null;
                await new CStoreScu(association).SendAllAsync(
                    Take(association, queue, underway),
                    (instance, status) =>
                    {
                        fruitless = 0;
                        var file = ((SendingFile)instance).File;
                        if (underway.TryRemove(file, out _)) answered(file, StoreOutcome.Of(status));
                    },
                    cancellation);
                await association.ReleaseAsync(cancellation);
            }
            catch (AssociationRejectedException e)
            {
                // The peer has a limit: those that stand do the work.
                _faults.Add(e);
                return;
            }
            catch (Exception e) when (IsFault(e))
            {
                GiveBack(underway, e, queue);
            }
            finally
            {
                if (association is not null)
                {
                    Interlocked.Decrement(ref _open);
                    await association.DisposeAsync();
                }
            }
        }
    }

    // The association is gone. If that was for a file of ours that cannot be read, it alone has failed, and those beside
    // it are sent once more; otherwise what was on its way is lost.
    private void GiveBack(
        ConcurrentDictionary<SendableFile, SendingFile> underway, Exception fault, ConcurrentQueue<SendableFile> queue)
    {
        var isOurs = underway.Values.Any(sending => sending.Fault is not null);
        if (!isOurs) _faults.Add(fault);
        foreach (var (file, sending) in underway)
        {
            if (sending.Fault is { } why) answered(file, StoreOutcome.NotSent($"cannot be read: {why}"));
            else if (isOurs) queue.Enqueue(file);
            else answered(file, StoreOutcome.Lost(fault.Message));
        }
    }

    private async Task<Association> OpenAsync(
        IReadOnlyList<ProposedContext> contexts, CancellationToken cancellation)
    {
        var association = await request(contexts, cancellation);
        lock (_faults) AssociationCount = Math.Max(AssociationCount, Interlocked.Increment(ref _open));
        return association;
    }

    private static bool IsFault(Exception e) =>
        e is IOException or SocketException or TimeoutException or UnauthorizedAccessException;

    private IEnumerable<InstanceSource> Take(
        Association association, ConcurrentQueue<SendableFile> queue, ConcurrentDictionary<SendableFile, SendingFile> underway)
    {
        while (queue.TryDequeue(out var file))
        {
            if (file.For(association) is not { } sending)
            {
                answered(file, StoreOutcome.NotSent(AcceptanceOf(association, file)));
                continue;
            }

            underway[file] = sending;
            yield return sending;
        }
    }

    private static string AcceptanceOf(Association association, SendableFile file)
    {
        var proposals = association.Requested.Contexts.Where(c => c.AbstractSyntax == file.SopClassUid)
            .Select(c => c.Id).ToHashSet();
        var answers = association.Negotiated.Contexts.Where(c => proposals.Contains(c.Id)).ToList();
        var name = $"{UidRegistry.NameOf(file.SopClassUid)} in {file.Syntax.Name}";
        return answers.Exists(a => a.Result == PresentationContextResult.Acceptance)
            ? $"not accepted: {name}, which would need a codec to become what the peer takes"
            : $"not accepted: {name}: {AssociationArguments.MeaningOf(answers.Count == 0 ? null : answers[0].Result)}";
    }

    internal sealed record Batch(IReadOnlyList<ProposedContext> Contexts, IReadOnlyList<SendableFile> Files);
}

/// <summary>What became of a file.</summary>
/// <param name="Status">What the peer answered, or null if it did not.</param>
/// <param name="Why">One sentence, for what was not stored.</param>
/// <param name="MayHelpToRetry">A second attempt may go better: the association was lost, or the peer was short of
/// something.</param>
internal sealed record StoreOutcome(DimseStatus? Status, string Why, bool MayHelpToRetry)
{
    public bool IsStored => Status is { IsSuccessOrWarning: true };

    public bool IsLost => Status is null && MayHelpToRetry;

    // PS3.4 B.2.3 and PS3.7 C.5: A7xx, 0110 and 0213 speak of the peer, the others of what was sent.
    public static StoreOutcome Of(DimseStatus status)
    {
        var why = $"{status.Code:X4} ({status.MeaningIn(DimseService.Storage)})";
        // What the peer says beside it goes to a terminal.
        if (status.Comment is { Length: > 0 } comment) why += $": {MatchTable.Printable(comment, 64)}";
        return new StoreOutcome(status, why, status.Code is 0x0110 or 0x0213 or (>= 0xA700 and <= 0xA7FF));
    }

    public static StoreOutcome Lost(string why) => new(null, why, true);

    public static StoreOutcome NotSent(string why) => new(null, why, false);
}
