using Drimbox.Core.Identity;
using Drimbox.Core.Mail;
using Drimbox.Core.Reports;
using Drimbox.Tests.Studies;

namespace Drimbox.Tests.Mail;

/// <summary>MSSanté, socle 2, ECO.2.1.3 and ECO.2.1.6.</summary>
public sealed class MailTextTests
{
    private static CdaHeader Header(string birthName, string given, string birthDate = "19781126") =>
        StudyFixture.Header("A") with
        {
            Patient = StudyFixture.Patient with
            {
                BirthName = birthName, FirstGivenName = given, BirthDate = birthDate,
            },
        };

    [Fact]
    public void The_subject_has_the_label_and_the_patient_without_accents()
    {
        Assert.Equal(
            "XDM/1.0/DDM+CR d'imagerie médicale LECUME-ECUYER Zoe 26/11/1978",
            MailText.Subject(Header("Lécumé-Écuyer", "Zoé")));
        // A day that no calendar has is left away.
        Assert.Equal(
            "XDM/1.0/DDM+CR d'imagerie médicale VIAL Paul", MailText.Subject(Header("VIAL", "Paul", "19780000")));
    }

    [Fact]
    public void A_label_is_cut_after_40_characters()
    {
        var header = Header("VIAL", "Paul") with
        {
            Type = new Code("34133-9", ReportCodes.Loinc, "Lettre de liaison à la sortie d'un établissement de soins"),
        };

        Assert.Equal(
            "XDM/1.0/DDM+Lettre de liaison à la sortie d'un établ VIAL Paul 26/11/1978", MailText.Subject(header));
    }

    [Fact]
    public void A_name_cannot_add_a_header_or_a_folder()
    {
        var header = Header("VIAL\r\nBcc: a@b.fr", "../Pa_ul");

        Assert.DoesNotContain('\n', MailText.Subject(header));
        Assert.Equal("20261102_CR d'imagerie médicale_VIAL  BCC  A@B.FR_.. Pa ul.pdf", MailText.PdfName(header));
    }

    [Fact]
    public void Every_code_of_the_table_stands_for_itself_and_others_for_their_class()
    {
        foreach (var code in SmtpErrors.Codes) Assert.Equal($"{code}", SmtpErrors.Of(code).Code);
        Assert.Equal(("451", "554"), (SmtpErrors.Of(499).Code, SmtpErrors.Of(599).Code));
        Assert.Equal(
            ["550", "552", "554"],
            ((string[])["5.1.1", "5.2.2", "nonsense"]).Select(status => SmtpErrors.OfStatus(status).Code));
    }
}
