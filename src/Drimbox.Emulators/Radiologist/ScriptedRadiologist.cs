using System.Net.Sockets;
using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Reports;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Hl7.Pdf;

namespace Drimbox.Emulators.Radiologist;

/// <summary>The examination that a scripted radiologist reports on, and who they are.</summary>
/// <param name="Patient">With a whole INS and a local identifier.</param>
/// <param name="Structure">The structure that the documents are signed for.</param>
/// <param name="DocumentRoot">The root of the ids of the documents.</param>
/// <param name="DocumentPrefix">What their extension begins with; the word of the script follows.</param>
public sealed record ReportedExamination(
    Patient Patient,
    Organization Structure,
    Professional Radiologist,
    ImagingOrder Order,
    Uid StudyInstanceUid,
    string DocumentRoot,
    string DocumentPrefix)
{
    /// <summary>The id of a document of the script.</summary>
    public InstanceIdentifier IdOf(string document) =>
        InstanceIdentifier.Create(DocumentRoot, DocumentPrefix + document);
}

/// <summary>What became of one message.</summary>
/// <param name="SentAt">By the clock of the script.</param>
/// <param name="Ack">What was answered, or null: hung up, or no answer came.</param>
public sealed record PlayedReport(ScriptedReport Report, string ControlId, DateTimeOffset SentAt, ReceivedAck? Ack);

/// <summary>
/// A radiologist of a teleradiology platform that plays a script to a RIS: MDM messages in any order, with any delay,
/// repeated, broken off or wrong. The same script, examination and clock give the same bytes.
/// </summary>
public sealed class ScriptedRadiologist(
    ReportedExamination examination, MllpClientOptions ris, MessageEnvelope envelope, TimeProvider time)
{
    private int _messages;

    /// <summary>Plays the script line by line.</summary>
    /// <returns>What was answered to each message, those that repeat one included.</returns>
    public async Task<IReadOnlyList<PlayedReport>> PlayAsync(
        RadiologistScript script, CancellationToken cancellationToken = default)
    {
        // The waits of the script are the clock's; those of the wire are real.
        await using var client = new MllpClient(ris, TimeProvider.System);
        var played = new List<PlayedReport>();
        var lineage = new ScriptedLineage(script);
        foreach (var report in script.Reports)
        {
            if (report.Delay > TimeSpan.Zero) await Task.Delay(report.Delay, time, cancellationToken);
            var (controlId, message) = Write(report, lineage);
            if (report.Sending == ReportSending.HangingUp)
            {
                played.Add(new PlayedReport(report, controlId, time.GetUtcNow(), null));
                await HangUpAsync(message, cancellationToken);
                continue;
            }

            played.Add(await SendAsync(client, report, controlId, message, cancellationToken));
            if (report.Sending == ReportSending.Once) continue;
            if (report.Sending == ReportSending.Anew) (controlId, message) = Write(report, lineage);
            played.Add(await SendAsync(client, report, controlId, message, cancellationToken));
        }

        return played;
    }

    private async Task<PlayedReport> SendAsync(
        MllpClient client,
        ScriptedReport report,
        string controlId,
        byte[] message,
        CancellationToken cancellationToken)
    {
        var at = time.GetUtcNow();
        var exchange = await client.SendAsync(message, cancellationToken);
        var ack = exchange is MllpExchange.Answered answered
            ? AckReader.TryRead(answered.Ack, controlId, out _)
            : null;
        return new PlayedReport(report, controlId, at, ack);
    }

    /// <summary>Sends a whole frame and closes: the RIS may have it, and we do not know.</summary>
    private async Task HangUpAsync(byte[] message, CancellationToken cancellationToken)
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync(ris.Host, ris.Port, cancellationToken);
        await connection.GetStream().WriteAsync(MllpFrame.Wrap(message), cancellationToken);
    }

    private (string ControlId, byte[] Message) Write(ScriptedReport scripted, ScriptedLineage lineage)
    {
        var controlId = $"{envelope.ControlId}{++_messages}";
        var mistake = scripted.Mistake;
        var structure = mistake == ReportMistake.ForeignStructure
            ? examination.Structure with
            {
                Id = InstanceIdentifier.Create(NationalAuthorities.Organizations, "330000777"),
            }
            : examination.Structure;
        var patient = mistake == ReportMistake.NoIns ? examination.Patient with { Ins = null } : examination.Patient;
        var cda = mistake == ReportMistake.UnreadableDocument
            ? Encoding.UTF8.GetBytes("no document")
            : CdaOf(scripted.Document, lineage, patient, structure);
        var pid = mistake == ReportMistake.OtherPatient
            ? patient with { BirthName = patient.BirthName + "-AUTRE" }
            : patient;
        var report = new ReportMessage(
            scripted.Action, examination.IdOf(scripted.Document), IdOf(scripted.Parent),
            CdaReader.TryRead(cda, out _), pid, ["VALI"], examination.Radiologist, structure, examination.Order.PlacerOrderNumber, "O", PublicationChoices.Default,
            RelatedAndParentDisagree: false);
        return (controlId, ReportMessageWriter.WriteMdm(
            report, cda, envelope with { ControlId = controlId, Time = time.GetUtcNow() }));
    }

    private InstanceIdentifier? IdOf(string? document) => document is null ? null : examination.IdOf(document);

    // The same word is the same document, whenever it is sent and whatever is done with it: nothing in it is of the
    // clock.
    private byte[] CdaOf(string document, ScriptedLineage lineage, Patient patient, Organization structure)
    {
        var at = Timestamp.Parse("20261102103000+0100");
        var title = $"{ReportCodes.ImagingReport.Display} {document}";
        var pdf = ReportPdf.TryWrite(
            new PrintedReport(
                title, structure.Name, [patient.BirthName], [],
                [new PrintedSection("Conclusion", document)],
                examination.Radiologist.FamilyName, [], "fr-FR",
                new DateTimeOffset(2026, 11, 2, 10, 30, 0, TimeSpan.FromHours(1))),
            out _)!;
        var signer = new ReportParticipant(
            examination.Radiologist, structure,
            new Code("G15_10/SM44", "1.2.250.1.213.1.1.4.5", "Médecin - Radio-diagnostic (SM)"), at);
        return CdaWriter.Write(new Level1Report(
            examination.IdOf(document), examination.IdOf("set"), lineage.VersionOf(document),
            IdOf(lineage.ParentOf(document)), title, at, "fr-FR", patient, signer, signer, structure, [examination.Order],
            [
                new ImagingServiceEvent(
                    examination.StudyInstanceUid, null, [new Code("CT", ReportCodes.Dcm, "Scanner")], [], [],
                    "20261102100000+0100", null, structure,
                    new Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire")),
            ],
            new Code("SA08", "1.2.250.1.71.4.2.4", "Cabinet de groupe"), pdf));
    }
}
