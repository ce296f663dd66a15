using System.Xml.Linq;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp.Registry;

/// <summary>author: a classification without code, whose slots are authorPerson, authorInstitution, authorRole and
/// authorSpecialty. Source: ITI TF-3 4.2.3.2.1.</summary>
internal static class AuthorCodec
{
    public static XElement Write(string scheme, string owner, int number, Author author) =>
        new(Rim + "Classification",
            new XAttribute("classificationScheme", scheme),
            new XAttribute("classifiedObject", owner),
            new XAttribute("id", $"{owner}.cl{number}"),
            new XAttribute("objectType", ObjectType.Classification),
            new XAttribute("nodeRepresentation", ""),
            EbRim.Slot("authorPerson", HealthText.FormatXcn(author.Person)),
            author.Role is { } role ? EbRim.Slot("authorRole", role) : null,
            author.Specialty is { } specialty
                ? EbRim.Slot("authorSpecialty", HealthText.FormatSpecialty(specialty))
                : null,
            author.Institution.Id.IsEmpty
                ? null
                : EbRim.Slot("authorInstitution", HealthText.FormatXon(author.Institution)));

    /// <summary>Every author; at least one with an authorPerson is wanted (R2 in IHE, R in the CI-SIS).</summary>
    public static IReadOnlyList<Author> ReadAll(XElement owner, string scheme, ICollection<string> problems)
    {
        var authors = new List<Author>();
        foreach (var classification in EbRim.Classifications(owner, scheme))
        {
            var xcn = EbRim.SlotValue(classification, "authorPerson");
            var person = xcn is null ? null : HealthText.TryParseXcn(xcn);
            if (person is null)
            {
                problems.Add("authorPerson is absent or no XCN");
                continue;
            }

            var institution = new Organization(default, "", "");
            if (EbRim.SlotValue(classification, "authorInstitution") is { } xon)
            {
                if (HealthText.TryParseXon(xon) is { } parsed) institution = parsed;
                else problems.Add("authorInstitution is not an XON");
            }

            var specialty = EbRim.SlotValue(classification, "authorSpecialty");
            authors.Add(new Author(
                person, institution, EbRim.SlotValue(classification, "authorRole"),
                specialty is null ? null : HealthText.TryParseSpecialty(specialty)));
        }

        if (authors.Count == 0) problems.Add("author is absent");
        return authors;
    }
}
