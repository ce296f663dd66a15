using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Requests;

/// <summary>A document that the RIS sent for a request: the request as it was written, or what helps to judge it.
/// </summary>
/// <param name="Type">ClinicalDocument/code.</param>
/// <param name="Replaces">The document before it, or null.</param>
/// <param name="Ins">Of whom it is.</param>
/// <param name="File">Byte for byte as received.</param>
public sealed record RequestAttachment(
    InstanceIdentifier DocumentId, Code Type, InstanceIdentifier? Replaces, InstanceIdentifier? Ins, StoredObject File)
{
    public bool IsOf(Patient patient) => !AreOthers(patient.Ins, Ins);

    /// <summary>True for two patients. A matricule can come later, or be replaced by one of another authority (NIA by
    /// NIR), but two of the same authority are two patients.</summary>
    public static bool AreOthers(InstanceIdentifier? known, InstanceIdentifier? stated) =>
        known is { } one && stated is { } other && one.Root == other.Root && one != other;
}

/// <summary>The documents of a request. Which of them count does not depend on the order in which they came.</summary>
/// <param name="Received">In the order of arrival.</param>
/// <param name="Deleted">Ids that were taken back, of documents that came or may come.</param>
public sealed record RequestAttachments(
    ImmutableList<RequestAttachment> Received, ImmutableHashSet<InstanceIdentifier> Deleted)
{
    public static RequestAttachments None { get; } = new([], []);

    /// <summary>Those to be read: neither replaced nor taken back, in the order of their ids.</summary>
    [JsonIgnore]
    public IReadOnlyList<RequestAttachment> Current =>
    [
        .. Received.Where(a => !Deleted.Contains(a.DocumentId) && !Received.Exists(b => b.Replaces == a.DocumentId))
            .OrderBy(a => a.DocumentId.ToString(), StringComparer.Ordinal),
    ];

    public RequestAttachment? Find(InstanceIdentifier document) => Received.Find(a => a.DocumentId == document);

    public RequestAttachments Add(RequestAttachment attachment) => this with { Received = Received.Add(attachment) };

    public RequestAttachments Delete(InstanceIdentifier document) => this with { Deleted = Deleted.Add(document) };

    public RequestAttachments OfPatient(Patient patient) =>
        this with { Received = Received.RemoveAll(a => !a.IsOf(patient)) };
}
