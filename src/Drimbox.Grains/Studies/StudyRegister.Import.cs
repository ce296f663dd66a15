using System.Runtime.CompilerServices;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Studies;
using Drimbox.Grains.Streams;
using Drimbox.Storage;

namespace Drimbox.Grains.Studies;

/// <content>Histories of studies that leave for another source, and that come from one.</content>
public sealed partial class StudyRegister
{
    private const int DocumentsPerPage = 1_000;

    /// <summary>Empty for a study that nothing is known of.</summary>
    public async Task<StudyHistory> ReadHistoryAsync(Uid study, CancellationToken cancellation) => new(
        study,
        [.. (await _parts.Store.LoadAsync(new StreamId(LaneOf(study)), 0, cancellation))
            .Select(row => EventCodec.FromRow<StudyEvent>(row))]);

    /// <summary>Takes over what another source knows of a study; the bytes that it refers to are in the object store
    /// already. It may be longer than what was taken over before, and the same again changes nothing. A submission that
    /// was on its way there is set aside here: who tries it again has the registry asked first. Where the PACS had not
    /// been asked there, it is asked here.</summary>
    public async Task<HistoryImport> ImportAsync(StudyHistory history, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            if (await ImportOnceAsync(history, cancellation) is { } import) return import;
        }

        throw new TimeoutException("The study kept changing while its history was taken over.");
    }

    /// <summary>The documents that belong to no study yet.</summary>
    public async IAsyncEnumerable<AwaitedDocument> ListAwaitedDocumentsAsync(
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var prefix = $"{_parts.Node}/document/";
        StreamId? after = null;
        while (await _parts.Store.ListStreamsAsync(prefix, after, DocumentsPerPage, cancellation) is { Count: > 0 } page)
        {
            foreach (var entry in page)
            {
                var key = InstanceIdentifier.Create(entry.Stream.Value[prefix.Length..], null);
                var state = await DocumentOf(key).CatchUpAsync(cancellation);
                if (state.Studies.IsEmpty) yield return new AwaitedDocument(key, state.IsDeleted, state.IsReplaced);
            }

            after = page[^1].Stream;
        }
    }

    /// <summary>Takes over what is known of documents that have not come yet.</summary>
    public async Task ImportAsync(IReadOnlyList<AwaitedDocument> documents, CancellationToken cancellation)
    {
        foreach (var document in documents)
        {
            var events = new List<DocumentEvent>();
            if (document.IsDeleted) events.Add(new DocumentDeleted());
            if (document.IsReplaced) events.Add(new DocumentReplaced());
            CommitResult committed;
            do
            {
                var stream = DocumentOf(document.Key);
                var state = await stream.CatchUpAsync(cancellation);
                committed = await _parts.Store.CommitAsync(
                    new FlowCommit
                    {
                        Appends = [stream.Append(events.FindAll(e => ReportDocument.Evolve(state, e) != state))],
                    },
                    cancellation);
            }
            while (committed is CommitResult.VersionConflict);
        }
    }

    private async Task<HistoryImport?> ImportOnceAsync(StudyHistory history, CancellationToken cancellation)
    {
        var known = (await ReadHistoryAsync(history.Study, cancellation)).Events;
        for (var i = 0; i < Math.Min(known.Count, history.Events.Count); i++)
        {
            if (EventCodec.ToRow(known[i]).Json == EventCodec.ToRow(history.Events[i]).Json) continue;
            return new HistoryImport(
                HistoryTaken.Contradiction,
                $"record {i + 1} is {history.Events[i].GetType().Name} there and another {known[i].GetType().Name} "
                + "here");
        }

        if (history.Events.Count <= known.Count) return new HistoryImport(HistoryTaken.AlreadyThere);
        var added = history.Events.Skip(known.Count).ToList();
        added.AddRange(history.State.Publication.InFlight.Select(flight => new ManifestSubmissionEnded(
            flight.SubmissionSetUniqueId, DispatchOutcome.Quarantine,
            "It was on its way when the study was taken over from another DRIMbox: try it again.",
            _parts.Time.GetUtcNow())));
        var appends = new List<StreamAppend>
        {
            new(new StreamId(LaneOf(history.Study)), known.Count, [.. added.Select(e => EventCodec.ToRow(e))]),
        };
        foreach (var (document, happened) in DocumentsOf(history))
        {
            var stream = DocumentOf(document);
            var state = await stream.CatchUpAsync(cancellation);
            appends.Add(stream.Append(happened.FindAll(e => ReportDocument.Evolve(state, e) != state
                && !(e is DocumentLinked linked && linked.Studies.All(state.Studies.Contains)))));
        }

        var committed = await _parts.Store.CommitAsync(
            new FlowCommit
            {
                Appends = appends,
                Outbox = RowsOf(
                    history.Study, new StudyDecision([], null, Evaluate: history.AwaitsPacs, null, null), askFirst: false,
                    _parts.QuietTime, _parts.Time.GetUtcNow()),
                Links = [.. DaysIn(history.Study, added)],
                Aliases = [.. VersionsIn(added).Select(version => new AliasRow(
                    ManifestKind, version.SopInstanceUid.ToString(), history.Study.ToString()))],
            },
            cancellation);
        return committed switch
        {
            CommitResult.Committed => new HistoryImport(HistoryTaken.Imported),
            CommitResult.AliasTaken taken => new HistoryImport(
                HistoryTaken.Contradiction, $"manifest {taken.Existing.Key} is one of another study here"),
            _ => null,
        };
    }

    /// <summary>What the messages of the RIS look documents up by: which studies they are about, and what came before
    /// them.</summary>
    private static List<(InstanceIdentifier Document, List<DocumentEvent> Happened)> DocumentsOf(StudyHistory history)
    {
        var documents = new Dictionary<InstanceIdentifier, List<DocumentEvent>>();
        void Add(InstanceIdentifier document, DocumentEvent happened)
        {
            var key = StudyReports.KeyOf(document);
            if (!documents.TryGetValue(key, out var events)) documents.Add(key, events = []);
            if (!events.Exists(e => e.GetType() == happened.GetType())) events.Add(happened);
        }

        foreach (var e in history.Events)
        {
            switch (e)
            {
                case ReportCopyReceived { Report: var report }:
                    Add(report.DocumentId, new DocumentLinked([history.Study]));
                    if (report.Parent is { } parent) Add(parent, new DocumentReplaced());
                    break;
                case ReportCopyDeleted deleted:
                    Add(deleted.DocumentId, new DocumentLinked([history.Study]));
                    Add(deleted.DocumentId, new DocumentDeleted());
                    break;
                case ReportCopyReplaced replaced:
                    Add(replaced.DocumentId, new DocumentLinked([history.Study]));
                    Add(replaced.DocumentId, new DocumentReplaced());
                    break;
            }
        }

        return [.. documents.Select(d => (d.Key, d.Value))];
    }
}
