using Drimbox.Core.Identity;
using Drimbox.Core.Mail;
using Drimbox.Core.Publications;

namespace Drimbox.Core.Reports;

/// <summary>What the RIS may be asked to do with a report.</summary>
public abstract record ReportCommand;

/// <summary>A report message arrived and was read and validated.</summary>
/// <param name="File">The document of the message; for a deletion without a readable document, the raw body.</param>
/// <param name="Sha1">Of the document, lower-case hexadecimal.</param>
public sealed record ReceiveReport(ReportMessage Message, StoredObject File, string Sha1) : ReportCommand
{
    /// <summary>The rendition for MSSanté of a document whose INS is not qualified, or null.</summary>
    public MailDocument? Mail { get; init; }

    /// <summary>MSH-10 of the message.</summary>
    public string? ControlId { get; init; }

    /// <summary>What the local base says of the patient; null where it was not asked.</summary>
    public PatientStanding? Patient { get; init; }

    /// <summary>Who asked for the examination, as the request of this RIS says, or null.</summary>
    public Professional? Requester { get; init; }
}

/// <summary>A RIS user writes the next version: a document of the RIS that replaces the head.</summary>
/// <param name="Header">The header of the new document, which must name the head as its parent.</param>
public sealed record AmendReport(CdaHeader Header, StoredObject File, string Sha1, string Actor) : ReportCommand
{
    /// <summary>Why, as the user says; null where nothing is said.</summary>
    public string? Reason { get; init; }

    /// <summary>What the kind of document asks for its publication (<see cref="PublicationDefaults"/>).</summary>
    public IReadOnlyList<PublicationDecision> Restrictions { get; init; } = [];

    /// <summary>The rendition for MSSanté of a document whose INS is not qualified, or null.</summary>
    public MailDocument? Mail { get; init; }
}

/// <summary>A RIS user changes who sees the report.</summary>
public sealed record ChangeVisibility(Visibility Visibility, string Actor) : ReportCommand;

/// <summary>A submission came to an end.</summary>
public sealed record EndSubmission(Uid SubmissionSetUniqueId, DispatchOutcome Outcome, string? Detail) : ReportCommand;

/// <summary>An operator asks for a publication that the registry refused to be tried again.</summary>
public sealed record RetryPublication(string Actor) : ReportCommand;

/// <summary>What the RIS knows of itself.</summary>
/// <param name="OwnStructures">Struct_IdNat (root and extension) of the structures it may publish for.</param>
/// <param name="SourceId">SubmissionSet.sourceId: the OID of this RIS.</param>
/// <param name="Defaults">Metadata that a document may lack.</param>
public sealed record RisPolicy(
    IReadOnlySet<InstanceIdentifier> OwnStructures, Uid SourceId, ReportEntryDefaults Defaults)
{
    /// <summary>A report of a patient whom the RIS does not know is refused (902).</summary>
    public bool KnownPatientsOnly { get; init; }

    /// <summary>How reports go to MSSanté; null: they do not.</summary>
    public MailPolicy? Mail { get; init; }

    public bool IsOwn(Organization organization) =>
        OwnStructures.Any(own => StructureIds.AreSame(own, organization.Id));
}

/// <summary>A copy of a version that must go to the DRIMbox (DB/RIS.12).</summary>
/// <param name="VisibilityOnly">MODIF_CONF_CODE: the document is unchanged.</param>
public sealed record ReportCopy(
    ReportAction Action, ReportVersion Version, PublicationChoices Choices, bool VisibilityOnly);

/// <summary>What a command leads to. A refusal may still record events (a refused input is kept).</summary>
/// <param name="Submission">The next change of the registry, or null.</param>
/// <param name="Copies">What the DRIMbox must be told, in order.</param>
public sealed record ReportDecision(
    IReadOnlyList<ReportEvent> Events, Submission? Submission, IReadOnlyList<ReportCopy> Copies, Refusal? Refusal)
{
    /// <summary>The mails that go on their way.</summary>
    public IReadOnlyList<MailSending> Mails { get; init; } = [];
}
