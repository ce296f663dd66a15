using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Statistics;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.Web;
using Drimbox.Gateway.Administration;
using Drimbox.Gateway.Commands.Dicom;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox speedtest</c>: how fast images come (DB.SO.102).</summary>
internal static class SpeedTestCommand
{
    private static readonly Option<string?> Study = new("--study")
    {
        Description = "Study Instance UID. Default: the study with the largest series of the first hundred.",
        HelpName = "UID",
    };

    private static readonly Option<string?> Series = new("--series")
    {
        Description = "Series Instance UID. Default: the largest series of the study.", HelpName = "UID",
    };

    private static readonly Option<int> Runs = AssociationArguments.Bounded(
        "--runs", "How many times to fetch it; the middle one counts.", 1, Limits.SpeedTestRunsMax, 3);

    private static readonly Option<Uri?> Address = new("--address")
    {
        Description = "Where to ask in place of the address in the manifest: https://HOST:PORT.", HelpName = "URL",
        CustomParser = ReadAddress,
    };

    private static readonly Option<FileInfo> Token = new("--token-file")
    {
        Description = "File with a bearer token of Pro Santé Connect.", HelpName = "FILE", Required = true,
    };

    public static Command Create() => new("speedtest", """
        Measure how fast images come: until the first one is there, and megabits and images a second. For hours in which
        nobody works: it fetches a whole series each time.

        Examples:
          drimbox speedtest pacs --runs 5
          drimbox speedtest images --token-file token --tls-ca ca.pem --tls-cert db.pem --tls-key db.key
        """)
    {
        Pacs(), Images(),
    };

    private static Command Pacs() => new Command("pacs", """
        From the PACS to the DRIMbox source: C-FIND of a study, then C-MOVE of a series of it.

        Examples:
          drimbox speedtest pacs
          drimbox speedtest pacs --study 1.2.3 --series 1.2.3.4 --runs 5 --json
        """) { Study, Series, Runs }.Calls(async (client, parsed, cancellation) =>
    {
        var (study, series) = (parsed.GetValue(Study), parsed.GetValue(Series));
        var runs = new List<SpeedFigures>();
        for (var i = 0; i < parsed.GetValue(Runs); i++)
        {
            var answer = await client.PostAsync(
                "/api/source/speedtest", new SpeedTestBody(study, series), cancellation);
            if (!answer.Succeeded) return answer;
            (study, series) = (Text(answer, "study"), Text(answer, "series"));
            runs.Add(answer.Body.GetProperty("run").Deserialize<SpeedFigures>(AdministrationJson.Options)!);
        }

        return Report(study!, series!, runs);
    });

    private static Command Images()
    {
        var command = new Command("images", """
            The whole way, as another DRIMbox goes it: WADO-RS with a certificate of the national list and a token.

            Examples:
              drimbox speedtest images --token-file token --tls-ca ca.pem --tls-cert db.pem --tls-key db.key --study 1.2.3
            """) { Study, Runs, Address, Token };
        foreach (var option in TlsArguments.OfCaller) command.Options.Add(option);
        return command.Calls(RunAsync);
    }

    private static async Task<AdministrationAnswer> RunAsync(
        AdministrationClient client, ParseResult parsed, CancellationToken cancellation)
    {
        var target = await client.GetAsync(
            "/api/source/speedtest"
            + (parsed.GetValue(Study) is { } study ? "?study=" + Uri.EscapeDataString(study) : ""), cancellation);
        if (!target.Succeeded) return target;
        var address = new Uri(Text(target, "retrieveUrl"));
        if (parsed.GetValue(Address) is { } other) address = new Uri(other, address.AbsolutePath);
        try
        {
            var token = (await File.ReadAllTextAsync(parsed.GetValue(Token)!.FullName, cancellation)).Trim();
            using var http = OpenClient(TlsArguments.CallerOptions(parsed)
                ?? throw new CommandException(
                    ExitCode.Usage, "The DRIMbox needs TLS with a certificate: --tls-ca, --tls-cert."));
            var runs = new List<SpeedFigures>();
            for (var i = 0; i < parsed.GetValue(Runs); i++)
            {
                runs.Add(SpeedFigures.Of(
                    await FetchAsync(http, address, Text(target, "manifest"), token, cancellation)));
            }

            return Report(Text(target, "study"), Text(target, "series"), runs);
        }
        catch (Exception e) when (
            e is CommandException or IOException or HttpRequestException or UnauthorizedAccessException)
        {
            return Answer(false, new { error = e.Message });
        }
    }

    /// <summary>Fetches a series as another DRIMbox does; the images are counted and thrown away.</summary>
    /// <exception cref="HttpRequestException">It was refused; the message has the status and the sentence.</exception>
    /// <exception cref="IOException">It was cut off.</exception>
    internal static async Task<SpeedRun> FetchAsync(
        HttpClient http, Uri address, string manifest, string token, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add("KOS-SOPInstanceUID", manifest);
        // In whatever transfer syntax the PACS has it: converting is not what is measured.
        request.Headers.TryAddWithoutValidation(
            "Accept", "multipart/related; type=\"application/dicom\"; transfer-syntax=*");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException(
                $"{(int)response.StatusCode}: {(await response.Content.ReadAsStringAsync(cancellation)).Trim()}");
        }

        var boundary = response.Content.Headers.ContentType?.Parameters
            .FirstOrDefault(p => p.Name == "boundary")?.Value?.Trim('"');
        if (!MultipartReader.IsBoundary(boundary)) throw new IOException("The answer is no multipart/related.");
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        using var reader = new MultipartReader(body, boundary!);
        var (images, bytes, first) = (0, 0L, TimeSpan.Zero);
        while (await reader.NextPartAsync(cancellation) is not null)
        {
            int read;
            while ((read = (await reader.ReadAsync(cancellation)).Length) > 0) bytes += read;
            if (reader.Refusal is not null) break;
            if (images == 0) first = Stopwatch.GetElapsedTime(started);
            images++;
        }

        return reader.Refusal is { } refusal
            ? throw new IOException($"The answer was cut off after {images} images: {refusal.Detail}")
            : new SpeedRun(null, first, Stopwatch.GetElapsedTime(started), images, bytes);
    }

    // TLS by the rules of the other commands: a secure stream that the client takes as it is.
    private static HttpClient OpenClient(TlsClientOptions tls) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        ConnectCallback = async (context, cancellation) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return await TlsStreams.Client(tls, context.DnsEndPoint.Host, TimeProvider.System)(
                    new NetworkStream(socket, ownsSocket: true), cancellation);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    });

    // System.CommandLine makes no Uri of an argument.
    private static Uri? ReadAddress(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var address)
            && address.Scheme == Uri.UriSchemeHttps)
            return address;
        result.AddError("An address is written as https://HOST:PORT.");
        return null;
    }

    private static AdministrationAnswer Report(string study, string series, List<SpeedFigures> runs) =>
        Answer(true, new { study, series, median = SpeedFigures.Median(runs), runs });

    private static string Text(AdministrationAnswer answer, string name) => answer.Body.GetProperty(name).GetString()!;

    private static AdministrationAnswer Answer(bool succeeded, object body) =>
        new(succeeded, JsonSerializer.SerializeToElement(body, AdministrationJson.Options));
}
