using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Tests.Dicom;

namespace Drimbox.Tests.Flow;

/// <summary>What a sender may get wrong: each gets the answer of the CI-SIS page error-codes (or of PS3.4 Table
/// B.2-1), leaves an event in the log that tells nothing of the patient, and the next good message is taken.</summary>
public sealed class BadInputTests(GatewayUnderTest gateway) : IClassFixture<GatewayUnderTest>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_unknown_message_type_is_AE_200()
    {
        var exam = new ExaminationCase();
        var ack = await SendAsync(Template.ToWire(Template.Fill(
            "Messages/bar-p01.er7", ("control", "BAD-TYPE"), ("time", "20260314101600+0100"), ("ins", exam.Ins))));

        AssertRefused(ack, "BAD-TYPE", "200^Unsupported message type^messageErrorCondition", "", "MSH^1^9^1^1");
        Assert.Equal("ACK^P01^ACK", ack!["MSH", 9]);
        await AssertLoggedAsync(exam, "[3001]", "BAD-TYPE");
    }

    [Fact]
    public async Task A_frame_without_a_readable_MSH_closes_the_connection_without_an_answer()
    {
        var exam = new ExaminationCase();

        Assert.Null(await SendAsync(Template.ToWire(Template.Fill("Messages/unreadable.er7", ("ins", exam.Ins)))));

        await AssertLoggedAsync(exam, "[3006]", "no readable MSH");
    }

    [Fact]
    public async Task Messages_without_a_control_id_are_AE_101_each_and_no_repeats_of_each_other()
    {
        var exam = new ExaminationCase();

        foreach (var version in (int[])[1, 2])
        {
            var ack = await SendAsync(exam.Mdm("t02", exam.Cda(version), version, control: ""));
            AssertRefused(ack, "", "101^Required field missing^messageErrorCondition", "", "MSH^1^10");
        }

        await AssertLoggedAsync(exam, "[3001]", "at MSH^1^10");
    }

    [Fact]
    public async Task A_control_id_used_again_for_another_message_is_AE_207_906()
    {
        var exam = new ExaminationCase();
        var other = new ExaminationCase();
        await SendAsync(exam.Mdm("t02", exam.Cda(1), 1, control: "BAD-REUSE"));

        var ack = await SendAsync(other.Mdm("t02", other.Cda(1), 1, control: "BAD-REUSE"));

        AssertRefused(
            ack, "BAD-REUSE", "207^Application error^messageErrorCondition",
            "906^Erreur 'Autre'^applicationErrorCondition", "MSH^1^10");
        await AssertLoggedAsync(other, "[3001]", "BAD-REUSE");
    }

    [Fact]
    public async Task Base64_that_is_no_XML_is_AE_102()
    {
        var exam = new ExaminationCase();
        var ack = await SendAsync(exam.Mdm("t02", "Compte rendu de PAT-TROIS"u8.ToArray(), 1, control: "BAD-XML"));

        AssertRefused(ack, "BAD-XML", "102^Data type error^messageErrorCondition", "", "OBX^1^5^1^5");
        await AssertLoggedAsync(exam, "[3001]", "BAD-XML");
    }

    [Fact]
    [Requirement("FAQ/INS.1")]
    public async Task A_document_of_another_patient_than_PID_is_AE_207_904()
    {
        var exam = new ExaminationCase();
        var other = new ExaminationCase();
        var ack = await SendAsync(exam.Mdm("t02", exam.Cda(1, ins: other.Ins), 1, control: "BAD-PATIENT"));

        AssertRefused(
            ack, "BAD-PATIENT", "207^Application error^messageErrorCondition",
            "904^L'INS transmis ne correspond pas exactement à celui stocké dans la base du consommateur"
            + "^applicationErrorCondition", "PID^1^3");
        await AssertLoggedAsync(exam, "[3001]", "BAD-PATIENT");
        Assert.DoesNotContain(other.Ins, gateway.Child.Output, StringComparison.Ordinal);
        Assert.Empty(await gateway.Registry.FindAsync(other.Ins));
    }

    [Fact]
    [Requirement("FAQ/STR.1")]
    public async Task A_report_of_a_structure_that_is_none_of_the_RIS_is_AE_207_901()
    {
        var exam = new ExaminationCase();
        const string foreign = "300099999";
        var ack = await SendAsync(exam.Mdm(
            "t02", exam.Cda(1, structure: foreign), 1, control: "BAD-STRUCTURE", structure: foreign));

        AssertRefused(
            ack, "BAD-STRUCTURE", "207^Application error^messageErrorCondition",
            "901^Auteur non autorisé à remplacer ou supprimer un document^applicationErrorCondition", "OBX^1^5");
        await AssertLoggedAsync(exam, "[3001]", "BAD-STRUCTURE");
    }

    [Fact]
    [Requirement("DB.SO.15")]
    public async Task A_report_about_a_study_that_the_archive_does_not_hold_is_AA_and_an_alert()
    {
        var exam = new ExaminationCase();
        var ack = await SendAsync(exam.Mdm("t02", exam.Cda(1), 1));
        Assert.Equal("AA", ack!["MSA", 1]);

        await Eventually.HoldsAsync(
            () => gateway.CommandAsync("studies", "alerts", "--json"),
            alerts => alerts.Contains(exam.Study, StringComparison.Ordinal)
                && alerts.Contains("StudyAbsentFromPacs", StringComparison.Ordinal),
            alerts => $"no alert: {alerts}\n{gateway.Child.Output}");

        var entries = await gateway.RegistryShowsAsync(
            exam.Ins, e => e.Any(d => d is { IsReport: true, IsApproved: true }), "the report Approved");
        Assert.DoesNotContain(entries, e => e.IsManifest);
        await AssertLoggedAsync(exam, "[3111]", "StudyAbsentFromPacs (DB.SO.15)", goodMessage: false);
        await AssertGoodIsTakenAsync();
    }

    [Fact]
    public async Task Storescu_sends_no_file_that_is_not_DICOM_and_the_archive_refuses_such_bytes_with_C000()
    {
        var exam = new ExaminationCase();
        using var folder = new StoreFolder();
        var text = Path.Combine(folder.Path, "text.dcm");
        await File.WriteAllTextAsync(text, "PAT-TROIS DOMINIQUE", Cancellation);
        var (code, output) = await Dcmtk.RunAsync(
            "storescu", "-aec", "DRIMBOX", "127.0.0.1", $"{gateway.ArchivePort}", text);
        Assert.True(code != 0 || output.Contains("E:", StringComparison.Ordinal), output);

        // A peer that is less careful than storescu sends them all the same.
        var garbage = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("PAT-TROIS^DOMINIQUE ", 50)));
        var instance = InstanceSource.FromMemory(
            garbage, SopClass.CTImageStorage, Uid.Parse("1.2.250.1.999.20.77"), TransferSyntax.ExplicitVRLittleEndian.Uid);
        await using var association = await Association.RequestAsync(
            new AssociationOptions
            {
                Host = "127.0.0.1",
                Port = gateway.ArchivePort,
                CallingAe = AeTitle.Parse("STORESCU"),
                CalledAe = AeTitle.Parse("DRIMBOX"),
                Contexts = CStoreScu.ContextsFor([instance]),
            },
            Cancellation);
        var status = await new CStoreScu(association).SendAsync(instance, Cancellation);
        await association.ReleaseAsync(Cancellation);

        Assert.Equal(0xC000, status.Code);
        await AssertLoggedAsync(exam, "Drimbox.Archive", "C000", goodMessage: false);
        await ExaminationCase.StoreAsync(gateway, exam.WriteImages(folder.Path, 1));
    }

    private static void AssertRefused(AckText? ack, string control, string hl7Code, string applicationCode, string location)
    {
        Assert.NotNull(ack);
        Assert.Equal("AE", ack["MSA", 1]);
        Assert.Equal(control, ack["MSA", 2]);
        Assert.Equal(location, ack["ERR", 2]);
        Assert.Equal(hl7Code, ack["ERR", 3]);
        Assert.Equal("E", ack["ERR", 4]);
        Assert.Equal(applicationCode, ack["ERR", 5]);
        Assert.DoesNotContain("PAT-TROIS", ack.Text, StringComparison.Ordinal);
    }

    private Task<AckText?> SendAsync(byte[] message) => MllpWire.SendAsync(gateway.RisPort, message, Cancellation);

    /// <summary>One line of the log has both texts; nothing in all of it is about the patient; the refused report
    /// went nowhere.</summary>
    private async Task AssertLoggedAsync(ExaminationCase exam, string source, string what, bool goodMessage = true)
    {
        // The log and the answer leave by different ways.
        var log = await Eventually.HoldsAsync(
            () => Task.FromResult(gateway.Child.Output),
            output => output.Split('\n').Any(line =>
                line.Contains(source, StringComparison.Ordinal) && line.Contains(what, StringComparison.Ordinal)),
            output => $"no line with {source} and {what}:\n{output}");
        foreach (var secret in (string[])[exam.Ins, ExaminationCase.BirthName, ExaminationCase.GivenName, exam.Accession, "19790328", "DOSSIER7"])
            Assert.DoesNotContain(secret, log, StringComparison.Ordinal);
        if (!goodMessage) return;
        Assert.Empty(await gateway.Registry.FindAsync(exam.Ins));
        await AssertGoodIsTakenAsync();
    }

    private async Task AssertGoodIsTakenAsync()
    {
        var good = new ExaminationCase();
        var ack = await SendAsync(good.Mdm("t02", good.Cda(1), 1));
        Assert.Equal("AA", ack!["MSA", 1]);
        await gateway.RegistryShowsAsync(
            good.Ins, e => e.Count(d => d is { IsReport: true, IsApproved: true }) == 1, "the good report");
    }
}
