using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Drimbox.Core.Archive;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Storage;

namespace Drimbox.Archive.Corrections;

/// <summary>Gives a data set on its way out the patient that its study is of, and says in Original Attributes Sequence
/// whom it named before. Source: PS3.3 table C.12-1; docs/adr/0019.</summary>
internal static class CorrectedDataSet
{
    public static void Apply(DataSet dataSet, CorrectedStudy study, AeTitle archive, AeTitle source)
    {
        var patient = study.Patient;
        string[] texts = [patient.PatientId, patient.Issuer, patient.Name];
        if (!texts.All(dataSet.CharacterSet.CanEncode)) dataSet.Recode(CharacterSet.Utf8);
        var item = new DataSet(dataSet);
        var replaced = new DataSet(item);
        Replace(dataSet, replaced, Tag.PatientName, patient.Name);
        Replace(dataSet, replaced, Tag.PatientID, patient.PatientId);
        Replace(dataSet, replaced, Tag.IssuerOfPatientID, patient.Issuer, isOptional: true);
        ReplaceEntity(dataSet, replaced, patient);
        Replace(dataSet, replaced, Tag.PatientBirthDate, patient.BirthDate);
        Replace(dataSet, replaced, Tag.PatientSex, patient.Sex);
        if (replaced.Count == 0) return;
        item.SetString(Tag.SourceOfPreviousValues, source.ToString());
        item.SetString(
            Tag.AttributeModificationDateTime,
            study.Last.At.UtcDateTime.ToString("yyyyMMddHHmmss.ffffff'+0000'", CultureInfo.InvariantCulture));
        item.SetString(Tag.ModifyingSystem, archive.ToString());
        item.SetString(
            Tag.ReasonForTheAttributeModification, study.Last.Kind == CorrectionKind.Merge ? "COERCE" : "CORRECT");
        item.SetSequence(Tag.ModifiedAttributesSequence, replaced);
        dataSet.SetSequence(
            Tag.OriginalAttributesSequence, [.. dataSet.GetItems(Tag.OriginalAttributesSequence), item]);
    }

    /// <summary>Another text whenever another patient would be written.</summary>
    public static string VersionOf(CorrectedStudy study) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{study.Patient} {study.Last.Id}")).AsSpan(0, 8));

    private static void Replace(DataSet dataSet, DataSet replaced, Tag tag, string value, bool isOptional = false)
    {
        if (string.Join('\\', dataSet.GetStrings(tag)) == value) return;
        Keep(dataSet, replaced, tag);
        if (value.Length == 0 && isOptional) dataSet.Remove(tag);
        else dataSet.SetString(tag, value);
    }

    // PS3.3 table 10-18.
    private static void ReplaceEntity(DataSet dataSet, DataSet replaced, PatientIdentity patient)
    {
        var tag = Tag.IssuerOfPatientIDQualifiersSequence;
        var present = dataSet.GetItems(tag) is [var first, ..] ? first.GetString(Tag.UniversalEntityID) ?? "" : "";
        if (present == patient.IssuerEntity) return;
        Keep(dataSet, replaced, tag);
        dataSet.Remove(tag);
        if (patient.IssuerEntity.Length == 0) return;
        var entity = new DataSet(dataSet);
        entity.SetString(Tag.UniversalEntityID, patient.IssuerEntity);
        entity.SetString(Tag.UniversalEntityIDType, patient.IssuerEntityType);
        dataSet.SetSequence(tag, entity);
    }

    private static void Keep(DataSet dataSet, DataSet replaced, Tag tag)
    {
        if (dataSet.TryGet(tag, out var element)) replaced.Set(element);
        else replaced.SetEmpty(tag);
    }
}
