using System.IO.Compression;
using System.Net;
using System.Text;
using System.Xml;
using Drimbox.Core.Mail;

namespace Drimbox.Dmp.Xdm;

/// <summary>IHE_XDM.zip with one document. Source: ITI TF-2 3.32.4.1.2; PS3.12 annex V (ZIP file over media): names of
/// eight characters and an extension of three, in upper case.</summary>
public static class XdmArchive
{
    public const string FileName = "IHE_XDM.zip";

    private const string Subset = "IHE_XDM/SUBSET01/";
    private const string Document = "DOC00001.XML";

    // Beside the folder of the submission set: METADATA.XML describes each document in it, and this is the same
    // document once more, for who has a browser alone.
    private const string Print = "PDF/DOC00001.PDF";

    /// <summary>Writes the archive. The same arguments give the same bytes.</summary>
    /// <param name="pdf">The document as PDF.</param>
    /// <param name="contact">Of the institution, for the README.TXT.</param>
    public static byte[] Write(
        XdmSubmissionSet set, ReadOnlySpan<byte> document, ReadOnlySpan<byte> pdf, MailAddress contact)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true, Encoding.UTF8))
        {
            Add(archive, "INDEX.HTM", set.Time, Encoding.UTF8.GetBytes(Index(set)));
            Add(archive, "README.TXT", set.Time, Encoding.UTF8.GetBytes(Readme(set, contact)));
            Add(archive, Subset + "METADATA.XML", set.Time, Metadata(set));
            Add(archive, Subset + Document, set.Time, document);
            Add(archive, Print, set.Time, pdf);
        }

        return stream.ToArray();
    }

    private static void Add(ZipArchive archive, string name, DateTimeOffset time, ReadOnlySpan<byte> content)
    {
        var entry = archive.CreateEntry(name, CompressionLevel.Optimal);
        entry.LastWriteTime = time.ToUniversalTime();
        using var stream = entry.Open();
        stream.Write(content);
    }

    private static byte[] Metadata(XdmSubmissionSet set)
    {
        using var stream = new MemoryStream();
        using (var writer = XmlWriter.Create(
                   stream, new XmlWriterSettings { Encoding = new UTF8Encoding(false), Indent = true }))
        {
            XdmMetadata.Write(set, Document).Save(writer);
        }

        return stream.ToArray();
    }

    // XHTML Basic.
    private static string Index(XdmSubmissionSet set) => $"""
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE html PUBLIC "-//W3C//DTD XHTML Basic 1.0//EN" "http://www.w3.org/TR/xhtml-basic/xhtml-basic10.dtd">
        <html xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr">
        <head><title>{Html(set.Entry.Title)}</title></head>
        <body>
        <h1>{Html(set.Entry.Title)}</h1>
        <p>{Html(set.Author.Institution.Name)}</p>
        <ul>
        <li><a href="{Print}">Document (PDF)</a></li>
        <li><a href="{Subset}{Document}">Document (CDA R2)</a></li>
        </ul>
        <p><a href="README.TXT">README.TXT</a></p>
        </body>
        </html>

        """;

    private static string Readme(XdmSubmissionSet set, MailAddress contact) => string.Join("\r\n",
        "Archive IHE XDM (Cross-Enterprise Document Media Interchange)",
        "",
        $"Emetteur : {set.Author.Institution.Name}",
        $"Contact : {contact}",
        $"Logiciel : Drimbox {typeof(XdmArchive).Assembly.GetName().Version?.ToString(3)}",
        "Contact pour le logiciel : celui de l'emetteur",
        "",
        "INDEX.HTM s'ouvre dans un navigateur et renvoie au document en PDF.",
        $"{Subset}METADATA.XML decrit le document {Subset}{Document} (CDA R2) pour un logiciel de sante.",
        "");

    private static string Html(string text) => WebUtility.HtmlEncode(text);
}
