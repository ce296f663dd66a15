using Drimbox.Core.Identity;

namespace Drimbox.Core.Publications;

/// <summary>The one place where a <see cref="Submission"/> is made.</summary>
internal static class Submissions
{
    /// <summary>TRE_A02-TypeActivite as used by the published samples for contentTypeCode.</summary>
    private const string ContentTypeSystem = "1.2.250.1.213.2.2";

    public static Submission Create(
        PublicationStep step,
        DecisionContext context,
        Uid sourceId,
        Author author,
        Code contentType,
        InstanceIdentifier patientId,
        SubmittedDocument? document)
    {
        Invariant.Holds(document is null == (step.Document is null));
        Invariant.Holds(document is null || document.Entry.UniqueId == step.Document);
        return new Submission(
            step.Kind, context.Ids.NewUid(), context.Now, sourceId, author, contentType, patientId, document,
            step.Target);
    }

    // Source: CDA volet, "Mapping XDS / Lot de soumission": PV1-2 I=>03, O=>07, R=>19, N=>97, E=>07.
    public static Code ContentTypeOf(string? patientClass) => patientClass switch
    {
        "I" => new Code("03", ContentTypeSystem, "Hospitalisation complète"),
        "R" => new Code("19", ContentTypeSystem, "Séances"),
        "N" => new Code("97", ContentTypeSystem, "Autre"),
        _ => new Code("07", ContentTypeSystem, "Consultation"),
    };
}
