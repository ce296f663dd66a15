using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;

namespace Drimbox.Tests.Requests;

/// <summary>Requests of one synthetic patient.</summary>
internal static class RequestSamples
{
    public static readonly RisAuthorities Authorities = new(
        Uid.Parse("1.2.250.1.999.1"), Uid.Parse("1.2.250.1.999.2"), Uid.Parse("1.2.250.1.999.3"));

    public static readonly DateTimeOffset Now = new(2026, 11, 2, 9, 0, 0, TimeSpan.Zero);

    public static readonly StatedPatient Patient = PatientOf("279035121518989");

    public static StatedPatient PatientOf(string ins) => new(
        new Patient(
            InstanceIdentifier.Create(NationalAuthorities.InsNirTest, ins), null, "PAT-TROIS", "DOMINIQUE", "DOMINIQUE",
            null, "19790328", "F", "63220"),
        ["VALI"], null);

    public static InstanceIdentifier Order(string number) => InstanceIdentifier.Create("1.2.250.1.748.1", number);

    /// <param name="order">Null where the requester gave none.</param>
    public static ImagingRequest Request(string? order, string modality = "CT", StatedPatient? patient = null) => new(
        order is null ? default : Order(order), patient ?? Patient, new PatientVisit("N", null, null, null), "20261102",
        null,
        new Professional(InstanceIdentifier.Create(NationalAuthorities.Persons, "801234567897"), "ADAM", "HODA"), null,
        new Organization(
            InstanceIdentifier.Create(NationalAuthorities.Organizations, "300017985"), "Centre d'imagerie", "FINEG"),
        "Douleur", [], new Code(modality, "DCM", modality), [], Knee, [], null, null, null);

    public static AnatomicRegion Knee { get; } = new(new Code("361291001", "SCT", "région entière du genou"), null);

    public static RequestDocument Document(string name, string content = "a") => new(
        InstanceIdentifier.Create("1.2.250.1.999.7", name), RequestDocumentRole.Supplement,
        new Code("11502-2", "2.16.840.1.113883.6.1", "CR d'examens biologiques"), null, new StoredObject(content, 1));

    public static PostExamination Examination(string order, string? accession, Uid study) => new(
        Order(order), Patient, new PatientVisit("N", null, null, null), "20261102100000", 730,
        accession is null ? default : InstanceIdentifier.Create("1.2.250.1.999.2", accession),
        new Code("24725-4", "2.16.840.1.113883.6.1", ""), study, new Code("24725-4", "2.16.840.1.113883.6.1", ""), null,
        new Code("24725-4", "LN", "Scanner"), null, null, [], []);

    public static IReadOnlyList<RequestProposal> Plan(
        IReadOnlyList<RequestOrder> requests, InstanceIdentifier? documentOrder = null, params string[] taken) =>
        RequestPlan.Of(
            requests, documentOrder, Authorities, taken.ToHashSet(StringComparer.Ordinal), new SequentialIds());

    /// <summary>The state after commands that are all taken.</summary>
    public static RisRequestState After(RisRequestState state, params IReadOnlyList<RisRequestCommand> commands)
    {
        foreach (var command in commands)
        {
            var decision = RisRequestDecider.Decide(state, command, new DecisionContext(Now, new SequentialIds()));
            Assert.Null(decision.Refusal);
            state = decision.Events.Aggregate(state, RisRequestDecider.Evolve);
        }

        return state;
    }

    public static RisRequestDecision Decide(RisRequestState state, RisRequestCommand command) =>
        RisRequestDecider.Decide(state, command, new DecisionContext(Now, new SequentialIds()));

    /// <summary>A request that is placed with so many examinations.</summary>
    public static RisRequestState Placed(string order, int examinations = 1)
    {
        var wishes = Enumerable.Repeat(new ExaminationOrder(new Code("CT", "DCM", "CT"), Knee), examinations).ToList();
        var plan = Plan([new RequestOrder(Request(order), wishes)])[0];
        return After(
            RisRequestState.Empty, new PlaceRequest(plan.Request, plan.AccessionNumber, plan.Examinations));
    }
}
