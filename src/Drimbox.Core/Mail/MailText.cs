using System.Globalization;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;

namespace Drimbox.Core.Mail;

/// <summary>The words of a mail: subject, text, name of the PDF. None of them has the INS. Source: MSSanté, socle 2,
/// ECO.2.1.3 (subject) and ECO.2.1.6 (name of the PDF), as quoted by the CDA volets for mail.</summary>
public static class MailText
{
    /// <summary>What makes a mail one with documents (ITI TF-2 3.32, ZIP over email).</summary>
    public const string SubjectPrefix = "XDM/1.0/DDM+";

    // ECO.2.1.3 and .6 cut the label of the document type there.
    private const int LabelLengthMax = 40;

    // XDM/1.0/DDM+CR d'imagerie médicale DUPONT Jean 26/11/1978: label, birth name and first given name without
    // accents, date of birth.
    public static string Subject(CdaHeader header) => SubjectPrefix + About(header);

    /// <summary>Of a mail without documents: a report was withdrawn.</summary>
    public static string WithdrawalSubject(CdaHeader header) => "[Annulation] " + About(header);

    public static string WithdrawalBody(ReportVersion version) => string.Join(
        "\r\n",
        "Bonjour,",
        "",
        "Le compte rendu que ce service vous a transmis par le courriel auquel celui-ci répond a été annulé.",
        "Merci de ne plus en tenir compte.",
        "",
        StructureOf(version.Header),
        "");

    private static string About(CdaHeader header)
    {
        var patient = header.Patient;
        var subject = $"{Label(header)} {Plain(patient.BirthName).ToUpperInvariant()} "
            + Plain(patient.FirstGivenName);
        return DateTime.TryParseExact(
                patient.BirthDate, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var born)
            ? string.Create(CultureInfo.InvariantCulture, $"{subject} {born:dd/MM/yyyy}")
            : subject;
    }

    // 20150802_CR d'imagerie médicale_DUPONT_Jean.pdf: the day of the act, then as above.
    public static string PdfName(CdaHeader header)
    {
        var start = header.ServiceEvents.Select(e => e.Start).FirstOrDefault(s => s is { Length: >= 8 })
            ?? header.EffectiveTime;
        var day = start.Length >= 8 ? start[..8] : start;
        string[] parts =
        [
            day, Label(header), Plain(header.Patient.BirthName).ToUpperInvariant(),
            Plain(header.Patient.FirstGivenName),
        ];
        return string.Join('_', parts.Select(FilePart)) + ".pdf";
    }

    /// <summary>The text: that of the message where it brings one, else ours.</summary>
    public static string Body(ReportVersion version, MailRecipientKind kind)
    {
        var given = kind == MailRecipientKind.Patient
            ? version.MailInstructions?.PatientText
            : version.MailInstructions?.ProfessionalText;
        if (!string.IsNullOrWhiteSpace(given)) return given.ReplaceLineEndings("\r\n");
        var header = version.Header;
        var signer = header.LegalAuthenticator ?? header.Author;
        var text = new StringBuilder("Bonjour,\r\n\r\n");
        if (version.Parent is not null)
        {
            text.Append("Ce courriel annule et remplace celui qui vous a transmis la version précédente du document.")
                .Append("\r\n\r\n");
        }

        text.Append(kind == MailRecipientKind.Patient
            ? "Vous trouverez ci-joint, au format PDF, le compte rendu de votre examen"
            : "Veuillez trouver ci-joint un compte rendu concernant votre patient");
        text.Append(CultureInfo.InvariantCulture, $" : {(header.Title.Length > 0 ? header.Title : Label(header))}");
        if (signer is not null)
            text.Append(CultureInfo.InvariantCulture, $", validé par {signer.GivenName} {signer.FamilyName}");
        text.Append(".\r\n\r\n");
        text.Append(kind == MailRecipientKind.Patient
            ? "Pour toute question sur ce résultat, adressez-vous au médecin qui a demandé l'examen.\r\n"
            : "L'archive IHE_XDM.zip contient le même document pour votre logiciel.\r\n");
        return text.Append(CultureInfo.InvariantCulture, $"\r\n{StructureOf(header)}\r\n").ToString();
    }

    private static string StructureOf(CdaHeader header) =>
        header.ResponsibleOrganization?.Name is { Length: > 0 } name ? name : "Le service d'imagerie";

    private static string Label(CdaHeader header)
    {
        var label = OneLine(header.Type.Display.Length > 0 ? header.Type.Display : ReportCodes.ImagingReport.Display);
        return label.Length > LabelLengthMax ? label[..LabelLengthMax].TrimEnd() : label;
    }

    /// <summary>Without accents, in the case that it has.</summary>
    private static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var c in OneLine(text))
        {
            var folded = NameFolding.Fold(c.ToString());
            plain.Append(char.IsUpper(c) ? folded : folded.ToLowerInvariant());
        }

        return plain.ToString();
    }

    private static string OneLine(string text) =>
        string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)).Trim();

    // The underscore separates; the others are those that file systems do not take.
    private static string FilePart(string text) =>
        string.Concat(text.Select(c => "_/\\:*?\"<>|".Contains(c, StringComparison.Ordinal) ? ' ' : c)).Trim();
}
