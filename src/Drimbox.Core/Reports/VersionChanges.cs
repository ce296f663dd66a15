using System.Globalization;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Reports;

/// <summary>One thing that a version says otherwise than the one before.</summary>
/// <param name="Field">The element of the CDA header, as its standard names it.</param>
/// <param name="Before">Null where the version before says nothing.</param>
/// <param name="After">Null where this version says nothing.</param>
public sealed record VersionChange(string Field, string? Before, string? After);

/// <summary>What changed from one version of a report to another, as far as the header of the document tells. It names
/// patients.</summary>
public static class VersionChanges
{
    public static IReadOnlyList<VersionChange> Between(CdaHeader before, CdaHeader after) =>
        [.. Fields(before).Zip(Fields(after), (b, a) => new VersionChange(b.Field, b.Value, a.Value))
            .Where(change => change.Before != change.After)];

    private static IEnumerable<(string Field, string? Value)> Fields(CdaHeader header)
    {
        yield return ("title", Text(header.Title));
        yield return ("code", Of(header.Type));
        yield return ("effectiveTime", Text(header.EffectiveTime));
        yield return ("confidentialityCode", Of(header.Confidentiality));
        yield return ("languageCode", Text(header.LanguageCode));
        yield return ("setId", header.SetId?.ToString());
        yield return ("versionNumber", header.VersionNumber?.ToString(CultureInfo.InvariantCulture));
        yield return ("relatedDocument RPLC", header.Replaces?.ToString());
        yield return ("recordTarget id", Of(header.PatientIds));
        yield return ("recordTarget birth name", Text(header.Patient.BirthName));
        yield return ("recordTarget given names", Text(header.Patient.GivenNames));
        yield return ("recordTarget used name", Text(header.Patient.UsedName));
        yield return ("recordTarget birthTime", Text(header.Patient.BirthDate));
        yield return ("recordTarget administrativeGenderCode", Text(header.Patient.Sex));
        yield return ("recordTarget birthplace", Text(header.Patient.BirthPlace));
        yield return ("author", Of(header.Author));
        yield return ("author organization", Of(header.AuthorOrganization));
        yield return ("legalAuthenticator", Of(header.LegalAuthenticator));
        yield return ("legalAuthenticator organization", Of(header.LegalAuthenticatorOrganization));
        yield return ("custodian", Of(header.Custodian));
        yield return ("inFulfillmentOf order", Of(header.Orders.Select(o => o.PlacerOrderNumber)));
        yield return (
            "inFulfillmentOf accessionNumber", Of(header.Orders.Select(o => o.AccessionNumber ?? default)));
        yield return ("documentationOf study", Text(string.Join(", ", header.StudyInstanceUids)));
        yield return ("documentationOf modality", Of(header.ServiceEvents.SelectMany(e => e.Modalities)));
        yield return ("documentationOf region", Of(header.ServiceEvents.SelectMany(e => e.Regions)));
        yield return ("documentationOf act", Of(header.ServiceEvents.SelectMany(e => e.Acts)));
        yield return (
            "documentationOf effectiveTime",
            Text(string.Join(", ", header.ServiceEvents.Select(e => $"{e.Start}-{e.Stop}").Where(t => t != "-"))));
        yield return ("healthCareFacility", Of(header.HealthcareFacilityType));
        yield return ("component", header.IsLevel3 ? "structuredBody" : $"nonXMLBody {header.BodyMediaType}");
    }

    private static string? Text(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static string? Of(Code? code) => code is null ? null : $"{code.Value} {code.Display}".Trim();

    private static string? Of(IEnumerable<Code> codes) => Text(string.Join(", ", codes.Select(Of)));

    private static string? Of(IEnumerable<InstanceIdentifier> ids) =>
        Text(string.Join(", ", ids.Where(id => !id.IsEmpty)));

    private static string? Of(Professional? person) => person is null
        ? null
        : $"{person.Id.Extension} {person.FamilyName} {person.GivenName}".Trim();

    private static string? Of(Organization? organization) => organization is null
        ? null
        : $"{organization.Id.Extension} {organization.Name}".Trim();
}
