using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Dmp;
using Drimbox.Dmp.Registry;

namespace Drimbox.Tests.Simulation;

/// <summary>A submission as it arrives: what must be the same at each attempt.</summary>
internal sealed record SentSubmission(
    string SubmissionSet, int Report, SubmissionKind Kind, InstanceIdentifier? Document, string? Hash,
    Visibility Visibility, DateTimeOffset SubmissionTime, string? TargetUuid);

/// <summary>An entry of the simulated registry.</summary>
internal sealed record SimulatedEntry(
    string Uuid, int Report, InstanceIdentifier Document, string Hash, AvailabilityStatus Status, Visibility Visibility,
    bool IsInitial);

/// <summary>Thrown where something happened that must never happen.</summary>
internal sealed class SimulationViolationException(string what) : Exception(what);

/// <summary>The registry by the rules of ITI TF-3 that matter here, which says at once what must not be: a document
/// that is registered twice, a report with two Approved entries, other bytes under a known id.</summary>
/// <param name="checksTargetFirst">A registry may tell of the deprecated target before it tells of the repeat.</param>
internal sealed class SimulatedRegistry(bool checksTargetFirst)
{
    private readonly HashSet<string> _sets = new(StringComparer.Ordinal);
    private readonly List<SimulatedEntry> _entries = [];
    private readonly Dictionary<int, string> _refused = [];

    public IReadOnlyList<SimulatedEntry> Entries => _entries;

    /// <summary>The registry answers every submission of a report so, and does not do it, or does all the
    /// same.</summary>
    public void Refuse(int report, string code) => _refused[report] = code;

    public void AcceptAll() => _refused.Clear();

    public bool DoesWhatItRefuses { get; set; }

    public XdsAnswer Execute(SentSubmission sent)
    {
        if (_refused.TryGetValue(sent.Report, out var code))
        {
            if (DoesWhatItRefuses && !_sets.Contains(sent.SubmissionSet)) Commit(sent);
            return Failure(code);
        }

        var duplicate = _sets.Contains(sent.SubmissionSet);
        if (duplicate && !checksTargetFirst) return Failure("XDSDuplicateUniqueIdInRegistry");
        if (sent.TargetUuid is { } uuid)
        {
            var target = _entries.Find(entry => entry.Uuid == uuid);
            if (target is null) return Failure("UnresolvedReferenceException");
            if (target.Status != AvailabilityStatus.Approved)
            {
                return Failure(sent.Kind == SubmissionKind.Replace
                    ? "XDSRegistryDeprecatedDocumentError"
                    : "XDSMetadataUpdateError");
            }
        }

        if (duplicate) return Failure("XDSDuplicateUniqueIdInRegistry");
        if (sent.Document is { } document
            && _entries.Exists(entry => entry.Document == document && entry.Hash != sent.Hash))
            throw new SimulationViolationException("other bytes under a known unique id");
        Commit(sent);
        return new XdsAnswer.Answered(RegistryResponse.Success);
    }

    /// <summary>ITI-18 GetDocuments: deleted entries are not shown.</summary>
    public List<SimulatedEntry> Find(InstanceIdentifier document) =>
        [.. _entries.Where(e => e.Document == document && e.Status != AvailabilityStatus.Deleted)];

    /// <summary>Somebody else deletes the Approved entry of a document.</summary>
    public void DeleteByOthers(InstanceIdentifier document)
    {
        var index = _entries.FindIndex(e => e.Document == document && e.Status == AvailabilityStatus.Approved);
        if (index >= 0) _entries[index] = _entries[index] with { Status = AvailabilityStatus.Deleted };
    }

    private void Commit(SentSubmission sent)
    {
        _sets.Add(sent.SubmissionSet);
        if (sent.TargetUuid is { } uuid)
        {
            var index = _entries.FindIndex(entry => entry.Uuid == uuid);
            if (index >= 0)
            {
                _entries[index] = _entries[index] with
                {
                    Status = sent.Kind == SubmissionKind.Delete
                        ? AvailabilityStatus.Deleted
                        : AvailabilityStatus.Deprecated,
                };
            }
        }

        if (sent.Document is not { } document) return;
        var initial = sent.Kind != SubmissionKind.ChangeVisibility;
        _entries.Add(new SimulatedEntry(
            $"urn:uuid:{_entries.Count}", sent.Report, document, sent.Hash!, AvailabilityStatus.Approved,
            sent.Visibility, initial));
        if (initial && _entries.Count(entry => entry.Document == document && entry.IsInitial) > 1)
            throw new SimulationViolationException("a document was registered twice");
        if (_entries.Count(e => e.Report == sent.Report && e.Status == AvailabilityStatus.Approved) > 1)
            throw new SimulationViolationException("a report has two Approved entries");
    }

    private static XdsAnswer.Answered Failure(string code) =>
        new(RegistryResponse.Failure(new RegistryError(code, "")));
}
