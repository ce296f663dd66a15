using System.Text;
using Drimbox.Core;
using Drimbox.Core.Mail;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Emulators.Mail;
using Drimbox.Ris.Reports;
using Drimbox.Tests.Source;
using Drimbox.Tests.Teleradiology;
using static Drimbox.Tests.Ris.Mail.MailingRis;

namespace Drimbox.Tests.Ris.Mail;

/// <summary>Who gets a report by MSSanté.</summary>
public sealed class MailRecipientTests
{
    // A Ségur document: it goes to the DMP, and its message names nobody.
    private static readonly PublicationChoices Segur = PublicationChoices.Default;

    [Fact]
    [Requirement("FAQ/MSS.1")]
    public async Task The_treating_physician_and_the_referring_professional_of_the_document_get_it_without_being_named()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A", to: [], choices: Segur, edit: cda => With(
            cda, Participant("INF", "801234567897", Physician, isTreating: true)
                + Participant("REF", "801234560000", Colleague)));

        await ris.MailAsync(Physician);
        await ris.MailAsync(Colleague);
        Assert.Equal(2, ris.Operator.Received.Count);
    }

    [Fact]
    [Requirement("FAQ/MSS.1")]
    public async Task Who_asked_for_the_examination_gets_the_report_at_the_address_of_the_address_book()
    {
        using var folder = new StoreFolder();
        var book = Path.Combine(folder.Path, "address-book");
        // Samples.Request is by this professional.
        await File.WriteAllTextAsync(
            book, $"# PS_IdNat address\n801234567897 {Physician}\n", TestContext.Current.CancellationToken);
        await using var ris = await StartAsync(o => o with { AddressBook = book });
        Assert.Null((await ris.Node.PlaceRequestAsync(
            Samples.Request("OPN101"), TestContext.Current.CancellationToken)).Refusal);

        await ris.ReportAsync("A", to: [], choices: Segur);

        await ris.MailAsync(Physician);
        var recipient = Assert.Single(ris.Node.MailRecipientsOf(await ris.Ris.StateAsync("A")));
        Assert.Equal((MailReason.ReferringProfessional, "801234567897"), (recipient.Reason, recipient.PersonId));
    }

    [Fact]
    [Requirement("FAQ/MSS.1")]
    public async Task The_treating_physician_whom_an_ADT_names_gets_the_reports_of_the_patient()
    {
        using var folder = new StoreFolder();
        var book = Path.Combine(folder.Path, "address-book");
        await File.WriteAllTextAsync(book, $"810000023084 {Physician}\n", TestContext.Current.CancellationToken);
        await using var ris = await StartAsync(o => o with { AddressBook = book });
        // As the published messages about consent have it: the RPPS without its leading 8.
        var adt = Encoding.UTF8.GetString(PublishingRis.Adt("ADT1", "20261102080000+0100", "INO")) + "\r"
            + "ROL||UC|ODRP|10000023084^HODA^ADAM^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^L^^^RPPS";
        await ris.Ris.TakesAsync(Encoding.UTF8.GetBytes(adt));

        await ris.ReportAsync("A", to: [], choices: Segur);

        await ris.MailAsync(Physician);
        var recipient = Assert.Single(ris.Node.MailRecipientsOf(await ris.Ris.StateAsync("A")));
        Assert.Equal(MailReason.TreatingPhysician, recipient.Reason);
    }

    [Fact]
    public async Task An_amendment_by_the_RIS_goes_to_the_correspondents_of_what_it_amends()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A", to: [], choices: Segur, edit: cda => With(
            cda, Participant("INF", "801234567897", Physician, isTreating: true)));
        await ris.MailAsync(Physician);
        await ris.EndedAsync();

        var report = (await ris.Node.FindReportAsync(
            SourceReports.Document("A"), TestContext.Current.CancellationToken))!.Value;
        var reply = await ris.Node.AmendReportAsync(
            report, new AmendmentText("Pas de lésion."), "alice", TestContext.Current.CancellationToken);

        Assert.Null(reply.Refusal);
        await ris.MailAsync(Physician, 2);
    }

    [Fact]
    public async Task A_report_that_its_message_keeps_from_the_DMP_and_from_MSSante_goes_to_nobody()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A", to: [], choices: Segur with { ToDmp = false }, edit: cda => With(
            cda, Participant("INF", "801234567897", Physician, isTreating: true)));

        Assert.Empty((await ris.Ris.StateAsync("A")).Mails);
    }

    [Fact]
    [Requirement("FAQ/MSS.2")]
    public async Task Recipients_are_changed_before_the_mail_leaves_and_stay_so_for_the_next_version()
    {
        await using var ris = await StartAsync();
        ris.Operator.Faults.Add(new MailFaultRule(MailFaultKind.Unavailable));
        await ris.ReportAsync("A");
        await ris.FailedAsync();

        Assert.Null((await ris.ChangeAsync("A", add: [Colleague], remove: [Physician])).Refusal);
        ris.Operator.Faults.Clear();
        await ris.MailAsync(Colleague);
        await ris.EndedAsync(2);
        Assert.Equal(MailStatus.Revoked, await ris.StatusAsync("A", Physician));

        await ris.ReportAsync("B", "A");
        await ris.MailAsync(Colleague, 2);
        Assert.Empty(ris.MailsTo(Physician));
    }

    [Fact]
    public async Task A_recipient_who_is_added_later_gets_the_version_that_stands()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A");
        await ris.MailAsync(Physician);
        await ris.EndedAsync();

        Assert.Null((await ris.ChangeAsync("A", add: [Colleague], remove: [])).Refusal);
        await ris.MailAsync(Colleague);

        Assert.Single(ris.MailsTo(Physician));
        var change = Assert.Single((await ris.Ris.StateAsync("A")).MailChanges);
        Assert.Equal("alice", change.Actor);
    }

    [Fact]
    public async Task Nothing_is_sent_outside_of_MSSante()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A", to: ["hoda@mail.example", Physician]);
        await ris.MailAsync(Physician);

        Assert.Equal(MailStatus.Refused, await ris.StatusAsync("A", "hoda@mail.example"));
        Assert.Single(ris.Operator.Received);
        var added = await ris.ChangeAsync("A", add: ["hoda@mssante.fr.example"], remove: []);
        Assert.Equal(RefusalReason.TableValue, added.Refusal!.Reason);
    }

    [Fact]
    public async Task A_patient_gets_a_report_at_the_address_of_the_own_INS_alone()
    {
        await using var ris = await StartAsync();
        const string Other = "146026322000196@patient.mssante.fr";
        await ris.ReportAsync("A", to: [Patient, Other]);
        await ris.MailAsync(Patient);

        Assert.Equal(MailStatus.Refused, await ris.StatusAsync("A", Other));
        Assert.Single(ris.Operator.Received);
    }

    [Fact]
    public async Task A_report_that_is_hidden_from_the_patient_is_not_mailed_to_the_patient()
    {
        await using var ris = await StartAsync();
        await ris.ReportAsync("A", to: [Patient, Physician], choices: ByMailAlone with
        {
            Visibility = Visibility.InvisibleToPatient,
        });
        await ris.MailAsync(Physician);
        await ris.EndedAsync();
        Assert.Single((await ris.Ris.StateAsync("A")).Mails);

        // The result was announced.
        await ris.Ris.DecideAsync("A", PublicationDecision.ShowToPatient);
        await ris.MailAsync(Patient);
    }

    [Fact]
    public async Task Without_a_section_for_MSSante_no_report_is_mailed()
    {
        await using var ris = await PublishingRis.StartAsync();
        await ris.TakesAsync(Mdm("A", to: [Physician]));

        Assert.Empty((await ris.StateAsync("A")).Mails);
    }

    // In the order of the schema: participant comes before inFulfillmentOf.
    private static string With(string cda, string participants) =>
        cda.Replace("<inFulfillmentOf", participants + "<inFulfillmentOf", StringComparison.Ordinal);

    private const string Treating = "<functionCode code=\"PCP\" codeSystem=\"2.16.840.1.113883.5.88\"/>";

    private static string Participant(string type, string id, string address, bool isTreating = false) => $"""
        <participant typeCode="{type}">{(isTreating ? Treating : "")}
          <time nullFlavor="NA"/>
          <associatedEntity classCode="PROV"><id root="1.2.250.1.71.4.2.1" extension="{id}"/>
          <telecom value="tel:0102030405"/><telecom value="mailto:{address}"/>
          <associatedPerson><name><given>ADAM</given><family>HODA</family></name></associatedPerson></associatedEntity>
        </participant>
        """;
}
