using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Storage;

namespace Drimbox.Archive;

/// <summary>What the index is told of an instance, from the scan of its header.</summary>
internal static class InstanceRecords
{
    /// <param name="scanner">Which has read the data set.</param>
    public static InstanceRecord From(HeaderScanner scanner, Uid transferSyntaxUid, InstanceFile file)
    {
        string Text(Tag tag) => scanner.GetString(tag) ?? "";
        var patient = new PatientAttributes(
            Text(Tag.PatientID), Text(Tag.IssuerOfPatientID), Text(Tag.PatientName), Text(Tag.PatientBirthDate),
            Text(Tag.PatientSex));
        var study = new StudyAttributes(
            scanner.GetUid(Tag.StudyInstanceUID), Text(Tag.StudyDate), Text(Tag.StudyTime), Text(Tag.AccessionNumber),
            Text(Tag.StudyID), Text(Tag.StudyDescription), Text(Tag.ReferringPhysicianName));
        if (scanner.HasItemValues) (patient, study) = WithIssuers(scanner, patient, study);
        return new InstanceRecord(
            patient,
            study,
            new SeriesAttributes(
                scanner.GetUid(Tag.SeriesInstanceUID), Text(Tag.Modality), Text(Tag.SeriesNumber),
                Text(Tag.SeriesDescription), Text(Tag.SeriesDate), Text(Tag.SeriesTime)),
            new InstanceAttributes(
                scanner.GetUid(Tag.SOPInstanceUID), scanner.GetUid(Tag.SOPClassUID), transferSyntaxUid,
                Text(Tag.InstanceNumber), Math.Max(0, scanner.GetInt(Tag.NumberOfFrames) ?? 0),
                scanner.GetInt(Tag.Rows) ?? 0, scanner.GetInt(Tag.Columns) ?? 0),
            file);
    }

    // PS3.3 tables 10-18 and C.7-1: (0010,0024) and the items of (0010,1002); table C.7-3: (0008,0051).
    private static (PatientAttributes, StudyAttributes) WithIssuers(
        HeaderScanner scanner, PatientAttributes patient, StudyAttributes study)
    {
        var qualifiers = Tag.IssuerOfPatientIDQualifiersSequence;
        var accession = Tag.IssuerOfAccessionNumberSequence;
        var others = Tag.OtherPatientIDsSequence;
        return (
            patient with
            {
                IssuerEntity = scanner.GetItemString(qualifiers, 0, Tag.UniversalEntityID),
                IssuerEntityType = scanner.GetItemString(qualifiers, 0, Tag.UniversalEntityIDType),
                OtherIds =
                [
                    .. Enumerable.Range(0, scanner.ItemCount(others))
                        .Select(item => new OtherPatientId(
                            scanner.GetItemString(others, item, Tag.PatientID),
                            scanner.GetItemString(others, item, Tag.IssuerOfPatientID),
                            scanner.GetItemString(others, item, Tag.UniversalEntityID, qualifiers),
                            scanner.GetItemString(others, item, Tag.UniversalEntityIDType, qualifiers)))
                        .Where(other => other.PatientId.Length > 0),
                ],
            },
            study with
            {
                AccessionIssuer = scanner.GetItemString(accession, 0, Tag.LocalNamespaceEntityID),
                AccessionIssuerEntity = scanner.GetItemString(accession, 0, Tag.UniversalEntityID),
                AccessionIssuerEntityType = scanner.GetItemString(accession, 0, Tag.UniversalEntityIDType),
            });
    }
}
