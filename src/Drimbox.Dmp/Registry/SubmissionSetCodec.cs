using System.Globalization;
using System.Xml.Linq;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp.Registry;

/// <summary>SubmissionSet and rim:RegistryPackage. Source: ITI TF-3 4.2.3.3, 4.2.5.1.</summary>
public static class SubmissionSetCodec
{
    /// <summary>The symbolic id of every submission set of ours (facts document 2.2).</summary>
    public const string SymbolicId = "SubmissionSet01";

    public static XElement Write(Submission submission) => Write(
        submission.SubmissionTime, null, submission.Document?.Entry.Title, submission.Author, submission.ContentType,
        HealthText.FormatCx(submission.PatientId, "NH"), submission.SourceId, submission.SubmissionSetUniqueId);

    /// <param name="intendedRecipient">A slot, or null.</param>
    /// <param name="title">Null: it has no name.</param>
    /// <param name="patientId">CX.</param>
    internal static XElement Write(
        DateTimeOffset time,
        XElement? intendedRecipient,
        string? title,
        Author author,
        Code contentType,
        string patientId,
        Uid sourceId,
        Uid uniqueId) =>
        new(Rim + "RegistryPackage",
            new XAttribute("id", SymbolicId),
            new XAttribute("objectType", ObjectType.RegistryPackage),
            EbRim.Slot("submissionTime", FormatTime(time)),
            intendedRecipient,
            title is null ? null : EbRim.Name(title),
            AuthorCodec.Write(ClassificationScheme.SubmissionSetAuthor, SymbolicId, 1, author),
            EbRim.CodeClassification(ClassificationScheme.ContentTypeCode, SymbolicId, 2, contentType),
            new XElement(Rim + "Classification",
                new XAttribute("classificationNode", ClassificationScheme.SubmissionSetNode),
                new XAttribute("classifiedObject", SymbolicId),
                new XAttribute("id", $"{SymbolicId}.cl3"),
                new XAttribute("objectType", ObjectType.Classification)),
            EbRim.ExternalIdentifier(
                IdentificationScheme.SubmissionSetPatientId, SymbolicId, 1, patientId, "XDSSubmissionSet.patientId"),
            EbRim.ExternalIdentifier(
                IdentificationScheme.SubmissionSetSourceId, SymbolicId, 2, sourceId.ToString(),
                "XDSSubmissionSet.sourceId"),
            EbRim.ExternalIdentifier(
                IdentificationScheme.SubmissionSetUniqueId, SymbolicId, 3, uniqueId.ToString(),
                "XDSSubmissionSet.uniqueId"));

    /// <summary>Reads a submission set; problems as in <see cref="DocumentEntryCodec.TryRead"/>.</summary>
    public static SubmissionSetEntry? TryRead(XElement element, ICollection<string> problems)
    {
        var read = new MetadataReader(element, problems);
        var id = read.Attribute("id");
        var patientId = read.Identifier(
            IdentificationScheme.SubmissionSetPatientId, "SubmissionSet.patientId", HealthText.TryParseCx);
        var sourceId = read.Identifier(IdentificationScheme.SubmissionSetSourceId, "SubmissionSet.sourceId", ParseOid);
        var uniqueId = read.Identifier(IdentificationScheme.SubmissionSetUniqueId, "SubmissionSet.uniqueId", ParseOid);
        var time = read.Time("submissionTime", required: true);
        var contentType = read.Code(ClassificationScheme.ContentTypeCode, "contentTypeCode");
        var authors = AuthorCodec.ReadAll(element, ClassificationScheme.SubmissionSetAuthor, problems);
        return problems.Count > 0
            ? null
            : new SubmissionSetEntry(
                id!, Uid.Parse(uniqueId!.Value.Root), Uid.Parse(sourceId!.Value.Root), time!, patientId!.Value,
                authors[0], contentType, EbRim.LocalizedValue(element, "Name"));
    }

    /// <summary>DTM in UTC, to the second. ITI TF-3 table 4.2.3.1.7-2.</summary>
    public static string FormatTime(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);

    // ITI TF-3 4.2.3.3.7 and .12: an OID of at most 64 characters, without extension.
    private static InstanceIdentifier? ParseOid(string text) =>
        Uid.TryParse(text, out var uid) ? InstanceIdentifier.Create(uid.ToString(), null) : null;
}
