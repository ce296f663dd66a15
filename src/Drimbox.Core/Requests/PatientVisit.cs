using Drimbox.Core.Identity;

namespace Drimbox.Core.Requests;

/// <summary>An identifier with the authority as HL7 v2 writes it (CX): visits and accounts of a site, whose authority
/// often has a name and no OID.</summary>
/// <param name="Value">CX-1.</param>
/// <param name="AuthorityName">CX-4.1; empty where unknown.</param>
/// <param name="AuthorityId">CX-4.2; empty where unknown.</param>
/// <param name="AuthorityIdType">CX-4.3: ISO, M (local); empty where unknown.</param>
/// <param name="TypeCode">CX-5: VN, AN; empty where unknown.</param>
public sealed record AssignedIdentifier(
    string Value, string AuthorityName, string AuthorityId, string AuthorityIdType, string TypeCode);

/// <summary>The visit of a patient (PV1).</summary>
/// <param name="PatientClass">PV1-2: E, I, N, O, R.</param>
/// <param name="Number">PV1-19: the appointment in the teleradiology volet, the visit in the CDA volet.</param>
/// <param name="Admission">PV1-44 as written (TS), or null.</param>
/// <param name="Discharge">PV1-45 as written (TS), or null.</param>
public sealed record PatientVisit(
    string PatientClass, AssignedIdentifier? Number, string? Admission, string? Discharge);

/// <summary>PID as a whole: who the patient is and how sure that is.</summary>
/// <param name="Reliability">The repetitions of PID-32 (HL7 0445, French extension).</param>
/// <param name="Account">PID-18, or null.</param>
public sealed record StatedPatient(
    Patient Identity, IReadOnlyList<string> Reliability, AssignedIdentifier? Account);
