using System.Globalization;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Hl7.Messages;

/// <summary>Writes ORU^R01 and MDM of the CDA volet, profile 2.1. Source: page profils-messages.</summary>
public static class ReportMessageWriter
{
    private static readonly Code ImagingReport = new("18748-4", "LN", "CR d'imagerie médicale");

    /// <summary>MDM^T02, T10 or T04.</summary>
    /// <param name="cda">The document, byte for byte; a deletion carries the one that it withdraws.</param>
    /// <param name="visit">PV1, which MDM requires; null writes class N (not applicable).</param>
    /// <param name="mailRecipients">MSSanté addresses. Without any, the flags that ask for MSSanté are written N: the
    /// volet wants a recipient beside them.</param>
    public static byte[] WriteMdm(
        ReportMessage report,
        ReadOnlyMemory<byte> cda,
        MessageEnvelope envelope,
        PatientVisit? visit = null,
        IReadOnlyList<string>? mailRecipients = null)
    {
        var trigger = report.Action switch
        {
            ReportAction.Initial => "T02",
            ReportAction.Replace => "T10",
            ReportAction.Delete => "T04",
            _ => throw Core.Invariant.Unreachable(report),
        };
        var type = TypeOf(report);
        var writer = envelope.Begin(CdaProfiles.Mdm21, trigger);
        var time = AckWriter.Timestamp(envelope.Time);
        writer.Segment("EVN").Set(2, time);
        PatientSegments.Write(writer, new StatedPatient(report.Patient, report.IdentityReliability, null));
        PatientSegments.WriteVisit(writer, visit ?? new PatientVisit("N", null, null, null));
        Order(writer, report, type);
        writer.Segment("TXA")
            .Set(1, "1")
            .Set(2, type.Value)
            .Set(3, "TEXT")
            .Set(12, DocumentNumber.Write(report.DocumentId));
        if (report.Parent is { } parent) writer.Set(13, DocumentNumber.Write(parent));
        writer.Set(17, "AU");
        Observations(writer, report, type, cda, "text", "CWE", mailRecipients ?? []);
        return writer.ToArray();
    }

    /// <summary>ORU^R01: the copy of a report to the DRIMbox (DB/RIS.12).</summary>
    /// <inheritdoc cref="WriteMdm"/>
    public static byte[] WriteOru(
        ReportMessage report,
        ReadOnlyMemory<byte> cda,
        MessageEnvelope envelope,
        PatientVisit? visit = null,
        IReadOnlyList<string>? mailRecipients = null)
    {
        var type = TypeOf(report);
        var writer = envelope.Begin(CdaProfiles.Oru21, "R01");
        PatientSegments.Write(writer, new StatedPatient(report.Patient, report.IdentityReliability, null));
        if (visit is not null) PatientSegments.WriteVisit(writer, visit);
        Order(writer, report, type);
        Observations(writer, report, type, cda, "TEXT", "CE", mailRecipients ?? []);
        return writer.ToArray();
    }

    private static void Order(Er7Writer writer, ReportMessage report, Code type)
    {
        var placer = report.PlacerOrderNumber is { } number ? Composites.Ei(number) : [];
        writer.Segment("ORC")
            .Set(1, report.Action switch
            {
                ReportAction.Initial => "NW",
                ReportAction.Replace => "RO",
                _ => "CA",
            })
            .Set(2, placer);
        writer.Segment("OBR")
            .Set(1, "1")
            .Set(2, placer)
            .Set(4, Composites.Ce(type))
            // OBR-18 and OBR-25 as the official test data have them (facts document 1.6).
            .Set(18, report.Cda?.Orders.Select(o => o.AccessionNumber?.Extension).FirstOrDefault(a => a is not null))
            .Set(25, "F");
    }

    private static void Observations(
        Er7Writer writer, ReportMessage report, Code type, ReadOnlyMemory<byte> cda,
        string dataType, string codedType, IReadOnlyList<string> mailRecipients)
    {
        writer.Segment("OBX")
            .Set(1, "1").Set(2, "ED").Set(3, Composites.Ce(type))
            .SetEncapsulated(5, dataType, "XML", cda.Span)
            .Set(11, report.Action switch
            {
                ReportAction.Initial => "F",
                ReportAction.Replace => "C",
                _ => "D",
            });
        Participations(writer, report, mailRecipients);

        var choices = report.Choices;
        var mail = mailRecipients.Count > 0;
        (string Code, string Label, bool Active)[] flags =
        [
            ("MASQUE_PS", "Masqué aux professionnels de Santé",
                choices.Visibility.HasFlag(Visibility.MaskedFromProfessionals)),
            ("INVISIBLE_PATIENT", "Document Non Visible par le patient",
                choices.Visibility.HasFlag(Visibility.InvisibleToPatient)),
            ("INVISIBLE_REP_LEGAUX", "Non visible par les représentants Légaux du patient",
                choices.Visibility.HasFlag(Visibility.InvisibleToLegalRepresentatives)),
            ("CONNEXION_SECRETE", "Connexion Secrete", choices.SecretConnection),
            ("MODIF_CONF_CODE", "Modification Confidentiality Code", choices.ChangesVisibilityOnly),
            ("DESTDMP", "Destinataire DMP", choices.ToDmp),
            ("DESTMSSANTEPS", "Destinataire (Professionnel de Santé, organisation ou BAL applicative)",
                choices.ToProfessionals && mail),
            ("DESTMSSANTEPAT", "Destinataire Patient", choices.ToPatient && mail),
            ("ACK_RECEPTION", "Accusé de réception", choices.WantsReceipt),
            ("ACK_LECTURE_MSS", "Accusé de lecture", choices.WantsReadReceipt),
        ];
        for (var i = 0; i < flags.Length; i++)
        {
            writer.Segment("OBX")
                .Set(1, (i + 2).ToString(CultureInfo.InvariantCulture))
                .Set(2, codedType)
                .Set(3, flags[i].Code, flags[i].Label, "MetaDMPMSS")
                .Set(5, flags[i].Active ? "Y" : "N", null, "expandedYes-NoIndicator")
                .Set(11, "F");
        }
    }

    private static void Participations(Er7Writer writer, ReportMessage report, IReadOnlyList<string> mailRecipients)
    {
        // The organization that signs the publication: PRT-8, else that of the legal authenticator, which it must
        // equal.
        var organization = report.SenderOrganization ?? report.Cda?.LegalAuthenticatorOrganization;
        if (organization is not null)
        {
            writer.Segment("PRT")
                .Set(2, "UC")
                .Set(4, "SB", "Send by", "participation")
                .Set(5, Composites.Xcn(report.Sender ?? report.Cda?.LegalAuthenticator))
                .Set(8, Composites.Xon(organization));
        }

        foreach (var address in mailRecipients)
        {
            writer.Segment("PRT")
                .Set(2, "UC")
                .Set(4, "RCT", "Result Copies To", "participation")
                .Set(15, null, null, "X.400", address);
        }
    }

    private static Code TypeOf(ReportMessage report)
    {
        if (report.Cda?.Type is not { } type) return ImagingReport;
        // OBR-4.3: LN or TRE_A05; a CDA names both by their OID.
        return type with
        {
            System = type.System is "2.16.840.1.113883.6.1" or "LN" ? "LN" : "TRE_A05",
            Display = type.Display.Length > 0 ? type.Display : type.Value,
        };
    }
}
