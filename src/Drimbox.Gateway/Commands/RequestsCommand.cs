using System.CommandLine;
using System.CommandLine.Parsing;
using Drimbox.Core.Identity;
using Drimbox.Core.Requests;
using Drimbox.Gateway.Administration;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox requests</c>: the requests of the RIS.</summary>
internal static class RequestsCommand
{
    private static readonly Argument<string> Order = new("order") { Description = "Placer order number: ROOT^NUMBER." };

    private static readonly Argument<FileInfo> FileOf = new Argument<FileInfo>("file")
    {
        Description = "JSON, as docs/operations/commands.md shows it.",
    }.AcceptExistingOnly();

    private static readonly Argument<string> Document = new("document")
    {
        Description = "Id of the document: ROOT^EXTENSION.",
    };

    private static readonly Argument<string> Study = new("study")
    {
        Description = "Study Instance UID of the examination.",
    };

    private static readonly Option<string?> Type = new("--type")
    {
        Description = "What a PDF is: a code of JDV_J07. Default for a request document: 55115-0.",
    };

    private static readonly Option<string?> Title = new("--title") { Description = "Title of a PDF." };

    public static Command Create() => new("requests", """
        The requests of the RIS: documents, the requests that they become, their examinations (flux 1, 2 and 4 of the
        teleradiology volet).

        Examples:
          drimbox requests place request.json
          drimbox requests place knee.json chest.json --document demande.xml
          drimbox requests examination 1.2.250.1.748.1^OPN101 --modality MR
          drimbox requests attach 1.2.250.1.748.1^OPN101 results.pdf --type 11502-2 --title "Biologie"
          drimbox requests tree 1.2.250.1.748.1^OPN101
          drimbox requests post-examination exam.json
        """)
    {
        Place(),
        Examination(),
        new Command("withdraw", "An examination that was planned will not be made for a request.") { Order, Study }
            .Calls((client, parsed, cancellation) => client.PostAsync(
                $"{PathOf(parsed)}/examinations/{Uri.EscapeDataString(parsed.GetValue(Study)!)}/withdraw", null,
                cancellation)),
        Attach(),
        new Command("detach", "Take a document of a request back, at the platform too.") { Order, Document }.Calls(
            (client, parsed, cancellation) => client.PostAsync(
                $"{PathOf(parsed)}/documents/{Uri.EscapeDataString(parsed.GetValue(Document)!)}/detach", null,
                cancellation)),
        new Command("cancel", "Take a request back.") { FileOf }.Calls((client, parsed, cancellation) =>
            PostAsync<RequestCancellation>(client, "/api/ris/requests/cancel", parsed.GetValue(FileOf)!, cancellation)),
        new Command("post-examination", """
            Send what is known after the examination. Without an accession number, a Study Instance UID or an address of
            the viewer, those of the request.
            """) { FileOf }.Calls((client, parsed, cancellation) => PostAsync<PostExamination>(
                client, "/api/ris/requests/post-examination", parsed.GetValue(FileOf)!, cancellation)),
        List(),
        new Command("show", "Where a request stands.") { Order }.Calls((client, parsed, cancellation) =>
            client.GetAsync(PathOf(parsed), cancellation)),
        Tree(),
    };

    private static Command Place()
    {
        var files = new Argument<FileInfo[]>("files")
        {
            Description = "JSON of each request. Without placerOrderNumber the RIS assigns one.",
            Arity = ArgumentArity.OneOrMore,
        };
        files.AcceptExistingOnly();
        var document = new Option<FileInfo?>("--document")
        {
            Description = "The document that they come from: CDA or PDF.",
        };
        document.Validators.Add(result => MustExist(result, result.GetValue(document)));
        return new Command("place", "Send requests to the teleradiology platform: all of them or none.")
        {
            files, document, Type, Title,
        }.Calls(async (client, parsed, cancellation) =>
        {
            var requests = new List<RequestOrder>();
            foreach (var file in parsed.GetValue(files)!) requests.Add(await ReadRequestAsync(file, cancellation));
            var uploaded = parsed.GetValue(document) is { } given
                ? await UploadAsync(given, parsed, RequestDocumentRole.Request, cancellation)
                : null;
            return await client.PostAsync(
                "/api/ris/requests/decomposition", new Decomposition(requests, uploaded), cancellation);
        });
    }

    private static Command Examination()
    {
        var with = new Option<string[]>("--with")
        {
            Description = "Another request that it serves; may be given again.",
        };
        var study = new Option<string?>("--study")
        {
            Description = "Study Instance UID of an examination that is planned already: it serves this request too.",
        };
        var modality = new Option<string?>("--modality") { Description = "As CT. Default: that of the request." };
        var region = new Option<string?>("--region") { Description = "SNOMED CT. Default: that of the request." };
        return new Command("examination", "Plan one more examination of a request.")
        {
            Order, with, study, modality, region,
        }.Calls((client, parsed, cancellation) => client.PostAsync(
            "/api/ris/requests/examinations",
            new
            {
                orders = (string[])[parsed.GetValue(Order)!, .. parsed.GetValue(with) ?? []],
                studyInstanceUid = parsed.GetValue(study),
                modality = parsed.GetValue(modality) is { } code ? new Code(code, "DCM", code) : null,
                region = parsed.GetValue(region) is { } site
                    ? new AnatomicRegion(new Code(site, "SCT", site), null)
                    : null,
            },
            cancellation));
    }

    private static Command Attach()
    {
        var file = new Argument<FileInfo?>("file")
        {
            Description = "CDA or PDF.", Arity = ArgumentArity.ZeroOrOne,
        };
        file.Validators.Add(result => MustExist(result, result.GetValue(file)));
        var document = new Option<string?>("--document")
        {
            Description = "In place of a file: the id of a document that another request has.",
        };
        var role = new Option<RequestDocumentRole>("--role")
        {
            Description = "Supplement, or Request: another document of the requester.",
            DefaultValueFactory = _ => RequestDocumentRole.Supplement,
        };
        var command = new Command("attach", "Add a document to a request, and send it to the platform.")
        {
            Order, file, document, role, Type, Title,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(file) is null == result.GetValue(document) is null)
                result.AddError("Give a file, or with --document a document that is known.");
        });
        return command.Calls(async (client, parsed, cancellation) => await client.PostAsync(
            PathOf(parsed) + "/documents",
            parsed.GetValue(file) is { } given
                ? await UploadAsync(given, parsed, parsed.GetValue(role), cancellation)
                : new UploadedDocument(Document: parsed.GetValue(document)),
            cancellation));
    }

    private static Command List()
    {
        var after = new Option<string?>("--after") { Description = "Continue after this order." };
        var max = new Option<int>("--max") { Description = "At most so many.", DefaultValueFactory = _ => 1000 };
        return new Command("list", "All requests in the order of their numbers.") { after, max }.Calls(
            (client, parsed, cancellation) => client.GetAsync(
                $"/api/ris/requests?max={parsed.GetValue(max)}"
                + (parsed.GetValue(after) is { } order ? "&after=" + Uri.EscapeDataString(order) : ""), cancellation));
    }

    private static Command Tree()
    {
        var name = new Argument<string>("name")
        {
            Description = "An order number, a document, an accession number, or a Study Instance UID.",
        };
        return new Command("tree", "What belongs to what: documents, requests, examinations.") { name }.Calls(
            (client, parsed, cancellation) => client.GetAsync(
                "/api/ris/requests/tree/" + Uri.EscapeDataString(parsed.GetValue(name)!), cancellation));
    }

    private static void MustExist(SymbolResult result, FileInfo? file)
    {
        if (file is { Exists: false }) result.AddError($"File does not exist: '{file}'.");
    }

    private static string PathOf(ParseResult parsed) =>
        "/api/ris/requests/" + Uri.EscapeDataString(parsed.GetValue(Order)!);

    // The request as 'requests show' prints it, and beside its own members "examinations".
    private static async Task<RequestOrder> ReadRequestAsync(FileInfo file, CancellationToken cancellation) => new(
        await JsonFile.ReadAsync<ImagingRequest>(file, cancellation),
        (await JsonFile.ReadAsync<WishedExaminations>(file, cancellation)).Examinations ?? []);

    private static async Task<UploadedDocument> UploadAsync(
        FileInfo file, ParseResult parsed, RequestDocumentRole role, CancellationToken cancellation) => new(
        await File.ReadAllBytesAsync(file.FullName, cancellation), null, role, parsed.GetValue(Type),
        parsed.GetValue(Title));

    private static async Task<AdministrationAnswer> PostAsync<T>(
        AdministrationClient client, string path, FileInfo file, CancellationToken cancellation) =>
        await client.PostAsync(path, await JsonFile.ReadAsync<T>(file, cancellation), cancellation);

    private sealed record WishedExaminations(IReadOnlyList<ExaminationOrder>? Examinations);
}
