using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Dmp;
using Drimbox.Hl7.Cda;
using Drimbox.Hl7.Messages;
using Drimbox.Hl7.Mllp;
using Drimbox.Hl7.Pdf;

namespace Drimbox.Gateway.Demo;

/// <summary>A bare MLLP sender in the place of the platform: it repeats, reorders and names what it likes.</summary>
internal sealed class DemoSender(DemoSystem system)
{
    /// <summary>A report message of a document of its own, without setId (as many real documents).</summary>
    public byte[] Message(
        ReportAction action, InstanceIdentifier document, InstanceIdentifier? parent, string conclusion,
        StructureOptions? structure = null)
    {
        var cda = Document(document, parent, conclusion, structure ?? DemoIdentities.Site);
        return ReportMessageWriter.WriteMdm(Report(action, cda), cda, Envelope());
    }

    public InstanceIdentifier NewDocumentId() => InstanceIdentifier.Create(system.Ids.NewUid().ToString(), null);

    /// <summary>Sends to the RIS of the demo and returns the acknowledgement, as text.</summary>
    public Task<string> SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation) =>
        SendAsync(message, system.Configuration.Ris!.Hl7.Port, cancellation);

    public async Task<string> SendAsync(ReadOnlyMemory<byte> message, int port, CancellationToken cancellation)
    {
        await using var client = new MllpClient(
            new MllpClientOptions { Host = "127.0.0.1", Port = port }, system.Time);
        return await client.SendAsync(message, cancellation) is MllpExchange.Answered answered
            ? Encoding.UTF8.GetString(answered.Ack.Span)
            : throw new DemoFailedException("the RIS did not answer");
    }

    /// <summary>MDM^T04 of a document that the RIS holds, with that document.</summary>
    public async Task DeleteAsync(string documentId, CancellationToken cancellation)
    {
        var register = await system.AskAsync("/api/ris/reports/" + Uri.EscapeDataString(documentId), cancellation);
        var version = register.GetProperty("versions").EnumerateArray()
            .Single(v => v.GetProperty("document").GetString() == documentId);
        var cda = await system.Administration.GetBytesAsync(
            $"/api/ris/reports/{register.GetProperty("report").GetString()}/versions/"
            + $"{version.GetProperty("sequence").GetInt32()}/document", cancellation);
        var message = ReportMessageWriter.WriteMdm(Report(ReportAction.Delete, cda), cda, Envelope());
        var ack = await SendAsync(message, cancellation);
        Expect.That(ack.Contains("MSA|AA|", StringComparison.Ordinal), $"MDM^T04 was answered {ack}");
    }

    /// <summary>ITI-41 of a report under the identity of the platform, by a rogue that runs the code of a RIS.</summary>
    /// <returns>How the DMP refused it, or null if it was taken.</returns>
    public async Task<string?> SubmitAsPlatformAsync(CancellationToken cancellation)
    {
        var cda = Document(NewDocumentId(), null, "Pas de lésion.", DemoIdentities.Platform);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(cda));
        var decision = ReportDecider.Decide(
            ReportState.Empty,
            new ReceiveReport(
                Report(ReportAction.Initial, cda), new StoredObject(sha256, cda.Length),
                Convert.ToHexStringLower(SHA1.HashData(cda))),
            new RisPolicy(
                new HashSet<InstanceIdentifier> { DemoIdentities.Platform.OrganizationId },
                Uid.Parse(DemoIdentities.PlatformRoot), new ReportEntryDefaults(TimeZone: TimeZoneInfo.Utc)),
            new DecisionContext(system.Time.GetUtcNow(), system.Ids));
        Expect.That(decision.Submission is not null, $"no submission: {decision.Refusal}");
        var connection = system.ConnectionOf(DemoIdentities.Platform);
        Stream Open(StoredObject _) => new MemoryStream(cda);
        using var clients = connection.OpenClients(system.Ids, system.Time);
        var attempt = new SubmissionAttempt(clients.For(DemoIdentities.Platform.OrganizationId), Open);
        var end = await attempt.RunAsync(
            connection.Signer(Open).Seal(decision.Submission!), null, mayStand: false, isLookedAt: false, static () => { },
            cancellation);
        return end.Outcome == DispatchOutcome.Done ? null : $"{end.Outcome} {end.Detail}";
    }

    private MessageEnvelope Envelope()
    {
        var platform = system.Configuration.Teleradiology!.Hl7;
        var ris = system.Configuration.Ris!.Hl7;
        return new MessageEnvelope(
            platform.Application, platform.Facility, ris.Application, ris.Facility, system.Time.GetUtcNow(),
            system.Ids.NewControlId());
    }

    private ReportMessage Report(ReportAction action, byte[] cda)
    {
        var header = CdaReader.TryRead(cda, out var refusal);
        Expect.That(header is not null, refusal?.Detail ?? "");
        return new ReportMessage(
            action, header!.DocumentId, header.Replaces, header, system.Patient, ["VALI"], DemoIdentities.Radiologist,
            header.ResponsibleOrganization, null, null, PublicationChoices.Default, false);
    }

    private byte[] Document(
        InstanceIdentifier document, InstanceIdentifier? parent, string conclusion, StructureOptions structure)
    {
        var now = system.Time.GetUtcNow();
        var organization = DemoIdentities.OrganizationOf(structure);
        var pdf = ReportPdf.TryWrite(
            new PrintedReport(
                "CR de scanner thoracique", organization.Name, ["PAT-TROIS DOMINIQUE"], [],
                [new PrintedSection("Conclusion", conclusion)], "THOMAS ERIC", [], "fr-FR", now),
            out var refusal);
        Expect.That(pdf is not null, refusal?.Detail ?? "");
        var time = Timestamp.From(now);
        var signer = new ReportParticipant(DemoIdentities.Radiologist, organization, null, time);
        var written = CdaWriter.Write(new Level1Report(
            document, InstanceIdentifier.Create(system.Ids.NewUid().ToString(), null), 1, parent,
            "CR de scanner thoracique", time, "fr-FR", system.Patient, signer, signer, organization,
            [new ImagingOrder(
                DemoIdentities.Order("OPN102"), DemoIdentities.Accession(system.Study.AccessionNumber))],
            [new ImagingServiceEvent(
                system.Study.StudyInstanceUid, new Code("24627-2", ReportCodes.Loinc, "Scanner thoracique"),
                [new Code("CT", ReportCodes.Dcm, "Scanner")],
                [new Code("67734004", ReportCodes.SnomedCt, "thorax")], [],
                time.ToString(), null, organization,
                new Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"))],
            new Code("SA08", "1.2.250.1.71.4.2.4", "Cabinet de groupe"),
            pdf!));
        return WithoutSetId(written);
    }

    private static byte[] WithoutSetId(byte[] document)
    {
        var xml = XDocument.Load(new MemoryStream(document));
        XNamespace hl7 = "urn:hl7-org:v3";
        xml.Root!.Elements(hl7 + "setId").Remove();
        xml.Root.Elements(hl7 + "versionNumber").Remove();
        using var stream = new MemoryStream();
        xml.Save(stream);
        return stream.ToArray();
    }
}
