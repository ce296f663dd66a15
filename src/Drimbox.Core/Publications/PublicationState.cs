using System.Collections.Immutable;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Publications;

/// <summary>An entry of the registry as we know it from the outcomes of our submissions.</summary>
public sealed record PublishedDocument(AvailabilityStatus Status, Visibility Visibility);

/// <summary>What the registry should hold for one report or manifest: this document, seen by these.</summary>
public sealed record WantedDocument(InstanceIdentifier UniqueId, Visibility Visibility);

/// <summary>One step toward what is wanted.</summary>
/// <param name="Document">The document that is published, replaced with or changed; null for a deletion.</param>
/// <param name="Target">The document that is replaced, changed or deleted; null for a first publication.</param>
/// <param name="Visibility">Of <paramref name="Document"/>.</param>
public sealed record PublicationStep(
    SubmissionKind Kind, InstanceIdentifier? Document, InstanceIdentifier? Target, Visibility Visibility);

/// <summary>A submission that was decided and whose outcome is not known yet.</summary>
public sealed record SubmissionInFlight(Uid SubmissionSetUniqueId, PublicationStep Step);

/// <summary>
/// What one lane of publications knows: what the registry holds, and what is on its way. The next step is always
/// computed from what is wanted now, so a version that was overtaken before it was sent is never sent
/// (docs/adr/0008).
/// </summary>
/// <param name="Refused">The step that the registry refused for good: not tried again until something else is
/// wanted or a person asks.</param>
public sealed record PublicationState(
    ImmutableDictionary<InstanceIdentifier, PublishedDocument> Documents,
    ImmutableList<SubmissionInFlight> InFlight,
    PublicationStep? Refused)
{
    public static PublicationState Empty { get; } =
        new(ImmutableDictionary<InstanceIdentifier, PublishedDocument>.Empty, [], null);

    public IEnumerable<InstanceIdentifier> Approved =>
        Documents.Where(d => d.Value.Status == AvailabilityStatus.Approved).Select(d => d.Key);

    /// <summary>The next step toward <paramref name="wanted"/> (null: nothing shall be Approved), or null while
    /// one is on its way, when all is as wanted, or when the registry has refused this very step.</summary>
    public PublicationStep? Next(WantedDocument? wanted)
    {
        if (!InFlight.IsEmpty) return null;
        var step = Toward(wanted);
        return step == Refused ? null : step;
    }

    private PublicationStep? Toward(WantedDocument? wanted)
    {
        var approved = Approved.OrderBy(id => id.ToString(), StringComparer.Ordinal).ToList();
        if (wanted is null) return approved.Count > 0 ? Delete(approved[0]) : null;

        if (!approved.Contains(wanted.UniqueId))
        {
            // An id that was published once and is no longer Approved cannot be published again (ITI TF-3
            // 4.2.3.2.26): a person must decide; the deciders make sure that this is never wanted.
            if (Documents.ContainsKey(wanted.UniqueId)) return null;
            return approved.Count == 0
                ? new PublicationStep(SubmissionKind.Publish, wanted.UniqueId, null, wanted.Visibility)
                : new PublicationStep(SubmissionKind.Replace, wanted.UniqueId, approved[0], wanted.Visibility);
        }

        // Two entries that were published before a message told that they are one report.
        var other = approved.FirstOrDefault(id => id != wanted.UniqueId);
        if (!other.IsEmpty) return Delete(other);

        return Documents[wanted.UniqueId].Visibility == wanted.Visibility
            ? null
            : new PublicationStep(
                SubmissionKind.ChangeVisibility, wanted.UniqueId, wanted.UniqueId, wanted.Visibility);
    }

    public PublicationState Decided(Uid submissionSetUniqueId, PublicationStep step) =>
        this with { InFlight = InFlight.Add(new SubmissionInFlight(submissionSetUniqueId, step)) };

    /// <summary>The state after an outcome: only <see cref="DispatchOutcome.Done"/>,
    /// <see cref="DispatchOutcome.Stale"/> and <see cref="DispatchOutcome.Quarantine"/> end a submission.</summary>
    public PublicationState Ended(Uid submissionSetUniqueId, DispatchOutcome outcome)
    {
        var flight = InFlight.Find(f => f.SubmissionSetUniqueId == submissionSetUniqueId);
        if (flight is null) return this;
        var landed = this with { InFlight = InFlight.Remove(flight), Refused = null };
        return outcome switch
        {
            DispatchOutcome.Done => landed with { Documents = landed.Apply(flight.Step) },
            // The target is no longer Approved there: it is not ours to replace, so the next step is decided without.
            DispatchOutcome.Stale => landed with { Documents = landed.Forget(flight.Step) },
            DispatchOutcome.Quarantine => landed with { Refused = flight.Step },
            _ => this,
        };
    }

    /// <summary>The operator asks for the refused step again.</summary>
    public PublicationState Retried() => this with { Refused = null };

    public PublicationState MergedWith(PublicationState other) => new(
        Documents.AddRange(other.Documents.Where(d => !Documents.ContainsKey(d.Key))),
        InFlight.AddRange(other.InFlight),
        Refused ?? other.Refused);

    private ImmutableDictionary<InstanceIdentifier, PublishedDocument> Apply(PublicationStep step)
    {
        var documents = Documents;
        if (step is { Kind: SubmissionKind.Replace or SubmissionKind.Delete, Target: { } target })
        {
            var status = step.Kind == SubmissionKind.Delete ? AvailabilityStatus.Deleted : AvailabilityStatus.Deprecated;
            documents = documents.SetItem(target, new PublishedDocument(status, VisibilityOf(target)));
        }

        return step.Document is { } document
            ? documents.SetItem(document, new PublishedDocument(AvailabilityStatus.Approved, step.Visibility))
            : documents;
    }

    private ImmutableDictionary<InstanceIdentifier, PublishedDocument> Forget(PublicationStep step) =>
        step.Target is { } target
            ? Documents.SetItem(target, new PublishedDocument(AvailabilityStatus.Deprecated, VisibilityOf(target)))
            : Documents;

    private Visibility VisibilityOf(InstanceIdentifier document) =>
        Documents.GetValueOrDefault(document)?.Visibility ?? Visibility.Normal;

    private static PublicationStep Delete(InstanceIdentifier target) =>
        new(SubmissionKind.Delete, null, target, Visibility.Normal);
}
