using Drimbox.Core.Identity;
using Drimbox.Core.Publications;

namespace Drimbox.Tests;

/// <summary>A registry with the rules of ITI TF-3 that matter here: unique ids once, RPLC of an Approved entry only,
/// no change of an entry that is gone. It throws where a real registry would refuse: our submissions never make it
/// refuse.</summary>
internal sealed class FakeDmpRegistry
{
    private readonly Dictionary<InstanceIdentifier, (AvailabilityStatus Status, Visibility Visibility)> _entries = [];

    public int Submissions { get; private set; }

    public IReadOnlyList<InstanceIdentifier> Approved => [.. _entries
        .Where(e => e.Value.Status == AvailabilityStatus.Approved).Select(e => e.Key)
        .OrderBy(id => id.ToString(), StringComparer.Ordinal)];

    public bool IsApproved(InstanceIdentifier document) =>
        _entries.TryGetValue(document, out var entry) && entry.Status == AvailabilityStatus.Approved;

    public Visibility VisibilityOf(InstanceIdentifier document) => _entries[document].Visibility;

    public bool Knows(InstanceIdentifier document) => _entries.ContainsKey(document);

    public void Submit(Submission submission)
    {
        Submissions++;
        if (submission.Target is { } target)
        {
            Assert.Equal(AvailabilityStatus.Approved, _entries[target].Status);
            if (submission.Kind != SubmissionKind.ChangeVisibility)
            {
                _entries[target] = _entries[target] with
                {
                    Status = submission.Kind == SubmissionKind.Delete
                        ? AvailabilityStatus.Deleted
                        : AvailabilityStatus.Deprecated,
                };
            }
        }

        if (submission.Document is not { } document) return;
        var id = document.Entry.UniqueId;
        Assert.Equal(submission.Kind == SubmissionKind.ChangeVisibility, _entries.ContainsKey(id));
        _entries[id] = (AvailabilityStatus.Approved, document.Entry.Visibility);
    }
}
