using System.Text;
using Drimbox.Core.Mail;
using Drimbox.Dmp.Mail;

namespace Drimbox.Tests.Mail;

/// <summary>Notifications as other mail systems write them.</summary>
public sealed class NotificationReaderTests
{
    // The example of RFC 3464 appendix E.1, with addresses of our own and our envelope id.
    private const string Delivery = """
        Date: Thu, 7 Jul 1994 17:16:05 -0400
        From: Mail Delivery Subsystem <MAILER-DAEMON@CS.UTK.EXAMPLE>
        Message-Id: <199407072116.RAA14128@CS.UTK.EXAMPLE>
        Subject: Returned mail: Cannot send message for 5 days
        To: <imagerie@test-ci-sis.mssante.fr>
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status;
              boundary="RAA14128.773615765/CS.UTK.EXAMPLE"

        --RAA14128.773615765/CS.UTK.EXAMPLE

        The original message was received at Sat, 2 Jul 1994 17:10:28 -0400

        --RAA14128.773615765/CS.UTK.EXAMPLE
        content-type: message/delivery-status

        Reporting-MTA: dns; cs.utk.example
        Original-Envelope-Id: 0123456789abcdef0123456789abcdef

        Original-Recipient: rfc822;louisl@hopital.mssante.fr
        Final-Recipient: rfc822;louisl@hopital.mssante.fr
        Action: failed
        Status: 4.0.0
        Diagnostic-Code: smtp; 426 connection timed out
        Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400

        Final-Recipient: rfc822;other@hopital.mssante.fr
        Action: delivered
        Status: 2.0.0

        --RAA14128.773615765/CS.UTK.EXAMPLE--

        """;

    // As the page struct-msg-mdn of the CDA volet for mail describes it, with our mail given back whole.
    private const string Disposition = """
        Date: Tue, 20 Feb 2024 00:19:00 +0100
        From: serviceY_auto@chb.mssante.fr
        Message-ID: <20240220001900.12345@chb.mssante.fr>
        Subject: =?utf-8?q?=5BKO_Int=C3=A9gration_syst=C3=A8me_!=5D=5B902=5D?= XDM/1.0/DDM+CR VIAL Paul
        To: imagerie@test-ci-sis.mssante.fr
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=disposition-notification; boundary="b1"

        --b1
        Content-Type: text/plain; charset="UTF-8"
        Content-Transfer-Encoding: 8bit

        Le document n’a pas pu être intégré.

        --b1
        Content-Type: message/disposition-notification

        Reporting-UA: pfi.chb.mssante.fr; PFI
        Original-Recipient: rfc822;serviceY_auto@chb.mssante.fr
        Final-Recipient: rfc822;serviceY_auto@chb.mssante.fr
        Original-Message-ID: <ab@test-ci-sis.mssante.fr>
        Disposition: automatic-action/MDN-sent-automatically; processed/error
        Error: 902^Identifiant de patient inconnu^applicationErrorCondition| E^Error^errorSeverity

        --b1
        Content-Type: message/rfc822

        From: imagerie@test-ci-sis.mssante.fr
        Message-ID: <ab@test-ci-sis.mssante.fr>
        Subject: XDM/1.0/DDM+CR VIAL Paul

        Bonjour
        --b1--

        """;

    // The page struct-email-standard: for a system that was not asked for a notification.
    private const string Plain = """
        Date: Tue, 20 Feb 2024 00:19:00 +0100
        From: serviceY_auto@chb.mssante.fr
        Message-ID: <1@chb.mssante.fr>
        Subject: =?utf-8?q?=5BKO_Int=C3=A9gration_syst=C3=A8me_!=5D=5B902=5D?= XDM/1.0/DDM+CR VIAL Paul
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary="b2"

        --b2
        Content-Type: text/plain; charset="UTF-8"

        Identifiant de patient inconnu

        --b2
        Content-Type: message/rfc822

        Message-ID: <ab@test-ci-sis.mssante.fr>
        Subject: XDM/1.0/DDM+CR VIAL Paul

        Bonjour
        --b2--

        """;

    [Fact]
    public void A_delivery_status_tells_of_each_recipient()
    {
        var found = Read(Delivery);

        Assert.All(found, n => Assert.Equal("0123456789abcdef0123456789abcdef", n.MessageId));
        Assert.Equal([MailNoticeKind.Undelivered, MailNoticeKind.Delivered], found.Select(n => n.Notice.Kind));
        Assert.Equal("louisl@hopital.mssante.fr", found[0].Notice.Address.ToString());
        // 426 is in no row of SMTPERRORCODE: the class.
        Assert.Equal("451", found[0].Notice.Error!.Code);
        Assert.Equal("199407072116.RAA14128@CS.UTK.EXAMPLE", found[0].Notice.SourceId);
    }

    [Fact]
    public void A_disposition_says_with_which_code_the_document_was_refused()
    {
        var notification = Assert.Single(Read(Disposition));

        Assert.Equal(
            ("ab@test-ci-sis.mssante.fr", MailNoticeKind.NotIntegrated),
            (notification.MessageId, notification.Notice.Kind));
        Assert.Equal(
            ("902", "Identifiant de patient inconnu", "applicationErrorCondition"),
            (notification.Notice.Error!.Code, notification.Notice.Error.Text, notification.Notice.Error.Table));
    }

    [Fact]
    public void A_plain_mail_with_our_mail_in_it_says_the_same()
    {
        var notification = Assert.Single(Read(Plain));

        Assert.Equal(
            ("ab@test-ci-sis.mssante.fr", MailNoticeKind.NotIntegrated, "902"),
            (notification.MessageId, notification.Notice.Kind, notification.Notice.Error!.Code));
    }

    [Theory]
    [InlineData("Action: failed", "Action: unheard-of", 1)]
    [InlineData("Original-Envelope-Id: 0123456789abcdef0123456789abcdef\n", "", 0)]
    [InlineData("Message-Id: <199407072116.RAA14128@CS.UTK.EXAMPLE>\n", "", 0)]
    [InlineData("report-type=delivery-status", "report-type=other", 0)]
    public void What_a_delivery_status_lacks_makes_it_say_less(string text, string instead, int count) =>
        Assert.Equal(count, Read(Delivery.Replace(text, instead, StringComparison.Ordinal)).Count);

    [Fact]
    public void Damaged_notifications_are_read_or_passed_over()
    {
        var random = new Random(Seed.Get());
        foreach (var text in (string[])[Delivery, Disposition, Plain])
        {
            for (var i = 0; i < 2_000; i++)
            {
                var bytes = Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n")).ToList();
                for (var damage = random.Next(1, 6); damage > 0; damage--)
                {
                    var at = random.Next(bytes.Count);
                    var length = Math.Min(random.Next(1, 40), bytes.Count - at);
                    switch (random.Next(3))
                    {
                        case 0: bytes[at] = (byte)random.Next(256); break;
                        case 1: bytes.RemoveRange(at, length); break;
                        default: bytes.InsertRange(at, bytes.Slice(at, length)); break;
                    }
                }

                NotificationReader.Read(new MemoryStream([.. bytes]));
            }
        }
    }

    private static IReadOnlyList<MailNotification> Read(string text) =>
        NotificationReader.Read(new MemoryStream(Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n"))));
}
