using Drimbox.Core.Identity;
using Drimbox.Core.Studies;

namespace Drimbox.Grains.Studies;

/// <summary>Everything that a source knows of a study, for another source to go on with (DB.SO.29, DB.SO.30).</summary>
/// <param name="Events">In their order; the bytes that they refer to go beside them.</param>
public sealed record StudyHistory(Uid Study, IReadOnlyList<StudyEvent> Events)
{
    /// <summary>Of one source, or of several one after the other.</summary>
    public StudyState State => Events.Aggregate(StudyState.Empty, StudyDecider.Evolve);

    /// <summary>The manifests, oldest first.</summary>
    public IReadOnlyList<ManifestVersion> Manifests => State.Manifests;

    /// <summary>The PACS has not told yet what it shows, or could not: it must be asked.</summary>
    public bool AwaitsPacs
    {
        get
        {
            var answered = Events.ToList().FindLastIndex(e =>
                e is ManifestBuilt or ManifestConfirmed or ManifestWithheld { Reason: not WithheldReason.PacsUnreachable });
            return Events.Skip(answered + 1).Any(e => e is ReportCopyReceived or ReportCopyDeleted or ReportCopyReplaced
                or ReportCopyVisibilityChanged or StudyChangeNoticed or ManifestWithheld);
        }
    }

    /// <summary>The submissions that took effect and were kept, oldest first, each with the step that it was.</summary>
    public IEnumerable<(ManifestSubmissionDecided Decided, ManifestSubmissionEnded Ended)> Kept() =>
        from ended in Events.OfType<ManifestSubmissionEnded>()
        where ended.Kept is not null
        let decided = Events.OfType<ManifestSubmissionDecided>()
            .FirstOrDefault(d => d.SubmissionSetUniqueId == ended.SubmissionSetUniqueId)
        where decided is not null
        select (decided, ended);
}

/// <summary>A document that only its deletion or its replacement has told of yet: it belongs to no study, and must not
/// count when it comes.</summary>
/// <param name="Key">As <see cref="StudyReports.KeyOf"/> writes it.</param>
public sealed record AwaitedDocument(InstanceIdentifier Key, bool IsDeleted, bool IsReplaced);

/// <summary>What became of a history that was to be taken over.</summary>
public enum HistoryTaken
{
    /// <summary>It is known here now.</summary>
    Imported,

    /// <summary>It was known already; nothing was written.</summary>
    AlreadyThere,

    /// <summary>What is known here is no part of it, nor it of what is known: nothing was written.</summary>
    Contradiction,
}

/// <param name="Detail">Of a contradiction: where it is, without patient data.</param>
public sealed record HistoryImport(HistoryTaken Taken, string? Detail = null);
