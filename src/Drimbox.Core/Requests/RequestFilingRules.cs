using Drimbox.Core.Identity;

namespace Drimbox.Core.Requests;

/// <summary>What requests that are filed together must have in common.</summary>
public static class RequestFilingRules
{
    /// <summary>A document and an examination are of one patient, and so are all requests that share one.</summary>
    public static Refusal? Check(IEnumerable<RisRequestState> requests)
    {
        Patient? first = null;
        foreach (var patient in requests.Select(r => r.Request?.Patient.Identity).OfType<Patient>())
        {
            if (first is not null && AreOthers(first, patient))
            {
                return new Refusal(
                    RefusalReason.PatientMismatch, "The requests are not of one patient.", "PID^1^3");
            }

            first ??= patient;
        }

        return null;
    }

    // One of them may not have its INS yet: then the traits must be the same.
    private static bool AreOthers(Patient a, Patient b) =>
        (a.Ins is { } one && b.Ins is { } other && one != other) || StrictTraits.FirstDifference(a, b) is not null;
}
