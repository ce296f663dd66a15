using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Grains.Identity;
using Drimbox.Grains.Streams;
using Drimbox.Ris.Reports;

namespace Drimbox.Ris;

/// <summary>Records of the local base with the same five traits (IEPS 8).</summary>
public sealed record PatientDuplicate(InstanceIdentifier Patient, IReadOnlyList<InstanceIdentifier> SameTraitsAs);

/// <content>The local base of patients, and what professionals decide about publications.</content>
public sealed partial class RisNode
{
    private readonly PatientRegister _patients;
    private readonly MailDocuments _mail;

    /// <summary>A professional decides about the publication of a report; no new version.</summary>
    public Task<GrainReply> DecidePublicationAsync(
        ReportId report, PublicationDecision decision, Professional by, string actor, CancellationToken cancellation) =>
        _reports.ExecuteAsync(report, new DecidePublication(decision, by, actor), null, cancellation);

    /// <summary>The records that have the five traits of the report's patient under another identifier.</summary>
    public async Task<IReadOnlyList<InstanceIdentifier>> DuplicatesOfAsync(
        ReportState report, CancellationToken cancellation) => report.HeadVersion is { } head
            ? await _patients.DuplicatesOfAsync(head.Patient, cancellation)
            : [];

    /// <summary>Every record that may be a duplicate of another.</summary>
    public async Task<IReadOnlyList<PatientDuplicate>> ListDuplicatesAsync(CancellationToken cancellation)
    {
        var found = new List<PatientDuplicate>();
        foreach (var (key, state) in await _patients.ListAsync(cancellation))
        {
            if (state.Identity is not { } identity) continue;
            var others = await _patients.DuplicatesOfAsync(identity, cancellation);
            if (others.Count > 0) found.Add(new PatientDuplicate(key, others));
        }

        return found;
    }

    /// <summary>What the local base says of a patient.</summary>
    public Task<PatientState> GetPatientAsync(InstanceIdentifier patient, CancellationToken cancellation) =>
        _patients.GetAsync(patient, cancellation);

    /// <summary>The patient of a request of ours is known from then on.</summary>
    private async Task KnowAsync(StatedPatient patient, CancellationToken cancellation)
    {
        var now = Timestamp.From(_surroundings.Time.GetUtcNow()).ToUtc(TimeZoneInfo.Utc)!;
        await _patients.StateAsync(
            new PatientStatement(
                patient.Identity, patient.Reliability, DmpFeeding.NotCollected, DmpConsultation.NotCollected, now),
            null, cancellation);
    }
}
