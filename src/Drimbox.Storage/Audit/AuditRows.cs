using Drimbox.Core.Audit;

namespace Drimbox.Storage;

/// <summary>A record with its place in the trail.</summary>
/// <param name="Link">Its number, and the hash that the next record is chained to.</param>
public sealed record AuditRow(AuditLink Link, AuditRecord Record);

/// <summary>Which records to list, the newest first. What is named must all be so.</summary>
/// <param name="Event">Code of the EventID, or of the EventTypeCode.</param>
/// <param name="From">Not before it.</param>
/// <param name="Until">Before it.</param>
/// <param name="BeforeId">Continue before this record, which is there; null from the newest.</param>
public sealed record AuditFilter(
    string? Patient = null,
    string? User = null,
    string? Document = null,
    string? Study = null,
    string? Event = null,
    AuditOutcome? Outcome = null,
    DateTimeOffset? From = null,
    DateTimeOffset? Until = null,
    long? BeforeId = null,
    int Max = 100)
{
    internal IEnumerable<AuditKey> Keys()
    {
        if (Patient is not null) yield return new AuditKey(AuditKeyKind.Patient, Patient);
        if (User is not null) yield return new AuditKey(AuditKeyKind.User, User);
        if (Document is not null) yield return new AuditKey(AuditKeyKind.Document, Document);
        if (Study is not null) yield return new AuditKey(AuditKeyKind.Study, Study);
    }
}

/// <summary>Where a trail begins and ends. Each process of a flow that has several writes a trail of its own, so that none
/// waits for another (docs/adr/0035).</summary>
/// <param name="First">What the oldest record follows: the end of what was removed after its time.</param>
/// <param name="Last">The newest record. Whoever writes this down can have it checked later.</param>
public sealed record AuditTrailEnds(int Trail, AuditLink First, AuditLink Last);

/// <summary>What a check of every record has found.</summary>
/// <param name="Records">Looked at, the broken one not included.</param>
/// <param name="Trails">As far as they were looked at.</param>
/// <param name="BrokenAt">The first record that is not as it was written; null: none.</param>
/// <param name="Why">In our own words, or null; where nothing is broken, what could not be looked at.</param>
public sealed record AuditVerdict(long Records, IReadOnlyList<AuditTrailEnds> Trails, long? BrokenAt, string? Why)
{
    public bool Holds => BrokenAt is null;
}
