using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Tests.Hl7;

public sealed class ReportMessageTests
{
    private static readonly MessageProfile[] Profiles =
        [CdaProfiles.Oru21, CdaProfiles.Mdm21, CdaProfiles.Oru20, CdaProfiles.Mdm20];

    private static readonly MessageEnvelope Envelope = new(
        "RIS", "CLINIQUE", "DRIMBOX", "CLINIQUE", new DateTimeOffset(2026, 1, 6, 13, 44, 18, TimeSpan.Zero), "C1");

    private static readonly InstanceIdentifier D1 = InstanceIdentifier.Create("1.2.250.1.999.7", "D1");
    private static readonly InstanceIdentifier D2 = InstanceIdentifier.Create("1.2.250.1.999.7", "D2");

    [Fact]
    public void A_report_says_all_that_message_and_document_say()
    {
        var received = Read(Fixtures.Mdm, Fixtures.Header);
        var report = received.Message;

        Assert.Equal("<cda/>", Encoding.UTF8.GetString(received.Cda.Span));
        Assert.Equal((ReportAction.Initial, D2), (report.Action, report.DocumentId));
        Assert.Null(report.Parent);
        Assert.Equal(Fixtures.Patient, report.Patient);
        Assert.Equal(["VALI"], report.IdentityReliability);
        Assert.Equal((Fixtures.Author, Fixtures.Clinic), (report.Sender!, report.SenderOrganization!));
        Assert.Equal(InstanceIdentifier.Create("1.2.250.1.999.9", "OPN1"), report.PlacerOrderNumber);
        Assert.Equal("O", report.PatientClass);
        Assert.Equal(
            new PublicationChoices(Visibility.InvisibleToPatient, false, false, true, false, false, false, false),
            report.Choices);
    }

    [Theory]
    [InlineData("MASQUE_PS", "Y", Visibility.MaskedFromProfessionals | Visibility.InvisibleToPatient)]
    [InlineData("INVISIBLE_PATIENT", "N", Visibility.Normal)]
    [InlineData("INVISIBLE_REP_LEGAUX", "Y",
        Visibility.InvisibleToLegalRepresentatives | Visibility.InvisibleToPatient)]
    [Requirement("FAQ/DMP.4")]
    [Requirement("FAQ/DMP.5")]
    [Requirement("FAQ/DMP.6")]
    public void The_visibility_is_that_of_the_metadata(string code, string value, Visibility expected)
    {
        var n = Array.IndexOf(["", "", "MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REP_LEGAUX"], code);

        Assert.Equal(expected,
            Read(Er7Text.Set(Fixtures.Mdm, $"OBX[{n}]-5.1", value), Fixtures.Header).Message.Choices.Visibility);
    }

    [Fact]
    public void A_replacement_takes_its_parent_from_the_document()
    {
        var report = Read(Fixtures.MdmT10, Fixtures.Header with { Replaces = D1 }).Message;

        Assert.Equal((ReportAction.Replace, D1, false), (report.Action, report.Parent!.Value,
            report.RelatedAndParentDisagree));
    }

    [Fact]
    public void A_replacement_without_relatedDocument_takes_TXA_13()
    {
        var report = Read(Fixtures.MdmT10, Fixtures.Header).Message;

        Assert.Equal((D1, false), (report.Parent!.Value, report.RelatedAndParentDisagree));
    }

    [Fact]
    public void RelatedDocument_wins_over_another_TXA_13_and_the_fact_is_noted()
    {
        var d0 = InstanceIdentifier.Create("1.2.250.1.999.7", "D0");
        var report = Read(Fixtures.MdmT10, Fixtures.Header with { Replaces = d0 }).Message;

        Assert.Equal((d0, true), (report.Parent!.Value, report.RelatedAndParentDisagree));
    }

    [Theory]
    [InlineData("D1^^1.2.250.1.999.7^ISO")]
    [InlineData("1.2.250.1.999.7.D1")]
    [InlineData("1.2.250.1.999.7.D1^Organisation-Y")]
    [InlineData("1.2.250.1.999.7D1^Organisation-Y")] // a sample has lost the dot
    [InlineData("1.2.250.1.999.7^D1")]
    [InlineData("D1^1.2.250.1.999.7")]
    public void Spellings_of_one_identifier_do_not_disagree(string txa13)
    {
        var report = Read(
            Er7Text.Set(Fixtures.MdmT10, "TXA-13", txa13), Fixtures.Header with { Replaces = D1 }).Message;

        Assert.Equal((D1, false), (report.Parent!.Value, report.RelatedAndParentDisagree));
    }

    [Theory]
    [InlineData("D2^^1.2.250.1.999.8^ISO")]
    [InlineData("D3^^1.2.250.1.999.7^ISO")]
    [InlineData("1.2.250.1.999.7.D3")]
    public void TXA_12_that_is_not_the_document_is_refused(string txa12) =>
        Refused(Er7Text.Set(Fixtures.Mdm, "TXA-12", txa12), Fixtures.Header, RefusalReason.TableValue, "TXA^1^12");

    [Fact]
    public void An_ORU_takes_the_identifier_of_its_document() =>
        Assert.Equal(D2, Read(Fixtures.Oru, Fixtures.Header).Message.DocumentId);

    [Fact]
    public void A_deletion_by_MDM_needs_no_document()
    {
        var received = Accept(ReportMessageReader.TryRead(Validated(Fixtures.MdmT04), Fixtures.NoDocument,
            out var refusal), refusal);

        Assert.Null(received.Message.Cda);
        Assert.Equal((ReportAction.Delete, D2), (received.Message.Action, received.Message.DocumentId));
    }

    [Fact]
    public void A_joined_identifier_of_a_deletion_has_the_key_of_the_document()
    {
        var message = Validated(Er7Text.Set(Fixtures.MdmT04, "TXA-12", "1.2.250.1.999.7.D2^Organisation-Y"));
        var report = Accept(ReportMessageReader.TryRead(message, Fixtures.NoDocument, out var refusal),
            refusal).Message;

        Assert.Equal(DocumentKey.Of(D2), DocumentKey.Of(report.DocumentId));
    }

    [Fact]
    public void A_deletion_by_ORU_without_document_names_none_and_is_refused()
    {
        var message = Er7Text.Set(Er7Text.Set(Fixtures.Oru, "ORC-1", "CA"), "OBX-11", "D");

        Assert.Null(ReportMessageReader.TryRead(Validated(message), Fixtures.NoDocument, out var refusal));
        Assert.Equal((RefusalReason.DataType, "OBX^1^5^1^5"), (refusal!.Reason, refusal.Location));
    }

    [Fact]
    public void A_document_that_is_no_XML_is_refused()
    {
        Assert.Null(ReportMessageReader.TryRead(Validated(Fixtures.Mdm), Fixtures.NoDocument, out var refusal));
        Assert.Equal((RefusalReason.DataType, "OBX^1^5^1^5"), (refusal!.Reason, refusal.Location));
    }

    [Fact]
    public void A_replacement_by_ORU_that_names_no_parent_is_refused()
    {
        var message = Er7Text.Set(Er7Text.Set(Fixtures.Oru, "ORC-1", "RO"), "OBX-11", "C");

        Refused(message, Fixtures.Header, RefusalReason.RequiredFieldMissing, null);
    }

    public static TheoryData<string, RefusalReason, string> Identities => new()
    {
        { "ins", RefusalReason.PatientMismatch, "PID^1^3" },
        { "authority", RefusalReason.PatientMismatch, "PID^1^3" },
        { "no ins in PID", RefusalReason.PatientMismatch, "PID^1^3" },
        { "local id", RefusalReason.PatientMismatch, "PID^1^3" },
        { "name", RefusalReason.PatientMismatch, "PID^1^5" },
        { "given name", RefusalReason.PatientMismatch, "PID^1^5" },
        { "birth date", RefusalReason.PatientMismatch, "PID^1^7" },
        { "sex", RefusalReason.PatientMismatch, "PID^1^8" },
        { "birth place", RefusalReason.PatientMismatch, "PID^1^11" },
        { "no ins", RefusalReason.InsAbsent, "PID^1^3" },
        { "no birth place", RefusalReason.InsIncomplete, "PID^1^5" },
    };

    [Theory]
    [MemberData(nameof(Identities))]
    [Requirement("FAQ/INS.1")]
    public void Patient_and_document_must_be_of_one_person(string difference, RefusalReason reason, string location)
    {
        var patient = Fixtures.Patient;
        IReadOnlyList<InstanceIdentifier> ids = [];
        var message = Fixtures.Mdm;
        var other = InstanceIdentifier.Create(NationalAuthorities.InsNirTest, "111111111111111");
        switch (difference)
        {
            case "ins": patient = patient with { Ins = other }; break;
            case "authority":
                patient = patient with { Ins = InstanceIdentifier.Create(NationalAuthorities.InsNir,
                    "279035121518989") };
                break;
            case "no ins in PID": message = Er7Text.Set(message, "PID-3", "IPP7^^^SITE&1.2.250.1.999.1&ISO^PI"); break;
            case "local id": ids = [InstanceIdentifier.Create("1.2.250.1.999.1", "IPP8")]; break;
            case "name": patient = patient with { BirthName = "PAT-QUATRE" }; break;
            case "given name": patient = patient with { FirstGivenName = "MARIE" }; break;
            case "birth date": patient = patient with { BirthDate = "19790329" }; break;
            case "sex": patient = patient with { Sex = "M" }; break;
            case "birth place": patient = patient with { BirthPlace = "75056" }; break;
            case "no ins": patient = patient with { Ins = null }; break;
            case "no birth place": patient = patient with { BirthPlace = "" }; break;
        }

        Refused(message, Fixtures.Header with { Patient = patient, PatientIds = ids }, reason, location);
    }

    [Fact]
    public void The_case_of_a_name_is_no_other_person() =>
        Read(Fixtures.Mdm, Fixtures.Header with { Patient = Fixtures.Patient with { BirthName = "Pat-Trois " } });

    [Fact]
    [Requirement("FAQ/STR.1")]
    public void The_authenticators_organization_must_be_that_of_PRT_8()
    {
        var other = Fixtures.Clinic with { Id = InstanceIdentifier.Create(NationalAuthorities.Organizations,
            "1690000099") };

        Refused(Fixtures.Mdm, Fixtures.Header with { LegalAuthenticatorOrganization = other },
            RefusalReason.AuthorNotAllowed, "PRT^1^8");
        // The FINESS alone and the Struct_IdNat with its leading 1 are the same structure; and both must be there.
        var finess = Fixtures.Clinic with { Id = InstanceIdentifier.Create(NationalAuthorities.Organizations,
            "690000017") };
        Read(Fixtures.Mdm, Fixtures.Header with { LegalAuthenticatorOrganization = finess });
        Read(Fixtures.Mdm, Fixtures.Header with { LegalAuthenticatorOrganization = null });
    }

    [Theory]
    [InlineData(ReportAction.Initial, false)]
    [InlineData(ReportAction.Replace, false)]
    [InlineData(ReportAction.Delete, false)]
    [InlineData(ReportAction.Initial, true)]
    [InlineData(ReportAction.Replace, true)]
    [InlineData(ReportAction.Delete, true)]
    public void A_written_report_passes_its_profile_and_comes_back(ReportAction action, bool oru)
    {
        var cda = Encoding.UTF8.GetBytes("<ClinicalDocument>œ|^~\\&</ClinicalDocument>");
        var header = Fixtures.Header with { Replaces = action == ReportAction.Replace ? D1 : null };
        var report = new ReportMessage(
            action, D2, header.Replaces, header, Fixtures.Patient, ["VALI"], Fixtures.Author, Fixtures.Clinic,
            InstanceIdentifier.Create("1.2.250.1.999.9", "OPN1"), "O",
            new PublicationChoices(
                Visibility.MaskedFromProfessionals | Visibility.InvisibleToLegalRepresentatives,
                true, true, true, true, true, true, true),
            false);
        var visit = new PatientVisit("O", new AssignedIdentifier("V1", "SITE", "1.2.3", "ISO", "VN"), null, null);
        string[] recipients = ["alice.durand@medecin.mssante.fr"];
        var bytes = oru
            ? ReportMessageWriter.WriteOru(report, cda, Envelope, visit, recipients)
            : ReportMessageWriter.WriteMdm(report, cda, Envelope, visit, recipients);
        var reading = MessageValidator.Read(bytes, Profiles)!;
        Assert.Empty(reading.Findings.Select(f => $"{f.Location} {f.Rule}"));
        var received = Accept(ReportMessageReader.TryRead(reading.Message, _ => (header, null), out var refusal),
            refusal);

        Assert.Equal(cda, received.Cda.ToArray());
        Assert.Equal(recipients, received.Message.MailInstructions!.Named.Select(n => n.Address.ToString()));
        Assert.Equal(
            report with
            {
                IdentityReliability = received.Message.IdentityReliability,
                MailInstructions = received.Message.MailInstructions,
            },
            received.Message);
        Assert.Equal(["VALI"], received.Message.IdentityReliability);
        Assert.Equal("ACN1", reading.Message.Get("OBR-18"));
    }

    [Fact]
    public void Without_visit_and_recipient_the_written_report_still_passes()
    {
        var report = new ReportMessage(
            ReportAction.Initial, D2, null, null, Fixtures.Patient, ["VALI"], Fixtures.Author, Fixtures.Clinic, null,
                null,
            PublicationChoices.Default with { ToProfessionals = true, ToPatient = true }, false);

        foreach (var bytes in new[]
                 {
                     ReportMessageWriter.WriteMdm(report, "<cda/>"u8.ToArray(), Envelope),
                     ReportMessageWriter.WriteOru(report, "<cda/>"u8.ToArray(), Envelope),
                 })
        {
            var reading = MessageValidator.Read(bytes, Profiles)!;
            Assert.Empty(reading.Findings.Select(f => $"{f.Location} {f.Rule}"));
            Assert.Equal("18748-4", reading.Message.Get("OBR-4"));
        }
    }

    private static Er7Message Validated(string message)
    {
        var reading = MessageValidator.Read(Er7Text.Bytes(message), Profiles)!;
        Assert.Null(reading.Refusal);
        return reading.Message;
    }

    private static ReceivedReport Read(string message, CdaHeader header) =>
        Accept(ReportMessageReader.TryRead(Validated(message), _ => (header, null), out var refusal), refusal);

    private static ReceivedReport Accept(ReceivedReport? received, Refusal? refusal)
    {
        Assert.Null(refusal);
        return received!;
    }

    private static void Refused(string message, CdaHeader header, RefusalReason reason, string? location)
    {
        Assert.Null(ReportMessageReader.TryRead(Validated(message), _ => (header, null), out var refusal));
        Assert.Equal((reason, location), (refusal!.Reason, refusal.Location));
    }
}
