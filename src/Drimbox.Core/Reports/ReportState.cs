using System.Collections.Immutable;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;

namespace Drimbox.Core.Reports;

/// <summary>A report in the RIS: every version, the deletions, the choices of the RIS user, and its publication.</summary>
/// <param name="Head">The last document of the lineage, or null while only deletions are known.</param>
/// <param name="ChosenVisibility">What a RIS user chose; null: the choices of the head count.</param>
/// <param name="MergedInto">The report that this one ended in.</param>
public sealed record ReportState(
    ImmutableList<ReportVersion> Versions,
    ImmutableList<LineageNode> Deletions,
    InstanceIdentifier? Head,
    Visibility? ChosenVisibility,
    PublicationState Publication,
    ReportId? MergedInto)
{
    public static ReportState Empty { get; } = new([], [], null, null, PublicationState.Empty, null);

    public bool IsNew => Versions.IsEmpty && Deletions.IsEmpty;

    public ReportVersion? HeadVersion => Head is { } head ? Find(head) : null;

    public IReadOnlySet<InstanceIdentifier> Withdrawn => Lineage.Withdrawn(Nodes, Deletions);

    public bool HeadIsWithdrawn => Head is { } head && Withdrawn.Contains(head);

    public InstanceIdentifier? SetId => Versions.Find(v => v.Header.SetId is not null)?.Header.SetId;

    public IReadOnlyList<LineageNode> Nodes => Versions.ConvertAll(NodeOf);

    /// <summary>Who sees the report: the RIS user's choice, else that of the head's message.</summary>
    public Visibility Visibility => ChosenVisibility ?? HeadVersion?.Choices.Visibility ?? Visibility.Normal;

    /// <summary>What the registry should hold: the head, unless it is withdrawn, not meant for the DMP, or of a
    /// patient without a qualified INS (DB.SO.11).</summary>
    public WantedDocument? Wanted =>
        HeadVersion is { InsQualified: true, Choices.ToDmp: true } head && !HeadIsWithdrawn
            ? new WantedDocument(head.DocumentId, Visibility)
            : null;

    public ReportVersion? Find(InstanceIdentifier documentId) => Versions.Find(v => v.DocumentId == documentId);

    /// <summary>The spelling under which a document is known here, or <paramref name="id"/> itself: TXA-12 may write
    /// root and extension as one (<see cref="DocumentKey"/>).</summary>
    public InstanceIdentifier AsKnown(InstanceIdentifier id)
    {
        var key = DocumentKey.Of(id);
        foreach (var version in Versions)
        {
            if (DocumentKey.Of(version.DocumentId) == key) return version.DocumentId;
            if (version.Parent is { } parent && DocumentKey.Of(parent) == key) return parent;
        }

        return Deletions.Find(d => DocumentKey.Of(d.Id) == key)?.Id ?? id;
    }

    /// <summary>True if a known document says that it replaced <paramref name="documentId"/>, or a deletion names
    /// it: a document that arrives late and only fills a gap.</summary>
    public bool IsAwaited(InstanceIdentifier documentId) =>
        Versions.Exists(v => v.Parent == documentId)
        || Deletions.Exists(d => d.Id == documentId || d.Parent == documentId);

    public static LineageNode NodeOf(ReportVersion version) =>
        new(version.DocumentId, version.Parent, version.Header.VersionNumber, version.Sequence);
}
