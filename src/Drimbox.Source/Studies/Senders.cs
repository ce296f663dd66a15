using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;

namespace Drimbox.Source.Studies;

/// <summary>Who may send messages to a source, told apart by MSH-3 and MSH-4. Where nobody is configured, everybody
/// may.</summary>
internal sealed class Senders(IReadOnlyList<SenderOptions> senders)
{
    private volatile IReadOnlyList<SenderOptions> _senders = senders;

    /// <summary>The answer to any other: AR, and nothing is kept, because the same message is welcome once the
    /// administrator has entered its sender.</summary>
    public static Refusal Stranger { get; } =
        new(RefusalReason.Unavailable, "This sender (MSH-3, MSH-4) is not configured here.", "MSH^1^3");

    /// <summary>Who may send from now on.</summary>
    public void Change(IReadOnlyList<SenderOptions> senders) => _senders = senders;

    public bool MaySend(InboxKey key) => _senders.Count == 0 || Find(key) is not null;

    /// <summary>Who sent a message; one that names its facility goes before one that does not. Null: nobody who is
    /// configured.</summary>
    public SenderOptions? Find(InboxKey key) => _senders
        .Where(s => s.Application == key.SendingApplication
            && (s.Facility.Length == 0 || s.Facility == key.SendingFacility))
        .MaxBy(s => s.Facility.Length);

    /// <summary>A message with what its sender leaves unsaid.</summary>
    public static ReportMessage Complete(ReportMessage message, SenderOptions? sender)
    {
        if (sender is null) return message;
        var known = message with { Origin = sender.Name };
        if (sender.PatientIdIssuer is not { } issuer
            || message.Patient.LocalId is not { IssuerOid.Length: 0, IssuerName.Length: 0 } id)
            return known;
        return known with
        {
            Patient = message.Patient with { LocalId = new LocalPatientId(id.Value, issuer.Oid, issuer.Name) },
        };
    }
}
