using System.Text;
using System.Xml;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Hl7.Pdf;
using static Drimbox.Hl7.Cda.CdaNames;

namespace Drimbox.Hl7.Cda;

/// <summary>
/// The document that goes to MSSanté in place of one whose INS is not qualified: it carries neither the INS nor its
/// OID, has an identifier of its own, and says what it was made of (relatedDocument XFRM, CDA R2 4.2.3.1). It is kept
/// beside the version and never sent to the DMP.
/// </summary>
public static class MailRendition
{
    // CDA R2, ClinicalDocument: what follows relatedDocument.
    private static readonly string[] AfterRelatedDocument = ["authorization", "componentOf", "component"];

    // FR-Documents-ajoutes, [0..1] in a report (schematron CI-SIS_IMG-CR-IMG_2024.01).
    private const string AttachedDocuments = "1.2.250.1.213.1.1.2.37";

    /// <summary>Makes the rendition of a document.</summary>
    /// <param name="id">ClinicalDocument/id of the rendition.</param>
    /// <param name="setId">The same for the renditions of all versions of a report. They cannot have that of the
    /// report: setId and versionNumber name one document.</param>
    /// <param name="replaces">The rendition that was sent of the version before, or null.</param>
    /// <returns>The rendition in UTF-8, or null with the reason: not a CDA, the INS stands in its text too, or its body
    /// is a file that may show the INS (docs/adr/0020).</returns>
    public static byte[]? TryWrite(
        ReadOnlyMemory<byte> cda,
        InstanceIdentifier id,
        InstanceIdentifier setId,
        InstanceIdentifier? replaces,
        out Refusal? refusal)
    {
        if (HardenedXml.TryLoad(cda, Limits.CdaBytesMax, out refusal) is not { } document) return null;
        if (document.Root is not { } root || root.Name != V3 + "ClinicalDocument"
            || root.Element(V3 + "id") is not { } own || !root.Elements().Any(IsAfterRelatedDocument))
        {
            refusal = new Refusal(RefusalReason.DataType, "The document is no CDA R2 with an id.");
            return null;
        }

        var ins = new InsMentions(RemoveIns(root));
        var parent = new XElement(own);
        Name(own, id);
        if (root.Element(V3 + "setId") is { } set) Name(set, setId);
        Relate(root, parent, replaces);
        refusal = CheckFiles(root, ins) ?? (StillNames(root, ins)
            ? new Refusal(RefusalReason.DataType, "The INS stands in the text of the document too.")
            : null);
        if (refusal is not null) return null;

        return Write(document);
    }

    /// <summary>Takes away every identifier under an OID of the INS.</summary>
    /// <returns>The matricules.</returns>
    private static HashSet<string> RemoveIns(XElement root)
    {
        var ids = root.Descendants()
            .Where(e => NationalAuthorities.IsIns(((string?)e.Attribute("root"))?.Trim())).ToList();
        var matricules = ids.Select(id => ((string?)id.Attribute("extension"))?.Trim())
            .OfType<string>().Where(m => m.Length > 0).ToHashSet(StringComparer.Ordinal);
        foreach (var id in ids)
        {
            // PatientRole.id is 1..*: a patient who is known by the INS alone is left without an identifier.
            if (id.Parent!.Elements(id.Name).Count() == 1)
                id.ReplaceAttributes(new XAttribute("nullFlavor", "NI"));
            else
                id.Remove();
        }

        return matricules;
    }

    private static void Name(XElement element, InstanceIdentifier id) => element.ReplaceAttributes(
        new XAttribute("root", id.Root), id.Extension is null ? null : new XAttribute("extension", id.Extension));

    private static void Relate(XElement root, XElement parent, InstanceIdentifier? replaces)
    {
        // What the report replaces is not what the recipient has.
        root.Elements(V3 + "relatedDocument").Remove();
        var next = root.Elements().First(IsAfterRelatedDocument);
        if (replaces is { } before)
        {
            var replaced = new XElement(V3 + "id");
            Name(replaced, before);
            next.AddBeforeSelf(Related("RPLC", replaced));
        }

        next.AddBeforeSelf(Related("XFRM", parent));
    }

    private static XElement Related(string typeCode, XElement id) => new(
        V3 + "relatedDocument", new XAttribute("typeCode", typeCode), new XElement(V3 + "parentDocument", id));

    private static bool IsAfterRelatedDocument(XElement element) =>
        AfterRelatedDocument.Contains(element.Name.LocalName);

    /// <summary>What the files within the document show must be known. A PDF of this program is read; what is attached
    /// to a structured body is left out, since the sections say it; anything else is not sent.</summary>
    private static Refusal? CheckFiles(XElement root, InsMentions ins)
    {
        foreach (var file in CdaBody.FilesOf(root))
        {
            if (IsWithoutIns(file, ins)) continue;
            var attachment = file.Ancestors(V3 + "section").FirstOrDefault(section =>
                section.Elements(V3 + "templateId").Any(id => (string?)id.Attribute("root") == AttachedDocuments));
            if (attachment?.Parent is not { } component)
                return new Refusal(RefusalReason.DataType, "A file within the document may show the INS.");
            // Two files of one section.
            if (component.Parent is not null) component.Remove();
        }

        return null;
    }

    private static bool IsWithoutIns(XElement file, InsMentions ins) =>
        CdaBody.MediaTypeOf(file) == "application/pdf" && CdaBody.BytesOf(file) is { } pdf
        && ReportPdfText.TryRead(pdf) is { } text && !ins.StandIn(text.Everything);

    private static bool StillNames(XElement root, InsMentions ins) =>
        root.DescendantNodesAndSelf().Any(node => node switch
        {
            XElement e => e.Attributes().Any(a => ins.StandIn(a.Value)),
            XText { Parent: { } holder } text =>
                (string?)holder.Attribute("representation") != "B64" && ins.StandIn(text.Value),
            XComment comment => ins.StandIn(comment.Value),
            XProcessingInstruction instruction => ins.StandIn(instruction.Data),
            _ => false,
        });

    private static byte[] Write(XDocument document)
    {
        using var stream = new MemoryStream();
        using (var writer = XmlWriter.Create(
                   stream, new XmlWriterSettings { Encoding = new UTF8Encoding(false), Indent = false }))
        {
            document.Save(writer);
        }

        return stream.ToArray();
    }
}
