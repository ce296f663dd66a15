using Drimbox.Core;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Tests.Hl7;

public sealed class ProfileTests
{
    private static readonly MessageProfile[] Everything =
    [
        TeleradiologyProfiles.Flux1, TeleradiologyProfiles.Flux2, TeleradiologyProfiles.Flux3,
        TeleradiologyProfiles.Flux4, CdaProfiles.Oru21, CdaProfiles.Oru20, CdaProfiles.Mdm21, CdaProfiles.Mdm20,
        StudyChangeProfile.Omi,
    ];

    public static TheoryData<string, string> Good => new()
    {
        { "TLR-1", Fixtures.Flux1 },
        { "TLR-2", Fixtures.Flux2 },
        { "TLR-3", Fixtures.Flux3 },
        { "TLR-4", Fixtures.Flux4 },
        { "DRIM-OMI", Fixtures.Notice },
        { "CDA-ORU-2.1", Fixtures.Oru },
        { "CDA-ORU-2.0", Er7Text.Set(Fixtures.Oru, "MSH-21.1", "2.0") },
        { "CDA-MDM-2.1", Fixtures.Mdm },
        { "CDA-MDM-2.1", Fixtures.MdmT10 },
        { "CDA-MDM-2.1", Fixtures.MdmT04 },
        { "CDA-MDM-2.0", Er7Text.Set(Fixtures.Mdm, "MSH-21.1", "2.0") },
        // What only 2.0 may leave away.
        {
            "CDA-MDM-2.0",
            Er7Text.Set(
                Er7Text.Remove(Er7Text.Remove(Er7Text.Set(Fixtures.Mdm, "MSH-21.1", "2.0"), "ORC"), "OBR"), "TXA-17",
                    "LA")
        },
        // A refused request needs no protocol; an accepted one may have one alone.
        { "TLR-3", Er7Text.Set(Er7Text.Remove(Er7Text.Remove(Fixtures.Flux3, "OBX"), "OBX"), "ORC-1", "OC") },
        // Segments that the profile does not name are not looked at.
        { "TLR-1", Er7Text.Insert(Fixtures.Flux1, "PV1", "ZBE|1|whatever") },
        { "CDA-MDM-2.1", Er7Text.Insert(Fixtures.Mdm, "MSH", "SFT|vendor") },
        // PV1-19 is only required for E, I, O and R.
        { "TLR-2", Er7Text.Set(Er7Text.Set(Fixtures.Flux2, "PV1-2", "N"), "PV1-19", "") },
        // A service is identified under the FINESS of its establishment.
        {
            "TLR-1",
            Er7Text.Set(Er7Text.Set(Fixtures.Flux1, "ORC-21.6", "120456789"), "ORC-21.7", "UF")
        },
        // Codes with a space around them, as in the header of the guide's own example.
        { "CDA-ORU-2.1", Er7Text.Set(Fixtures.Oru, "MSH-21.2", " CISIS_CDA_HL7_V2") },
    };

    [Theory]
    [MemberData(nameof(Good))]
    public void A_good_message_has_no_finding(string profile, string message)
    {
        var reading = MessageValidator.Read(Er7Text.Bytes(message), Everything)!;

        Assert.Empty(reading.Findings.Select(f => $"{f.Location} {f.Rule}"));
        Assert.Null(reading.Refusal);
        Assert.Equal(profile, reading.Profile!.Id);
    }

    public static TheoryData<string, string, RefusalReason> HeaderDefects => new()
    {
        { Er7Text.Set(Fixtures.Flux1, "MSH-9.1", "ADT"), "MSH^1^9^1^1", RefusalReason.UnsupportedMessageType },
        { Er7Text.Set(Fixtures.Flux1, "MSH-9", ""), "MSH^1^9^1^1", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "MSH-9.2", "O02"), "MSH^1^9^1^2", RefusalReason.UnsupportedEvent },
        { Er7Text.Set(Fixtures.Flux1, "MSH-9.3", "ORM"), "MSH^1^9^1^3", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux1, "MSH-11", "X"), "MSH^1^11", RefusalReason.UnsupportedProcessingId },
        { Er7Text.Set(Fixtures.Flux1, "MSH-12", "2.3"), "MSH^1^12", RefusalReason.UnsupportedVersion },
        { Er7Text.Set(Fixtures.Mdm, "MSH-12", "2.5"), "MSH^1^12", RefusalReason.UnsupportedVersion },
        { Er7Text.Set(Fixtures.Oru, "MSH-12", "2.5.1"), "MSH^1^12", RefusalReason.UnsupportedVersion },
        { Er7Text.Set(Fixtures.Flux1, "MSH-3", ""), "MSH^1^3", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "MSH-7", "hier"), "MSH^1^7", RefusalReason.DataType },
        { Er7Text.Set(Fixtures.Flux1, "MSH-10", ""), "MSH^1^10", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "MSH-10", new string('1', 200)), "MSH^1^10", RefusalReason.DataType },
        { Er7Text.Set(Fixtures.Flux1, "MSH-10", @"\X0D\"), "MSH^1^10", RefusalReason.DataType },
        { Er7Text.Set(Fixtures.Flux1, "MSH-17", "BEL"), "MSH^1^17", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux1, "MSH-18", "UTF-16"), "MSH^1^18", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux1, "MSH-18", ""), "MSH^1^18", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "MSH-21", ""), "MSH^1^21", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "MSH-21.2", "OTHER"), "MSH^1^21", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Oru, "MSH-21.1", "1.0"), "MSH^1^21", RefusalReason.TableValue },
        { Fixtures.Flux1.Replace('&', '%'), "MSH^1^2", RefusalReason.TableValue },
    };

    public static TheoryData<string, string, RefusalReason> StructureDefects => new()
    {
        { Er7Text.Remove(Fixtures.Flux1, "PID"), "PID^1", RefusalReason.SegmentSequence },
        { Er7Text.Remove(Fixtures.Flux1, "PV1"), "PV1^1", RefusalReason.SegmentSequence },
        { Er7Text.Remove(Fixtures.Flux1, "OBR"), "OBR^1", RefusalReason.SegmentSequence },
        { Er7Text.Remove(Fixtures.Flux4, "TQ1"), "TQ1^1", RefusalReason.SegmentSequence },
        { Er7Text.Remove(Fixtures.Flux4, "IPC"), "IPC^1", RefusalReason.SegmentSequence },
        { Er7Text.Remove(Fixtures.Mdm, "TXA"), "TXA^1", RefusalReason.SegmentSequence },
        { Er7Text.Remove(Fixtures.Mdm, "EVN"), "EVN^1", RefusalReason.SegmentSequence },
        { Er7Text.Remove(Er7Text.Remove(Fixtures.Mdm, "ORC"), "OBR"), "ORC^1", RefusalReason.SegmentSequence },
        { Er7Text.Insert(Fixtures.Flux1, "PID", Fixtures.Pid), "PID^2", RefusalReason.Cardinality },
        { Er7Text.Insert(Fixtures.Mdm, "TXA", "TXA|1"), "TXA^2", RefusalReason.Cardinality },
        { Er7Text.Insert(Er7Text.Remove(Fixtures.Mdm, "PID"), "TXA", Fixtures.Pid), "PID^2",
            RefusalReason.SegmentSequence },
    };

    public static TheoryData<string, string, RefusalReason> FieldDefects => new()
    {
        { Er7Text.Set(Fixtures.Flux1, "PID-3", ""), "PID^1^3", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "PID-5", ""), "PID^1^5", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "PV1-2", ""), "PV1^1^2", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "PV1-19", ""), "PV1^1^19", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "PV1-44", "20261301"), "PV1^1^44", RefusalReason.DataType },
        { Er7Text.Set(Fixtures.Flux1, "ORC-1", "XX"), "ORC^1^1", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux1, "ORC-2.3", ""), "ORC^1^2^1^3", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "ORC-9", ""), "ORC^1^9", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "ORC-12.2", ""), "ORC^1^12^1^2", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "ORC-12.9.2", "1.2.3"), "ORC^1^12^1^9^2", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux1, "ORC-17.1", "PLATEFORME_TLR"), "ORC^1^17^1^1", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux1, "ORC-21.6.2", "1.2.3"), "ORC^1^21^1^6^2", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux1, "ORC-21.7", "SIRET"), "ORC^1^21^1^7", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux1, "OBR-4.1", "REPONSE_DEMANDE"), "OBR^1^4^1^1", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux1, "OBR-13", ""), "OBR^1^13", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux3, "ORC-17.1", "STRUCTURE_IMAGERIE"), "ORC^1^17^1^1", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux4, "TQ1-6", "deux ans"), "TQ1^1^6^1^1", RefusalReason.DataType },
        { Er7Text.Set(Fixtures.Flux4, "TQ1-7", ""), "TQ1^1^7", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux4, "IPC-1.4", "GUID"), "IPC^1^1^1^4", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux4, "IPC-3", "1.02.3"), "IPC^1^3^1^1", RefusalReason.DataType },
        { Er7Text.Set(Fixtures.Notice, "IPC-3", ""), "IPC^1^3", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Notice, "IPC-3", "~1.2.3"), "IPC^1^3", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Oru, "OBR-4.3", "LOINC"), "OBR^1^4^1^3", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Mdm, "TXA-12", ""), "TXA^1^12", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Mdm, "TXA-17", "LA"), "TXA^1^17", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.MdmT10, "TXA-13", ""), "TXA^1^13", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Oru, "PRT-8", ""), "PRT^1^8", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Oru, "PRT-8.10", ""), "PRT^1^8^1^10", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Oru, "PRT-4.1", "XX"), "PRT^1^4^1^1", RefusalReason.TableValue },
    };

    public static TheoryData<string, string, RefusalReason> ObservationDefects => new()
    {
        { Er7Text.Remove(Fixtures.Flux1, "OBX|1|"), "OBX^7^3", RefusalReason.SegmentSequence },
        { Er7Text.Set(Fixtures.Flux1, "OBX-2", "ST"), "OBX^1^2", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux1, "OBX-3.3", ""), "OBX^1^3^1^3", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "OBX-5", ""), "OBX^1^5", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "OBX-5.3", "99X"), "OBX^1^5^1^3", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux1, "OBX-11", "F"), "OBX^1^11", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux1, "OBX[2]-4", ""), "OBX^2^4", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "OBX[2]-4", "1.9"), "OBX^2^4", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux1, "OBX[3]-4", "2.1"), "OBX^3^3", RefusalReason.Cardinality },
        { Er7Text.Set(Fixtures.Flux1, "OBX[4]-8", "GRAVE"), "OBX^4^8", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux1, "OBX[5]-5", "grand"), "OBX^5^5", RefusalReason.DataType },
        { Er7Text.Set(Fixtures.Flux1, "OBX[5]-6", ""), "OBX^5^6", RefusalReason.RequiredFieldMissing },
        { Er7Text.Set(Fixtures.Flux1, "OBX[7]-5.1", "peut-être"), "OBX^7^5^1^1", RefusalReason.TableValue },
        { Er7Text.Remove(Er7Text.Remove(Fixtures.Flux3, "OBX"), "OBX"), "OBX^1^3", RefusalReason.SegmentSequence },
        { Er7Text.Set(Fixtures.Flux3, "OBX-5.5", "Pendggfbubzbdy12gggvt"), "OBX^1^5^1^5", RefusalReason.DataType },
        { Er7Text.Set(Fixtures.Flux3, "OBX-5.4", "Hex"), "OBX^1^5^1^4", RefusalReason.TableValue },
        { Er7Text.Remove(Fixtures.Flux4, "OBX|1|"), "OBX^9^3", RefusalReason.SegmentSequence },
        { Er7Text.Set(Fixtures.Flux4, "OBX[5]-5.1", "V08"), "OBX^5^5^1^1", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Oru, "OBX[2]-2", "CWE"), "OBX^2^2", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Mdm, "OBX[2]-2", "CE"), "OBX^2^2", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Oru, "OBX[2]-3.1", "MASQUE"), "OBX^2^3^1^1", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Oru, "OBX[2]-5.1", "1"), "OBX^2^5^1^1", RefusalReason.TableValue },
        { Er7Text.Remove(Fixtures.Oru, "OBX|7|"), "OBX^11^3", RefusalReason.SegmentSequence }, // DESTDMP
        { Er7Text.Insert(Fixtures.Mdm, "PRT", "OBX|9|ED|18748-4^CR^LN||^text^XML^Base64^PGNkYS8+||||||F"), "OBX^2^3",
            RefusalReason.Cardinality },
        { Er7Text.Set(Fixtures.Mdm, "OBX-5.5", "<cda/>"), "OBX^1^5^1^5", RefusalReason.DataType },
        { Er7Text.Set(Fixtures.Mdm, "OBX-11", "P"), "OBX^1^11", RefusalReason.TableValue },
    };

    public static TheoryData<string, string, RefusalReason> Disagreements => new()
    {
        { Er7Text.Set(Fixtures.Flux1, "OBR-2.1", "OPN2"), "OBR^1^2", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Flux1, "OBR-16.1", "810000000025"), "OBR^1^16^1^1", RefusalReason.TableValue },
        { Er7Text.Remove(Fixtures.Flux4, "OBX|6|"), "OBX^5^4", RefusalReason.SegmentSequence }, // product without lot
        { Er7Text.Remove(Fixtures.Flux4, "OBX|5|"), "OBX^5^4", RefusalReason.SegmentSequence }, // lot without product
        // quantity of nothing
        { Er7Text.Set(Fixtures.Flux4, "OBX[7]-4", "2.3"), "OBX^7^4", RefusalReason.SegmentSequence },
        { Er7Text.Set(Fixtures.Oru, "ORC-1", "RO"), "OBX^1^11", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Oru, "OBX-11", "D"), "OBX^1^11", RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Mdm, "MSH-9.2", "T04"), "OBX^1^11", RefusalReason.TableValue },
        { Er7Text.Set(Er7Text.Set(Fixtures.MdmT10, "MSH-21.1", "2.0"), "OBX-11", "F"), "OBX^1^11",
            RefusalReason.TableValue },
        { Er7Text.Set(Fixtures.Oru, "OBX-3.1", "11502-2"), "OBX^1^3^1^1", RefusalReason.TableValue },
        { Er7Text.Remove(Fixtures.Oru, "PRT"), "PRT^1", RefusalReason.SegmentSequence }, // DESTDMP without sender
        { Er7Text.Set(Fixtures.Oru, "PRT-5", ""), "PRT^1^5", RefusalReason.RequiredFieldMissing },
        // MSSanté, no recipient
        { Er7Text.Set(Fixtures.Oru, "OBX[8]-5.1", "Y"), "PRT^2", RefusalReason.SegmentSequence },
    };

    [Theory]
    [MemberData(nameof(HeaderDefects))]
    [MemberData(nameof(StructureDefects))]
    [MemberData(nameof(FieldDefects))]
    [MemberData(nameof(ObservationDefects))]
    [MemberData(nameof(Disagreements))]
    public void The_first_defect_decides_and_is_located(string message, string erl, RefusalReason reason)
    {
        var refusal = MessageValidator.Read(Er7Text.Bytes(message), Everything)!.Refusal;

        Assert.NotNull(refusal);
        Assert.Equal((reason, erl), (refusal.Reason, refusal.Location));
    }

    [Fact]
    public void Every_order_of_a_message_is_checked()
    {
        var order = Fixtures.Flux4[Fixtures.Flux4.IndexOf("ORC|", StringComparison.Ordinal)..];
        var two = Fixtures.Flux4 + order;

        Assert.Null(MessageValidator.Read(Er7Text.Bytes(two), Everything)!.Refusal);
        var broken = MessageValidator.Read(Er7Text.Bytes(Er7Text.Set(two, "OBX[10]-11", "O")), Everything)!;
        Assert.Equal("OBX[10]-11", broken.Findings[0].Location.ToString());
    }

    [Fact]
    public void No_finding_repeats_a_value_of_the_message()
    {
        foreach (var segment in new[] { "PID-5.1", "ORC-12.2", "OBX-5.1", "IPC-3", "TQ1-6" })
        {
            var reading = MessageValidator.Read(
                Er7Text.Bytes(Er7Text.Set(Fixtures.Flux4.Replace("ISO^D^", "XXX^D^", StringComparison.Ordinal),
                    segment == "ORC-12.2" ? "IPC-1" : segment, "SECRET^SECRET")), Everything)!;
            Assert.All(reading.Findings, f => Assert.DoesNotContain("SECRET", f.Rule, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_door_only_takes_the_profiles_it_is_given()
    {
        var reading = MessageValidator.Read(Er7Text.Bytes(Fixtures.Mdm), [TeleradiologyProfiles.Flux1])!;

        Assert.Null(reading.Profile);
        Assert.Equal(RefusalReason.UnsupportedMessageType, reading.Refusal!.Reason);
    }

    [Theory]
    [InlineData("2026", true)]
    [InlineData("202601", true)]
    [InlineData("20260106134418", true)]
    [InlineData("20260106134418.1234+0100", true)]
    [InlineData("2026010613-0500", true)]
    [InlineData("20260230", false)]
    [InlineData("202601061", false)]
    [InlineData("20260106134418+01", false)]
    [InlineData("202601061344.5", false)]
    [InlineData("hier", false)]
    public void A_time_is_as_in_HL7_2_A_77(string text, bool expected) =>
        Assert.Equal(expected,
            MessageValidator.Read(Er7Text.Bytes(Er7Text.Set(Fixtures.Flux1, "MSH-7", text)),
                Everything)!.Refusal is null);
}
