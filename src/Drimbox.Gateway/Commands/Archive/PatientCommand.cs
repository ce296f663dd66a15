using System.CommandLine;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Commands.Archive;

/// <summary><c>drimbox patient</c>: whom the studies of the archive are of.</summary>
internal static class PatientCommand
{
    private const string Root = "/api/archive/corrections";

    private static readonly Argument<string> Patient = new("patient") { Description = "Patient ID (0010,0020)." };

    private static readonly Argument<string> Into = new("into")
    {
        Description = "Patient ID of the patient whose studies they are.",
    };

    private static readonly Argument<string> Study = new("study") { Description = "Study Instance UID." };

    private static readonly Argument<long> Number = new("number") { Description = "Number of a correction." };

    private static readonly Option<string?> Issuer = new("--issuer")
    {
        Description = "Issuer of Patient ID (0010,0021), where several gave out the same id.",
    };

    private static readonly Option<string?> IssuerOid = new("--issuer-oid")
    {
        Description = "The same by its OID, Universal Entity ID in (0010,0024).",
    };

    private static readonly Option<string?> ToIssuer = new("--to-issuer") { Description = "Issuer of the other id." };

    private static readonly Option<string?> ToIssuerOid = new("--to-issuer-oid")
    {
        Description = "The same by its OID.",
    };

    private static readonly Option<string?> Name = new("--name") { Description = "Patient's Name, FAMILY^GIVEN." };

    private static readonly Option<string?> BirthDate = new("--birth-date")
    {
        Description = "Patient's Birth Date, YYYYMMDD.",
    };

    private static readonly Option<string?> Sex = new("--sex") { Description = "Patient's Sex: M, F, O." };

    private static readonly Option<string> Reason = new("--reason")
    {
        Description = "Why, for the record, without patient data.",
        DefaultValueFactory = _ => "",
    };

    public static Command Create() => new("patient", """
        Correct whom the studies of the archive are of. Queries and all that is sent follow; the stored files stay as they
        were received, and each correction is recorded and can be undone.

        Examples:
          drimbox patient correct IPP101 --name "DUPONT^MARIE" --birth-date 19790328
          drimbox patient correct IPP101 --id IPP102 --reason "mistyped at admission"
          drimbox patient merge IPP101 IPP102 --reason "two files of one person"
          drimbox patient move 1.2.3 IPP103
          drimbox patient corrections --study 1.2.3
          drimbox patient undo 7
        """)
    {
        Correct(),
        Merge(),
        Move(),
        List(),
        new Command("undo", "Take a correction back. Those after it hold on.") { Number }.Calls(
            (client, parsed, cancellation) =>
                client.PostAsync($"{Root}/{parsed.GetValue(Number)}/undo", null, cancellation)),
    };

    private static Command Correct()
    {
        var id = new Option<string?>("--id") { Description = "The Patient ID that it should be." };
        return new Command("correct", """
            Identifiers or attributes of a patient were wrong. Studies that come later are corrected as they come.

            Example:
              drimbox patient correct IPP101 --name "DUPONT^MARIE" --reason "misspelt"
            """)
        {
            Patient, Issuer, IssuerOid, id, ToIssuer, ToIssuerOid, Name, BirthDate, Sex, Reason,
        }.Calls((client, parsed, cancellation) => client.PostAsync(
            Root + "/correct", BodyOfPatient(parsed) with { ToPatient = parsed.GetValue(id) }, cancellation));
    }

    private static Command Merge() => new Command("merge", """
        The studies of a patient are of another one. Studies that come later under the first id are too.

        Example:
          drimbox patient merge IPP101 IPP102 --reason "two files of one person"
        """)
    {
        Patient, Into, Issuer, IssuerOid, ToIssuer, ToIssuerOid, Name, BirthDate, Sex, Reason,
    }.Calls((client, parsed, cancellation) => client.PostAsync(
        Root + "/merge", BodyOfPatient(parsed) with { ToPatient = parsed.GetValue(Into) }, cancellation));

    private static Command Move() => new Command("move", """
        One study is of another patient: it was made under the wrong name.

        Example:
          drimbox patient move 1.2.3 IPP103
          drimbox patient move 1.2.3 IPP104 --name "MARTIN^PAUL" --birth-date 19610102 --sex M
        """)
    {
        Study, Into, ToIssuer, ToIssuerOid, Name, BirthDate, Sex, Reason,
    }.Calls((client, parsed, cancellation) => client.PostAsync(
        Root + "/move",
        BodyOf(parsed) with { Study = parsed.GetValue(Study)!, ToPatient = parsed.GetValue(Into) },
        cancellation));

    private static Command List()
    {
        var study = new Option<string?>("--study") { Description = "Only those that bear on this study." };
        var max = new Option<int>("--max")
        {
            Description = "Corrections at most, 1 to 1000.",
            DefaultValueFactory = _ => 50,
        };
        return new Command("corrections", "What was corrected, by whom and when, the newest first; undone ones too.")
        {
            study, max,
        }.Calls((client, parsed, cancellation) => client.GetAsync(
            $"{Root}?max={parsed.GetValue(max)}"
            + (parsed.GetValue(study) is { } uid ? $"&study={Uri.EscapeDataString(uid)}" : ""),
            cancellation));
    }

    private static CorrectionBody BodyOfPatient(ParseResult parsed) => BodyOf(parsed) with
    {
        Patient = parsed.GetValue(Patient)!,
        Issuer = parsed.GetValue(Issuer),
        IssuerOid = parsed.GetValue(IssuerOid),
    };

    private static CorrectionBody BodyOf(ParseResult parsed) => new()
    {
        ToIssuer = parsed.GetValue(ToIssuer),
        ToIssuerOid = parsed.GetValue(ToIssuerOid),
        Name = parsed.GetValue(Name),
        BirthDate = parsed.GetValue(BirthDate),
        Sex = parsed.GetValue(Sex),
        Reason = parsed.GetValue(Reason)!,
    };
}
