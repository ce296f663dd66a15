using System.Text;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Publications;
using Drimbox.Core.Reports;
using Drimbox.Core.Studies;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Part10;
using Drimbox.Dmp.Registry;
using Drimbox.Grains.Studies;

namespace Drimbox.Source.Transfer;

/// <summary>Makes the history of a study from what another DRIMbox wrote of it: one report for each line of CR.TXT, as
/// far as the metadata tell of it, and the manifest that is in the DMP. What the RIS sends later continues it: a
/// report is known by its document id, a manifest by its unique id. Source: facts 2.2.</summary>
internal sealed class XdmReader(SourcePolicy policy)
{
    /// <param name="files">The files of one submission set by their name.</param>
    /// <param name="why">What is wrong, where null is returned; nothing of a patient.</param>
    public StudyHistory? TryRead(IReadOnlyDictionary<string, byte[]> files, out string why)
    {
        why = "";
        if (!files.TryGetValue(XdmWriter.Metadata, out var metadata)) return Fail("METADATA.XML is missing", out why);
        if (HardenedXml.TryLoad(metadata, Limits.SoapPartBytesMax, out var refusal) is not { } xml)
            return Fail($"METADATA.XML: {refusal!.Detail}", out why);
        var problems = new List<string>();
        var objects = xml.Descendants(XdsNames.Rim + "ExtrinsicObject").ToList();
        if (objects.FindAll(e => (string?)e.Attribute("mimeType") == "application/dicom") is not [var element])
            return Fail("METADATA.XML does not describe one DICOM document", out why);
        var entry = DocumentEntryCodec.TryRead(element, stored: true, problems)?.Entry;
        var set = xml.Descendants(XdsNames.Rim + "RegistryPackage").FirstOrDefault() is { } package
            ? SubmissionSetCodec.TryRead(package, problems)
            : null;
        if (entry is null || set is null)
            return Fail($"METADATA.XML: {(problems.Count > 0 ? problems[0] : "there is no submission set")}", out why);

        var kos = files.FirstOrDefault(f => f.Key.EndsWith(".DCM", StringComparison.OrdinalIgnoreCase)).Value;
        if (kos is null) return Fail("the KOS is missing", out why);
        if (!DicomFile.TryRead(kos, out var file, out refusal)) return Fail($"the KOS: {refusal!.Detail}", out why);
        if (KosDataSet.TryRead(file!.DataSet, out refusal) is not { } manifest)
            return Fail($"the KOS: {refusal!.Detail}", out why);
        if (!files.TryGetValue(XdmWriter.Reports, out var lines)) return Fail("CR.TXT is missing", out why);
        var reports = new List<StudyReport>();
        foreach (var line in Encoding.UTF8.GetString(lines).Split(
            '\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (ReportOf(line, entry, set, manifest) is not { } report)
                return Fail("CR.TXT is not root;extension;INS;OID;IPP;OID, or of another patient", out why);
            reports.Add(report);
        }

        if (reports.Count == 0) return Fail("CR.TXT names no report", out why);
        reports.Reverse();
        return HistoryOf(reports, entry, set, manifest, new StoredFiles(kos, metadata, files), out why);
    }

    private sealed record StoredFiles(byte[] Kos, byte[] Metadata, IReadOnlyDictionary<string, byte[]> All)
    {
        public StoredObject? Signature => All.FirstOrDefault(
            f => f.Key.StartsWith("SIGN_", StringComparison.OrdinalIgnoreCase)).Value is { } bytes
            ? StoredObject.Of(bytes)
            : null;
    }

    private StudyHistory? HistoryOf(
        List<StudyReport> reports, DocumentEntry entry, SubmissionSetEntry set, Manifest manifest, StoredFiles files,
        out string why)
    {
        why = "";
        var study = manifest.Study.StudyInstanceUid;
        if (reports.Find(r => ReportEntry.TryFrom(
            r.Header, "", "", 0, Visibility.Normal, policy.Defaults, out _) is null) is not null)
            return Fail("METADATA.XML lacks what a manifest of the study would need", out why);
        var before = reports.ConvertAll<StudyEvent>(r => new ReportCopyReceived(r));
        var state = before.Aggregate(StudyState.Empty, StudyDecider.Evolve);
        if (state.ActiveReports(study).Count == 0) return Fail("the patient has no qualified INS", out why);
        var version = new ManifestVersion(
            1, manifest.SopInstanceUid, manifest.CreatedAt, manifest.Requests,
            manifest.Series.Sum(s => s.Instances.Count),
            ManifestPlan.ContentKeyOf(manifest, state, policy), StoredObject.Of(files.Kos), entry.Hash)
        {
            RetrieveHost = ManifestReissue.HostOf(manifest),
        };
        var at = reports[0].RecordedAt;
        return new StudyHistory(
            study,
            [
                .. before,
                new ManifestBuilt(version),
                new ManifestSubmissionDecided(
                    set.UniqueId,
                    new PublicationStep(SubmissionKind.Publish, entry.UniqueId, null, entry.Visibility), at),
                new ManifestSubmissionEnded(set.UniqueId, DispatchOutcome.Done, null, at)
                {
                    Kept = new KeptSubmission(StoredObject.Of(files.Metadata), files.Signature, null),
                },
            ]);
    }

    // cdaRoot;cdaExtension;INS;INS-OID;IPP;IPP-OID
    private static StudyReport? ReportOf(string line, DocumentEntry entry, SubmissionSetEntry set, Manifest manifest)
    {
        var parts = line.Split(';');
        if (parts.Length < 4 || !InstanceIdentifier.TryCreate(parts[0], parts[1], out var document)
            || !InstanceIdentifier.TryCreate(parts[3], parts[2], out var ins) || ins != entry.PatientId)
            return null;
        if (!Timestamp.TryParse(set.SubmissionTime + "+0000", out var time)) return null;
        var patient = manifest.Patient with
        {
            Ins = ins,
            LocalId = parts is [_, _, _, _, { Length: > 0 } value, var authority, ..]
                ? new LocalPatientId(value, authority, "")
                : entry.SourcePatient.LocalId,
        };
        return new StudyReport(
            document,
            Parent: null,
            HeaderOf(document, entry, set, manifest, patient),
            patient,
            InsQualified: QualifiedIns.From(patient, ["VALI"]) is not null,
            PublicationChoices.Default with { Visibility = entry.Visibility },
            Sender: set.Author?.Person,
            PatientClass: ClassOf(set.ContentType),
            new DateTimeOffset(time.Local, TimeSpan.Zero));
    }

    private static CdaHeader HeaderOf(
        InstanceIdentifier document, DocumentEntry entry, SubmissionSetEntry set, Manifest manifest, Patient patient)
    {
        var author = entry.Authors[0];
        var institution = author.Institution.Id.IsEmpty ? set.Author?.Institution : author.Institution;
        bool IsModality(Code c) => c.System is ReportCodes.Dcm or ReportCodes.AcquisitionModalities;
        bool IsAct(Code c) => c.System is ReportCodes.Ccam;
        var study = new ImagingServiceEvent(
            manifest.Study.StudyInstanceUid,
            Code: null,
            [.. entry.EventCodes.Where(IsModality)],
            [.. entry.EventCodes.Where(c => !IsModality(c) && !IsAct(c))],
            [.. entry.EventCodes.Where(IsAct)],
            Utc(entry.ServiceStartTime ?? entry.CreationTime),
            entry.ServiceStopTime is { } stop ? Utc(stop) : null,
            institution,
            entry.PracticeSetting);
        return new CdaHeader(
            document,
            SetId: null,
            VersionNumber: null,
            Replaces: null,
            ReportCodes.ImagingReport,
            entry.Title,
            Utc(entry.CreationTime),
            ReportCodes.Normal,
            entry.LanguageCode,
            patient,
            [patient.Ins!.Value],
            author.Person,
            institution,
            entry.LegalAuthenticator ?? author.Person,
            institution,
            Custodian: null,
            [.. manifest.Requests.Select(r => new ImagingOrder(r.PlacerOrderNumber ?? default, r.AccessionNumber))],
            [study],
            entry.HealthcareFacilityType,
            IsLevel3: false)
        {
            AuthorRole = author.Role,
            AuthorSpecialty = author.Specialty,
            BodyMediaType = "application/pdf",
        };
    }

    // ITI TF-3 4.2.3.1.7: times of XDS are in UTC. A date alone has no offset to be written with.
    private static string Utc(string time) => time.Length > 8 ? time + "+0000" : time;

    private static string ClassOf(Code contentType) => contentType.Value switch
    {
        "03" => "I",
        "19" => "R",
        "97" => "N",
        _ => "O",
    };

    private static StudyHistory? Fail(string sentence, out string why)
    {
        why = sentence;
        return null;
    }
}
