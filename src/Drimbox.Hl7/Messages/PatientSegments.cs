using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Hl7.Er7;

namespace Drimbox.Hl7.Messages;

/// <summary>PID and PV1, both directions. Source: PAM national extension France 2.11 and the CI-SIS annex on the INS,
/// as
/// the facts document 5.2 digests them.</summary>
internal static class PatientSegments
{
    // PID-3: 279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS~IPP101^^^AUT&1.2.3&ISO^PI
    // PID-5: PAT-TROIS^DOMINIQUE^DOMINIQUE^^^^L~PAT-TROIS^^^^^^D
    // PID-11: …^H~^^^^^^BDL^^63220
    public static StatedPatient Read(Er7Segment pid, CompositeReader read)
    {
        InstanceIdentifier? ins = null;
        LocalPatientId? local = null;
        foreach (var cx in pid[3].Repetitions.Where(r => r.HasContent))
        {
            var (value, type, authority) = (cx.Component(1).Code, cx.Component(5).Code, cx.Component(4));
            var oid = authority.Subcomponent(2).Code;
            if (type == "INS" || NationalAuthorities.IsIns(oid))
            {
                if (InstanceIdentifier.TryCreate(oid, value, out var matricule)) ins ??= matricule;
                else read.Fail<object?>(pid, 3);
            }
            else if (local is null || type == "PI")
            {
                local = new LocalPatientId(value, oid, authority.Subcomponent(1).Code);
            }
        }

        var names = pid[5].Repetitions;
        var birthName = names.FirstOrDefault(n => n.Component(7).Code == "L", names[0]);
        var usedName = names.FirstOrDefault(n => n.Component(7).Code == "D");
        var birthPlace = pid[11].Repetitions.FirstOrDefault(a => a.Component(7).Code == "BDL");
        var birth = pid[7].Code;
        var patient = new Patient(
            ins,
            local,
            birthName.Component(1).Code,
            birthName.Component(2).Code,
            birthName.Component(3).Code,
            CompositeReader.Optional(usedName.Component(1)),
            birth.Length > 8 ? birth[..8] : birth,
            pid[8].Code,
            birthPlace.Component(9).Code);
        var reliability = pid[32].Repetitions.Select(r => r.Code).Where(code => code.Length > 0).ToList();
        return new StatedPatient(patient, reliability, CompositeReader.OptionalCx(pid[18]));
    }

    public static void Write(Er7Writer writer, StatedPatient stated)
    {
        var patient = stated.Identity;
        writer.Segment("PID");
        if (patient.Ins is { } ins)
        {
            var name = ins.Root == NationalAuthorities.InsNia ? "ASIP-SANTE-INS-NIA" : "ASIP-SANTE-INS-NIR";
            writer.Repeat(3, ins.Extension, null, null, Er7Part.Of(name, ins.Root, "ISO"), "INS");
        }

        if (patient.LocalId is { } local)
        {
            var type = local.IssuerOid.Length > 0 ? "ISO" : null;
            writer.Repeat(3, local.Value, null, null, Er7Part.Of(local.IssuerName, local.IssuerOid, type), "PI");
        }

        writer.Set(5, patient.BirthName, patient.FirstGivenName, patient.GivenNames, null, null, null, "L");
        if (patient.UsedName is { Length: > 0 } usedName)
            writer.Repeat(5, usedName, patient.FirstGivenName, null, null, null, null, "D");
        writer.Set(7, patient.BirthDate).Set(8, patient.Sex);
        if (patient.BirthPlace.Length > 0)
            writer.Set(11, null, null, null, null, null, null, "BDL", null, patient.BirthPlace);
        writer.Set(18, Composites.Cx(stated.Account)).Set(31, "N");
        foreach (var code in stated.Reliability) writer.Repeat(32, code);
    }

    public static PatientVisit? ReadVisit(Er7Segment? pv1) => pv1 is { } segment
        ? new PatientVisit(
            segment[2].Code,
            CompositeReader.OptionalCx(segment[19]),
            CompositeReader.Optional(segment[44]),
            CompositeReader.Optional(segment[45]))
        : null;

    public static void WriteVisit(Er7Writer writer, PatientVisit visit) =>
        writer.Segment("PV1")
            .Set(1, "1")
            .Set(2, visit.PatientClass)
            .Set(19, Composites.Cx(visit.Number))
            .Set(44, visit.Admission)
            .Set(45, visit.Discharge);
}
