using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Pdf;
using static Drimbox.Hl7.Cda.CdaNames;

namespace Drimbox.Hl7.Cda;

/// <summary>A document as PDF, for those who have no software that reads CDA. Source: MSSanté, socle 2, ECO.2.1.5: the
/// PDF that the document holds; else its header and a transcription of its narrative.</summary>
public static class CdaPrint
{
    /// <param name="at">The creation date of a PDF that is made.</param>
    /// <returns>Null with the reason: not a CDA, nothing to print, or a text too long.</returns>
    public static byte[]? TryWrite(
        ReadOnlyMemory<byte> cda, CdaHeader header, DateTimeOffset at, out Refusal? refusal)
    {
        if (HardenedXml.TryLoad(cda, Limits.CdaBytesMax, out refusal) is not { Root: { } root }) return null;
        if (Embedded(root) is { } pdf) return pdf;
        var sections = root.Descendants(V3 + "section").Select(Printed).Where(s => s.Text.Length > 0).ToList();
        if (sections.Count == 0)
        {
            refusal = new Refusal(RefusalReason.DataType, "The document holds neither a PDF nor a narrative.");
            return null;
        }

        var signer = header.LegalAuthenticator ?? header.Author;
        return ReportPdf.TryWrite(
            new PrintedReport(
                header.Title,
                header.ResponsibleOrganization?.Name ?? "",
                [$"{header.Patient.BirthName} {header.Patient.FirstGivenName}"],
                [$"{header.Type.Display} {header.EffectiveTime}".Trim()],
                sections,
                signer is null ? "" : $"{signer.GivenName} {signer.FamilyName}",
                [],
                header.LanguageCode.Length > 0 ? header.LanguageCode : "fr-FR",
                at),
            out refusal);
    }

    // Level 1 has it in nonXMLBody/text, level 3 in the observationMedia of the section of attached documents.
    private static byte[]? Embedded(XElement root)
    {
        var holders = root.Elements(V3 + "component").Elements(V3 + "nonXMLBody").Elements(V3 + "text")
            .Concat(root.Descendants(V3 + "observationMedia").Elements(V3 + "value"));
        foreach (var holder in holders)
        {
            if ((string?)holder.Attribute("mediaType") != "application/pdf") continue;
            try
            {
                return Convert.FromBase64String(holder.Value);
            }
            catch (FormatException)
            {
                // Not base64: as if it were not there.
            }
        }

        return null;
    }

    private static PrintedSection Printed(XElement section)
    {
        var lines = section.Element(V3 + "text")?.DescendantNodes().OfType<XText>()
            .Select(text => string.Join(' ', text.Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))
            .Where(line => line.Length > 0) ?? [];
        return new PrintedSection(CdaReader.Text(section.Element(V3 + "title")), string.Join('\n', lines));
    }
}
