using Drimbox.Core;
using Drimbox.Core.Manifests;
using Drimbox.Dicom.Part10;

namespace Drimbox.Dicom.Kos;

/// <summary>A <see cref="RejectionNote"/> as a Key Object Selection document, and back. Source: IHE RAD TF-3, Imaging
/// Object Change Management (RAD-66); PS3.16 CID 7011, D.</summary>
public static class RejectionNoteDataSet
{
    private static readonly (RejectionReason Reason, string Code, string Meaning)[] Titles =
    [
        (RejectionReason.Quality, "113001", "Rejected for Quality Reasons"),
        (RejectionReason.PatientSafety, "113037", "Rejected for Patient Safety Reasons"),
        (RejectionReason.IncorrectWorklistEntry, "113038", "Incorrect Modality Worklist Entry"),
        (RejectionReason.DataRetentionPolicyExpired, "113039", "Data Retention Policy Expired"),
    ];

    /// <summary>The note as a DICOM file, Explicit VR Little Endian.</summary>
    public static byte[] ToFile(RejectionNote note) =>
        Part10Writer.ToBytes(Encode(note), TransferSyntax.ExplicitVRLittleEndian);

    public static DataSet Encode(RejectionNote note)
    {
        Invariant.Holds(note.RejectedInstances.Any());
        var dataSet = new DataSet();
        dataSet.SetCharacterSet(CharacterSet.For(
            [.. PatientModule.Texts(note.Patient), note.Manufacturer, note.Study.Description]));
        KeyObjectDocument.SetDocument(
            dataSet, note.SopInstanceUid, note.SeriesInstanceUid, note.CreatedAt, note.Manufacturer);
        KeyObjectDocument.SetStudy(dataSet, note.Study);
        PatientModule.Set(dataSet, note.Patient);
        var (_, code, meaning) = Titles.First(t => t.Reason == note.Reason);
        KeyObjectDocument.SetTitle(dataSet, new CodedEntry(code, KeyObjectDocument.CodingScheme, meaning));
        KeyObjectDocument.SetEvidence(dataSet, note.Study.StudyInstanceUid, note.Series);
        dataSet.SetSequence(Tag.ContentSequence, KeyObjectDocument.ReferenceItems(dataSet, note.Series));
        return dataSet;
    }

    /// <summary>True for a Key Object Selection document with one of the four titles.</summary>
    public static bool IsRejectionNote(DataSet dataSet) =>
        dataSet.GetUid(Tag.SOPClassUID) == KeyObjectDocument.SopClassUid
        && KeyObjectDocument.Title(dataSet) is { } title && Titles.Any(t => t.Code == title);

    /// <summary>Reads a note. The instances are those of the evidence sequence: the content tree must not name others
    /// (PS3.3 C.17.6.2.1).</summary>
    public static RejectionNote? TryRead(DataSet dataSet, out Refusal? refusal)
    {
        refusal = null;
        if (!IsRejectionNote(dataSet))
        {
            refusal = new Refusal(
                RefusalReason.TableValue, "Not a rejection note: its title is none of those of IOCM.",
                Tag.ConceptNameCodeSequence.ToString());
            return null;
        }

        if (!dataSet.TryGetUid(Tag.SOPInstanceUID, out var sopInstance)
            || !dataSet.TryGetUid(Tag.SeriesInstanceUID, out var seriesInstance)
            || KeyObjectDocument.ReadEvidence(dataSet, out var study) is not { } series
            || !series.Any(s => s.Instances.Count > 0))
        {
            refusal = new Refusal(
                RefusalReason.RequiredFieldMissing,
                "The rejection note does not say which instances of one study it rejects.",
                Tag.CurrentRequestedProcedureEvidenceSequence.ToString());
            return null;
        }

        var title = KeyObjectDocument.Title(dataSet);
        return new RejectionNote(
            sopInstance, seriesInstance,
            // Only informative here: PACS leave it out.
            KeyObjectDocument.ReadCreation(dataSet) ?? DateTimeOffset.UnixEpoch,
            Titles.First(t => t.Code == title).Reason, dataSet.GetString(Tag.Manufacturer) ?? "",
            PatientModule.Read(dataSet), KeyObjectDocument.ReadStudy(dataSet, study), series);
    }
}
