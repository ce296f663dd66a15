using System.CommandLine;
using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox audit</c>: the audit trail of the DRIMbox source.</summary>
internal static class AuditCommand
{
    private const string Path = "/api/source/audit";

    public static Command Create()
    {
        var number = new Argument<long>("record") { Description = "Its number, as 'search' shows it." };
        var known = new Option<long?>("--record")
        {
            Description = "A record whose hash was written down, with --sha256: it must be there still, unchanged.",
        };
        var sha256 = new Option<string?>("--sha256") { Description = "Its hash." };
        var file = new Option<FileInfo>("--out") { Description = "The file to write.", Required = true };
        return new Command("audit", """
            The audit trail of the DRIMbox source: reports received, publications in the DMP, questions to the PACS, and
            who was given or refused which images. The right to read audits is needed, and each look is a record of the
            trail itself. Records are in the form of DICOM PS3.15 A.5 (ATNA).

            Examples:
              drimbox audit search --patient 279035121518989
              drimbox audit search --user 899700218896 --from 2026-11-01
              drimbox audit show 17
              drimbox audit verify
              drimbox audit export --out audit.ndjson
            """)
        {
            Search(),
            new Command("show", "One record, with its message.") { number }.Calls(
                (client, parsed, cancellation) => client.GetAsync(
                    $"{Path}/{parsed.GetValue(number).ToString(CultureInfo.InvariantCulture)}", cancellation)),
            new Command("verify", "Whether every record is as it was written; exit code 1 where one is not.")
            {
                known, sha256,
            }.Calls((client, parsed, cancellation) => client.GetAsync(
                Path + "/verify?" + QueryString.Of(
                    ("id", parsed.GetValue(known)?.ToString(CultureInfo.InvariantCulture)),
                    ("sha256", parsed.GetValue(sha256))),
                cancellation)),
            new Command("export", "Write all records to a file, a JSON object in each line.") { file }.Calls(
                (client, parsed, cancellation) => DocumentDownload.RunAsync(
                    client, Path + "/export", parsed.GetValue(file)!, cancellation)),
        };
    }

    private static Command Search()
    {
        var patient = new Option<string?>("--patient")
        {
            Description = "Matricule INS, or OID^MATRICULE; the whole identifier, no part of it.",
        };
        var user = new Option<string?>("--user")
        {
            Description = "National identifier of a professional, or account:NAME for who looked at the trail.",
        };
        var document = new Option<string?>("--document")
        {
            Description = "Unique id of a report, a manifest or a submission set.",
        };
        var study = new Option<string?>("--study") { Description = "Study Instance UID." };
        var code = new Option<string?>("--event")
        {
            Description = "Code of the event or of its type: 110106, 110112, 110113, 110114, ITI-41, ITI-43 …",
        };
        var outcome = new Option<AuditOutcome?>("--outcome")
        {
            Description = "Success, MinorFailure (tried again), SeriousFailure (over) or MajorFailure.",
        };
        var from = new Option<DateTimeOffset?>("--from")
        {
            Description = "Not before, as 2026-11-29 or 2026-11-29T08:00Z.",
        };
        var until = new Option<DateTimeOffset?>("--until") { Description = "Before." };
        var before = new Option<long?>("--before") { Description = "Continue before this record." };
        var max = new Option<int>("--max")
        {
            Description = $"Records at most, 1 to {Limits.AuditListedMax}.", DefaultValueFactory = _ => 100,
        };
        return new Command("search", "Records, the newest first; what is named must all be so.")
        {
            patient, user, document, study, code, outcome, from, until, before, max,
        }.Calls((client, parsed, cancellation) => client.GetAsync(
            Path + "?" + QueryString.Of(
                ("patient", parsed.GetValue(patient)), ("user", parsed.GetValue(user)),
                ("document", parsed.GetValue(document)), ("study", parsed.GetValue(study)),
                ("event", parsed.GetValue(code)), ("outcome", parsed.GetValue(outcome)?.ToString()),
                ("from", parsed.GetValue(from)?.ToString("O", CultureInfo.InvariantCulture)),
                ("until", parsed.GetValue(until)?.ToString("O", CultureInfo.InvariantCulture)),
                ("before", parsed.GetValue(before)?.ToString(CultureInfo.InvariantCulture)),
                ("max", parsed.GetValue(max).ToString(CultureInfo.InvariantCulture))),
            cancellation));
    }
}
