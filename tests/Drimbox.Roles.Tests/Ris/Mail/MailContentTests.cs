using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Drimbox.Core.Reports;
using Drimbox.Emulators.Mail;
using Drimbox.Tests.Source;
using MimeKit;
using static Drimbox.Tests.Ris.Mail.MailingRis;

namespace Drimbox.Tests.Ris.Mail;

/// <summary>What is in a mail: IHE_XDM.zip, the PDF, the text.</summary>
public sealed class MailContentTests
{
    private static readonly XNamespace Rim = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";

    [Fact]
    public async Task The_archive_holds_the_document_byte_for_byte_with_its_metadata()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A");
        using var message = Parse(await ris.MailAsync(Physician));
        var files = Unzip(message);

        Assert.Equal(
            [
                "IHE_XDM/SUBSET01/DOC00001.XML", "IHE_XDM/SUBSET01/METADATA.XML", "INDEX.HTM", "PDF/DOC00001.PDF",
                "README.TXT",
            ],
            files.Keys.Order(StringComparer.Ordinal));
        var document = files["IHE_XDM/SUBSET01/DOC00001.XML"];
        var version = Assert.Single((await ris.Ris.StateAsync("A")).Versions);
        Assert.Equal(version.Sha1, Convert.ToHexStringLower(SHA1.HashData(document)));

        var metadata = XDocument.Load(new MemoryStream(files["IHE_XDM/SUBSET01/METADATA.XML"])).Root!;
        var entry = Assert.Single(metadata.Descendants(Rim + "ExtrinsicObject"));
        Assert.Equal("DOC00001.XML", Slot(entry, "URI"));
        Assert.Equal(version.Sha1, Slot(entry, "hash"));
        Assert.Equal($"{document.Length}", Slot(entry, "size"));
        var set = metadata.Descendants(Rim + "RegistryPackage").Single();
        Assert.Equal("||^^Internet^" + Physician, Slot(set, "intendedRecipient"));
        Assert.All(
            metadata.Descendants(Rim + "ExternalIdentifier")
                .Where(e => ((string)e.Descendants(Rim + "LocalizedString").Single().Attribute("value")!)
                    .EndsWith(".patientId", StringComparison.Ordinal)),
            e => Assert.Equal("279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH", (string?)e.Attribute("value")));
    }

    [Fact]
    public async Task The_PDF_is_that_of_the_document_under_the_name_that_MSSante_wants()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A");
        using var message = Parse(await ris.MailAsync(Physician));

        var pdf = message.Attachments.OfType<MimePart>().Single(p => p.ContentType.MediaSubtype == "pdf");
        Assert.Equal("20261102_CR d'imagerie médicale_PAT-TROIS_DOMINIQUE.pdf", pdf.FileName);
        var files = Unzip(message);
        XNamespace v3 = "urn:hl7-org:v3";
        var held = XDocument.Load(new MemoryStream(files["IHE_XDM/SUBSET01/DOC00001.XML"]))
            .Descendants(v3 + "nonXMLBody").Elements(v3 + "text").Single().Value;
        Assert.Equal(Convert.FromBase64String(held), Content(pdf));
        Assert.Equal(Content(pdf), files["PDF/DOC00001.PDF"]);
        Assert.Equal("XDM/1.0/DDM+CR d'imagerie médicale PAT-TROIS DOMINIQUE 28/03/1979", message.Subject);
    }

    [Fact]
    [Requirement("FAQ MSSanté INS")]
    public async Task Nothing_of_a_mail_names_the_INS_of_a_patient_whose_INS_is_not_qualified()
    {
        await using var ris = await StartAsync();
        await ris.Ris.TakesAsync(Unqualified("A"));
        var mail = await ris.MailAsync(Physician);
        using var message = Parse(mail);

        var texts = Unzip(message).Values.Append(mail.Content)
            .Concat(message.BodyParts.OfType<MimePart>().Select(Content))
            .Select(Encoding.UTF8.GetString).Append(message.Subject).ToList();
        Assert.All(texts, text => Assert.DoesNotContain(SourceReports.Ins.Extension!, text, StringComparison.Ordinal));
        Assert.All(texts, text => Assert.DoesNotContain(SourceReports.Ins.Root, text, StringComparison.Ordinal));
        var metadata = Encoding.UTF8.GetString(Unzip(message)["IHE_XDM/SUBSET01/METADATA.XML"]);
        Assert.Contains("IPP101^^^&amp;1.2.250.1.213.4.5.2.4&amp;ISO^PI", metadata, StringComparison.Ordinal);
        var version = Assert.Single((await ris.Ris.StateAsync("A")).Versions);
        Assert.Contains(version.Mail!.DocumentId.Root, metadata, StringComparison.Ordinal);
    }

    [Fact]
    [Requirement("FAQ MSSanté INS")]
    public async Task A_patient_whose_INS_is_not_qualified_has_no_address()
    {
        await using var ris = await StartAsync();
        await ris.Ris.TakesAsync(Unqualified("A", Patient));
        await ris.MailAsync(Physician);

        Assert.Equal(Drimbox.Core.Mail.MailStatus.Refused, await ris.StatusAsync("A", Patient));
        Assert.Empty(ris.MailsTo(Patient));
    }

    [Fact]
    public async Task A_correction_answers_the_mail_that_it_replaces_and_says_so()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A");
        var first = await ris.MailAsync(Physician);
        await ris.EndedAsync();
        await ris.ReportAsync("B", "A");
        var second = await ris.MailAsync(Physician, 2);

        Assert.Equal(first.Header("Message-Id"), second.Header("In-Reply-To"));
        Assert.NotEqual(first.Header("Message-Id"), second.Header("Message-Id"));
        using var message = Parse(second);
        Assert.Contains("annule et remplace", message.TextBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_patient_gets_other_words_than_the_professional_and_may_be_kept_from_answering()
    {
        await using var ris = await StartAsync();
        // CORPSMAIL_PATIENT in base64, REPLY, and NTE-4 = FIN below DESTMSSANTEPAT.
        var text = Convert.ToBase64String("Votre scanner est normal, à bientôt."u8);
        var message = Encoding.UTF8.GetString(Mdm("A", to: [Physician, Patient]))
            .Replace(
                "PRT||UC||RCT^",
                $"PRT||UC||REPLY^Reply To^participation|||||||||||^^X.400^{Colleague}\rPRT||UC||RCT^",
                StringComparison.Ordinal);
        var at = message.IndexOf('\r', message.IndexOf("DESTMSSANTEPAT", StringComparison.Ordinal));
        message = message.Insert(at + 1, "NTE|1|||FIN\r").TrimEnd('\r')
            + $"\rOBX|20|ED|CORPSMAIL_PATIENT^Corps du mail pour le patient^MetaDMPMSS||^TEXT^^Base64^{text}||||||F\r";
        await ris.Ris.TakesAsync(Encoding.UTF8.GetBytes(message));

        var toPatient = await ris.MailAsync(Patient);
        var toPhysician = await ris.MailAsync(Physician);

        Assert.Equal("FIN", toPatient.Header("X-MSS-MES"));
        Assert.Null(toPhysician.Header("X-MSS-MES"));
        Assert.Equal(Colleague, toPhysician.Header("Reply-To"));
        using var patient = Parse(toPatient);
        Assert.Equal("Votre scanner est normal, à bientôt.", patient.TextBody!.Trim());
        using var physician = Parse(toPhysician);
        Assert.Contains("IHE_XDM.zip", physician.TextBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_has_a_report_that_is_withdrawn_is_told_so_in_a_mail_without_documents()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A");
        var first = await ris.MailAsync(Physician);
        await ris.EndedAsync();
        await ris.Ris.TakesAsync(SourceReports.Mdm("M-D", ReportAction.Delete, SourceReports.Report("A")));
        var second = await ris.MailAsync(Physician, 2);

        Assert.Equal(first.Header("Message-Id"), second.Header("In-Reply-To"));
        using var message = Parse(second);
        Assert.Equal("[Annulation] CR d'imagerie médicale PAT-TROIS DOMINIQUE 28/03/1979", message.Subject);
        Assert.Empty(message.Attachments);
        Assert.Contains("annulé", message.TextBody, StringComparison.Ordinal);
    }

    private static byte[] Unqualified(string name, params string[] more)
    {
        var message = Encoding.UTF8.GetString(Mdm(name, to: [Physician, .. more]));
        return Encoding.UTF8.GetBytes(message.Replace("|VALI", "|PROV", StringComparison.Ordinal));
    }

    private static MimeMessage Parse(ReceivedMail mail) => MimeMessage.Load(new MemoryStream(mail.Content));

    private static byte[] Content(MimePart part)
    {
        using var stream = new MemoryStream();
        part.Content!.DecodeTo(stream);
        return stream.ToArray();
    }

    private static Dictionary<string, byte[]> Unzip(MimeMessage message)
    {
        var part = message.Attachments.OfType<MimePart>().Single(p => p.FileName == "IHE_XDM.zip");
        using var archive = new ZipArchive(new MemoryStream(Content(part)));
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var entry in archive.Entries)
        {
            using var content = new MemoryStream();
            using var stream = entry.Open();
            stream.CopyTo(content);
            files[entry.FullName] = content.ToArray();
        }

        return files;
    }

    private static string? Slot(XElement owner, string name) =>
        owner.Elements(Rim + "Slot").Where(s => (string?)s.Attribute("name") == name)
            .Elements(Rim + "ValueList").Elements(Rim + "Value").Select(v => v.Value).FirstOrDefault();
}
