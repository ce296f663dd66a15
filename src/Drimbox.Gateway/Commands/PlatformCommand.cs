using System.CommandLine;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox platform</c>: what the radiologist of the teleradiology platform does.</summary>
internal static class PlatformCommand
{
    private static readonly Argument<string> Order = new("order") { Description = "Placer order number: ROOT^NUMBER." };

    public static Command Create()
    {
        var protocol = new Option<string>("--protocol") { Description = "The imaging protocol.", Required = true };
        var reason = new Option<string?>("--reason") { Description = "Why it is refused." };
        return new Command("platform", """
            The teleradiology platform: requests to read, and reports, which go to the RIS only.

            Examples:
              drimbox platform list
              drimbox platform accept 1.2.250.1.748.1^OPN101 --protocol "Scanner sans injection"
              drimbox platform report 1.2.250.1.748.1^OPN101 --conclusion "Pas de lésion."
            """)
        {
            new Command("list", "All requests.").Calls((client, _, cancellation) =>
                client.GetAsync("/api/teleradiology/requests", cancellation)),
            new Command("show", "One request.") { Order }.Calls((client, parsed, cancellation) =>
                client.GetAsync(PathOf(parsed), cancellation)),
            new Command("accept", "Accept a request with a protocol (flux 3 OK).") { Order, protocol }.Calls(
                (client, parsed, cancellation) => client.PostAsync(
                    PathOf(parsed) + "/accept", new { protocol = parsed.GetValue(protocol) }, cancellation)),
            new Command("refuse", "Refuse a request (flux 3 OC).") { Order, reason }.Calls(
                (client, parsed, cancellation) => client.PostAsync(
                    PathOf(parsed) + "/refuse", new { reason = parsed.GetValue(reason) }, cancellation)),
            Written("report", "Write and send the first report (MDM^T02)."),
            Written("correct", "Replace the report (MDM^T10)."),
            new Command("withdraw", "Take the report back (MDM^T04).") { Order }.Calls(
                (client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/withdraw", null, cancellation)),
        };
    }

    private static Command Written(string name, string description)
    {
        var indication = new Option<string>("--indication") { DefaultValueFactory = _ => "" };
        var technique = new Option<string>("--technique") { DefaultValueFactory = _ => "" };
        var results = new Option<string>("--results") { DefaultValueFactory = _ => "" };
        var conclusion = new Option<string>("--conclusion") { Required = true };
        return new Command(name, description) { Order, indication, technique, results, conclusion }.Calls(
            (client, parsed, cancellation) => client.PostAsync(PathOf(parsed) + "/" + name, new
            {
                indications = parsed.GetValue(indication),
                technique = parsed.GetValue(technique),
                results = parsed.GetValue(results),
                conclusion = parsed.GetValue(conclusion),
            }, cancellation));
    }

    private static string PathOf(ParseResult parsed) =>
        "/api/teleradiology/requests/" + Uri.EscapeDataString(parsed.GetValue(Order)!);
}
