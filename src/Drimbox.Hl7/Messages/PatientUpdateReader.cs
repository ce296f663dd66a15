using Drimbox.Core.Archive;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Hl7.Messages;

/// <summary>Reads ADT as an archive understands it (IHE RAD-12, ITI-30). Takes messages that passed
/// <see cref="PatientUpdateProfiles"/>.</summary>
public static class PatientUpdateReader
{
    /// <returns>One for each patient of the message.</returns>
    public static IReadOnlyList<PatientUpdate> Read(MessageReading reading)
    {
        if (reading.Profile!.Id == PatientUpdateProfiles.Merge.Id)
        {
            return
            [
                .. reading.Root!.Occurrences("PATIENT").Select(
                    patient => Of(CorrectionKind.Merge, patient.Find("PID")!.Value, patient.Find("MRG"))),
            ];
        }

        return [Of(CorrectionKind.Correct, reading.Message.Find("PID")!.Value, reading.Message.Find("MRG"))];
    }

    private static PatientUpdate Of(CorrectionKind kind, Er7Segment pid, Er7Segment? mrg)
    {
        var names = pid[5].Repetitions.Where(n => n is { HasContent: true, IsNull: false }).ToList();
        var name = names.Find(n => n.Component(7).Code == "L");
        if (!name.HasContent && names.Count > 0) name = names[0];
        var birth = pid[7].Code;
        return new PatientUpdate(
            kind,
            NumbersOf(pid[3]),
            mrg is { } merged ? NumbersOf(merged[1]) : [],
            name.HasContent ? PersonName(name) : null,
            // A year or a month alone is no DA (PS3.5 6.2).
            birth.Length >= 8 ? birth[..8] : null,
            // HL7 0001 has more than PS3.3 C.7.1.1.
            pid[8].Code is "M" or "F" or "O" ? pid[8].Code : null);
    }

    private static List<PatientNumber> NumbersOf(Er7Value field) =>
    [
        .. field.Repetitions.Where(cx => cx.Component(1).HasContent).Select(cx => new PatientNumber(
            cx.Component(1).Code,
            new AssigningAuthority(
                cx.Component(4).Subcomponent(1).Code, cx.Component(4).Subcomponent(2).Code))),
    ];

    // XPN is family^given^middle^suffix^prefix, PN is family^given^middle^prefix^suffix (HL7 v2.5.1 2.A.88, PS3.5 6.2).
    // In France XPN-3 lists all given names, the first among them: PN has it already.
    private static string PersonName(Er7Value xpn)
    {
        var (given, further) = (Component(2), Component(3));
        var middle = given.Length > 0 && further.StartsWith(given, StringComparison.OrdinalIgnoreCase) ? "" : further;
        return string.Join('^', Component(1), given, middle, Component(5), Component(4)).TrimEnd('^');

        // The letters that have a meaning in PN, which an escape of HL7 can bring.
        string Component(int index) =>
            string.Concat(xpn.Component(index).Subcomponent(1).Code.Select(c => c is '^' or '=' or '\\' ? ' ' : c));
    }
}
