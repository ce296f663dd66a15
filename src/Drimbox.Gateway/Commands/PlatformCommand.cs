using System.CommandLine;
using Drimbox.Core.Requests;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Commands.Load;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox platform</c>: what the radiologist of the teleradiology platform does.</summary>
internal static class PlatformCommand
{
    private static readonly Argument<string> Order = new("order") { Description = "Placer order number: ROOT^NUMBER." };

    public static Command Create() => new("platform", """
        The teleradiology platform: requests to read, and reports, which go to the RIS only.

        Examples:
          drimbox platform worklist --late
          drimbox platform accept 1.2.250.1.748.1^OPN101 --protocol "Scanner sans injection"
          drimbox platform draft 1.2.250.1.748.1^OPN101 --template default --results "…" --conclusion "Pas de lésion."
          drimbox platform sign 1.2.250.1.748.1^OPN101
        """)
    {
        Worklist(),
        List(),
        new Command("show", "One request.") { Order }.Calls((client, parsed, cancellation) =>
            client.GetAsync(PathOf(parsed), cancellation)),
        Attachment(),
        Accept(),
        Refuse(),
        new Command("templates", "The report templates.").Calls((client, _, cancellation) =>
            client.GetAsync("/api/teleradiology/templates", cancellation)),
        Template(),
        Written("draft", "Keep the text of a report to be signed later."),
        new Command("read-draft", "The text that waits for a signature.") { Order }.Calls(
            (client, parsed, cancellation) => client.GetAsync(PathOf(parsed) + "/draft", cancellation)),
        new Command("sign", "Sign and send the draft: the first report (MDM^T02) or a correction (MDM^T10).") { Order }
            .Calls((client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/sign", null, cancellation)),
        Written("report", "Write, sign and send the first report (MDM^T02)."),
        Written("correct", "Replace the report (MDM^T10)."),
        new Command("withdraw", "Take the report back (MDM^T04).") { Order }.Calls(
            (client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/withdraw", null, cancellation)),
    };

    private static Command Worklist()
    {
        var status = new Option<RequestStatus[]>("--status")
        {
            Description = "Only these: Placed, Accepted, Examined.", AllowMultipleArgumentsPerToken = true,
        };
        var olderThan = new Option<string?>("--older-than")
        {
            Description = "Only what the RIS placed so long ago, as 30m, 2h.",
        };
        olderThan.Validators.Add(result =>
        {
            if (result.GetValue(olderThan) is { } text && !Durations.TryParse(text, out _))
                result.AddError("--older-than takes a time, as 30m or 2h.");
        });
        var modality = new Option<string?>("--modality") { Description = "Only this one, as CT." };
        var late = new Option<bool>("--late") { Description = "Only what should be answered or reported by now." };
        return new Command("worklist", "What waits: first what is due first.") { status, olderThan, modality, late }
            .Calls((client, parsed, cancellation) => client.GetAsync(
                "/api/teleradiology/worklist?" + QueryString.Of(
                [
                    .. (parsed.GetValue(status) ?? []).Select(s => ("status", (string?)s.ToString())),
                    ("olderThan",
                        Durations.TryParse(parsed.GetValue(olderThan) ?? "", out var age) ? $"{age:c}" : null),
                    ("modality", parsed.GetValue(modality)),
                    ("late", parsed.GetValue(late) ? "true" : null),
                ]),
                cancellation));
    }

    private static Command List()
    {
        var after = new Option<string?>("--after") { Description = "Continue after this order." };
        var max = new Option<int>("--max") { Description = "At most so many.", DefaultValueFactory = _ => 1000 };
        return new Command("list", "All requests in the order of their numbers, closed ones too.") { after, max }.Calls(
            (client, parsed, cancellation) => client.GetAsync(
                $"/api/teleradiology/requests?max={parsed.GetValue(max)}"
                + (parsed.GetValue(after) is { } order ? "&after=" + Uri.EscapeDataString(order) : ""), cancellation));
    }

    private static Command Attachment()
    {
        var document = new Argument<string>("document") { Description = "Id of the document, as 'show' prints it." };
        var output = new Option<FileInfo>("--output", "-o") { Description = "File to write it to.", Required = true };
        return new Command("attachment", "A document that the RIS sent for a request, byte for byte.")
        {
            Order, document, output,
        }.Calls((client, parsed, cancellation) => DocumentDownload.RunAsync(
            client, PathOf(parsed) + "/attachments/" + Uri.EscapeDataString(parsed.GetValue(document)!),
            parsed.GetValue(output)!, cancellation));
    }

    private static Command Accept()
    {
        var protocols = new Option<string[]>("--protocol") { Description = "An imaging protocol; may be given again." };
        var files = new Option<FileInfo[]>("--protocol-file")
        {
            Description = "An imaging protocol as PDF file; may be given again.",
        };
        files.AcceptExistingOnly();
        return new Command("accept", "Accept a request with its protocols (flux 3 OK).") { Order, protocols, files }
            .Calls(async (client, parsed, cancellation) =>
            {
                var documents = new List<byte[]>();
                foreach (var file in parsed.GetValue(files) ?? [])
                    documents.Add(await File.ReadAllBytesAsync(file.FullName, cancellation));
                return await client.PostAsync(
                    PathOf(parsed) + "/accept", new { protocols = parsed.GetValue(protocols) ?? [], documents },
                    cancellation);
            });
    }

    private static Command Refuse()
    {
        var reason = new Option<string?>("--reason") { Description = "Why it is refused." };
        var code = new Option<string?>("--code") { Description = "The reason as a code." };
        var system = new Option<string?>("--system") { Description = "Name of the coding system of the code." };
        return new Command("refuse", "Refuse a request (flux 3 OC).") { Order, reason, code, system }.Calls(
            (client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/refuse", new
            {
                reason = parsed.GetValue(reason),
                code = parsed.GetValue(code),
                system = parsed.GetValue(system),
            }, cancellation));
    }

    private static Command Template()
    {
        var name = new Option<string?>("--name") { Description = "Default: the one that fits the examination best." };
        return new Command("template", "The text that a report of a request begins with.") { Order, name }.Calls(
            (client, parsed, cancellation) => client.GetAsync(
                PathOf(parsed) + "/template"
                + (parsed.GetValue(name) is { } given ? "?name=" + Uri.EscapeDataString(given) : ""), cancellation));
    }

    private static Command Written(string name, string description)
    {
        var indication = new Option<string?>("--indication") { Description = "Default: that of the request." };
        var technique = new Option<string?>("--technique");
        var results = new Option<string?>("--results");
        var conclusion = new Option<string?>("--conclusion");
        var template = new Option<string?>("--template") { Description = "The text of the parts that are not given." };
        return new Command(name, description) { Order, indication, technique, results, conclusion, template }.Calls(
            (client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/" + name, new
            {
                indications = parsed.GetValue(indication),
                technique = parsed.GetValue(technique),
                results = parsed.GetValue(results),
                conclusion = parsed.GetValue(conclusion),
                template = parsed.GetValue(template),
            }, cancellation));
    }

    private static string PathOf(ParseResult parsed) =>
        "/api/teleradiology/requests/" + Uri.EscapeDataString(parsed.GetValue(Order)!);
}
