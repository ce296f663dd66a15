using System.CommandLine;
using System.Text.Json;
using Drimbox.Core.Requests;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox requests</c>: the requests of the RIS.</summary>
internal static class RequestsCommand
{
    public static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "JSON of the request, as 'requests show' prints it." };
        var order = new Argument<string>("order") { Description = "Placer order number: ROOT^NUMBER." };
        return new Command("requests", """
            The requests of the RIS (flux 1, 2 and 4 of the teleradiology volet).

            Examples:
              drimbox requests place request.json
              drimbox requests show 1.2.250.1.748.1^OPN101 --json
              drimbox requests post-examination exam.json
            """)
        {
            new Command("place", "Send a request to the teleradiology platform.") { file }.Calls(
                (client, parsed, cancellation) =>
                    PostAsync<ImagingRequest>(client, "/api/ris/requests", parsed.GetValue(file)!, cancellation)),
            new Command("cancel", "Take a request back.") { file }.Calls((client, parsed, cancellation) =>
                PostAsync<RequestCancellation>(
                    client, "/api/ris/requests/cancel", parsed.GetValue(file)!, cancellation)),
            new Command("post-examination", "Send what is known after the examination.") { file }.Calls(
                (client, parsed, cancellation) => PostAsync<PostExamination>(
                    client, "/api/ris/requests/post-examination", parsed.GetValue(file)!, cancellation)),
            new Command("show", "Where a request stands.") { order }.Calls((client, parsed, cancellation) =>
                client.GetAsync(
                    "/api/ris/requests/" + Uri.EscapeDataString(parsed.GetValue(order)!), cancellation)),
        };
    }

    private static async Task<AdministrationAnswer> PostAsync<T>(
        AdministrationClient client, string path, FileInfo file, CancellationToken cancellation)
    {
        await using var stream = file.OpenRead();
        var body = await JsonSerializer.DeserializeAsync<T>(stream, AdministrationJson.Options, cancellation);
        return await client.PostAsync(path, body, cancellation);
    }
}
