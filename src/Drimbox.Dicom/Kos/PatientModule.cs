using Drimbox.Core.Identity;

namespace Drimbox.Dicom.Kos;

/// <summary>The patient of a document: PS3.3 C.7.1.1, with the INS where the national samples have it.</summary>
public static class PatientModule
{
    /// <summary>(0010,0021) for an INS, whatever its OID. Source: CI-SIS samples.</summary>
    private const string InsIssuer = "ASIP-SANTE-INS-NIR";

    /// <summary>Everything of the patient that is written as text in the character set of the document.</summary>
    public static IEnumerable<string?> Texts(Patient patient) =>
    [
        patient.BirthName, patient.FirstGivenName, patient.GivenNames, patient.UsedName, patient.BirthPlace,
        patient.LocalId?.Value, patient.LocalId?.IssuerName, patient.Ins?.Extension,
    ];

    /// <summary>Sets the attributes; the character set must hold <see cref="Texts"/>.</summary>
    public static void Set(DataSet dataSet, Patient patient)
    {
        dataSet.SetString(Tag.PatientName, $"{Component(patient.BirthName)}^{Component(patient.FirstGivenName)}");
        dataSet.SetString(Tag.PatientBirthDate, patient.BirthDate);
        // PS3.3 C.7.1.1: M, F, O; unknown is empty.
        dataSet.SetString(Tag.PatientSex, patient.Sex is "M" or "F" or "O" ? patient.Sex : null);
        if (patient.Ins is not { } ins)
        {
            dataSet.SetString(Tag.PatientID, patient.LocalId?.Value);
            if (patient.LocalId is { } local) SetIssuer(dataSet, local.IssuerName, local.IssuerOid);
            return;
        }

        dataSet.SetString(Tag.PatientID, ins.Extension);
        SetIssuer(dataSet, InsIssuer, ins.Root);
        dataSet.SetStrings(Tag.OtherPatientNames, patient.UsedName is { } used
            ? [$"^{Component(patient.GivenNames)}", $"{Component(used)}^{Component(patient.FirstGivenName)}"]
            : [$"^{Component(patient.GivenNames)}"]);
        dataSet.SetSequence(Tag.OtherPatientIDsSequence, InsItem(dataSet, ins));
        dataSet.SetString(Tag.PatientComments, patient.BirthPlace);
    }

    /// <summary>Adds the INS to the other identifiers of the patient of an image, unless it is among them (DB.SO.39).</summary>
    public static void AddIns(DataSet dataSet, InstanceIdentifier ins)
    {
        var others = dataSet.GetItems(Tag.OtherPatientIDsSequence);
        if (!others.Any(item => item.GetString(Tag.PatientID) == ins.Extension
            && item.GetItems(Tag.IssuerOfPatientIDQualifiersSequence) is [var entity, ..]
            && entity.GetString(Tag.UniversalEntityID) == ins.Root))
            dataSet.SetSequence(Tag.OtherPatientIDsSequence, [.. others, InsItem(dataSet, ins)]);
    }

    internal static Patient Read(DataSet dataSet)
    {
        var id = dataSet.GetString(Tag.PatientID) ?? "";
        var issuer = dataSet.GetItems(Tag.IssuerOfPatientIDQualifiersSequence) is [var qualifiers, ..]
            ? qualifiers.GetString(Tag.UniversalEntityID) ?? ""
            : "";
        InstanceIdentifier? ins = null;
        LocalPatientId? local = null;
        if (NationalAuthorities.IsIns(issuer) && InstanceIdentifier.TryCreate(issuer, id, out var matricule))
            ins = matricule;
        else if (id.Length > 0)
            local = new LocalPatientId(id, issuer, dataSet.GetString(Tag.IssuerOfPatientID) ?? "");

        var name = Components(dataSet.GetString(Tag.PatientName));
        var others = dataSet.GetStrings(Tag.OtherPatientNames);
        return new Patient(
            ins,
            local,
            name[0],
            name[1],
            others.Count > 0 ? Components(others[0])[1] : "",
            others.Count > 1 && Components(others[1])[0] is { Length: > 0 } used ? used : null,
            dataSet.GetString(Tag.PatientBirthDate) ?? "",
            dataSet.GetString(Tag.PatientSex) ?? "U",
            ins is null ? "" : dataSet.GetString(Tag.PatientComments) ?? "");
    }

    /// <summary>PS3.3 table 10-18 and 10-17: an entity by its OID.</summary>
    public static DataSet EntityItem(DataSet parent, string oid)
    {
        var item = new DataSet(parent);
        item.SetString(Tag.UniversalEntityID, oid);
        item.SetString(Tag.UniversalEntityIDType, "ISO");
        return item;
    }

    // PS3.3 table 10-1.
    private static DataSet InsItem(DataSet parent, InstanceIdentifier ins)
    {
        var item = new DataSet(parent);
        item.SetString(Tag.PatientID, ins.Extension);
        SetIssuer(item, InsIssuer, ins.Root);
        item.SetString(Tag.TypeOfPatientID, "TEXT");
        return item;
    }

    private static void SetIssuer(DataSet dataSet, string name, string oid)
    {
        if (name.Length > 0) dataSet.SetString(Tag.IssuerOfPatientID, name);
        if (oid.Length > 0)
            dataSet.SetSequence(Tag.IssuerOfPatientIDQualifiersSequence, EntityItem(dataSet, oid));
    }

    // PS3.5 6.2.1: these would begin another component, group or value.
    private static string Component(string name) =>
        name.Replace('^', ' ').Replace('=', ' ').Replace('\\', ' ');

    // Family and given name of the alphabetic group.
    private static string[] Components(string? name)
    {
        var parts = (name ?? "").Split('=')[0].Split('^');
        return [parts[0], parts.Length > 1 ? parts[1] : ""];
    }
}
