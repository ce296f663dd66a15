using System.Buffers.Text;
using System.CommandLine;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Drimbox.Gateway.Accounts.OpenId;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Drimbox.Gateway.Commands;

/// <summary><c>drimbox session</c>: a session over HTTPS, for programs that call with its token.</summary>
internal static class SessionCommand
{
    private const string Page =
        "<!doctype html><meta charset=utf-8><title>Drimbox</title><p>Vous pouvez fermer cette page.";

    public static Command Create() => new("session", "A session over HTTPS, for programs that call with its token.")
    {
        SignIn(),
    };

    private static Command SignIn()
    {
        var server = new Argument<string>("server") { Description = "Address of the process: https://HOST:8443." };
        var authorities = new Option<FileInfo?>("--authorities")
        {
            Description = "PEM file of the authorities of its certificate; those of the system without it.",
        };
        var patience = new Option<int>("--timeout")
        {
            Description = "Seconds that the browser has.", DefaultValueFactory = _ => 300,
        };
        var port = new Option<int>("--port")
        {
            Description = "Port of the loopback, where the provider knows one alone; without it a free one.",
        };
        var command = new Command("sign-in", """
            Sign in with the OpenID Connect provider of the process (Pro Santé Connect): prints an address for a browser, takes
            the answer on the loopback, and prints the token of the session.

            Example:
              TOKEN=$(drimbox session sign-in https://drimbox.example:8443 --authorities ca.pem)
            """) { server, authorities, patience, port, SocketOptions.Json };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetValue(server)!, parsed.GetValue(authorities), parsed.GetValue(patience), parsed.GetValue(port),
            parsed.GetValue(SocketOptions.Json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        string address, FileInfo? authorities, int seconds, int port, bool isJson, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var server) || server.Scheme != Uri.UriSchemeHttps || seconds < 1 || port is < 0 or > 65535)
        {
            await Console.Error.WriteLineAsync("Give the https address of the process, a timeout of 1 or more, a port.");
            return (int)ExitCode.Usage;
        }

        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(TimeSpan.FromSeconds(seconds));
            using var http = Client(server, authorities);
            return await SignInAsync(http, port, isJson, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"Nobody signed in within {seconds} s.");
            return (int)ExitCode.Aborted;
        }
        catch (HttpRequestException e)
        {
            await Console.Error.WriteLineAsync($"{server}: {e.Message}");
            return (int)ExitCode.Unavailable;
        }
        catch (Exception e) when (e is IOException or CryptographicException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return (int)ExitCode.Usage;
        }
    }

    private static async Task<int> SignInAsync(
        HttpClient http, int port, bool isJson, CancellationToken cancellation)
    {
        var verifier = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var state = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        var came = new TaskCompletionSource<IQueryCollection>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var door = await ListenAsync(port, state, came, cancellation);
        var redirect = door.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!
            .Addresses.Single() + "/";
        using var begun = await http.GetAsync(
            $"api/session/openid?redirectUri={Uri.EscapeDataString(redirect)}"
            + $"&challenge={OpenIdSignIn.ChallengeOf(verifier)}&state={state}", cancellation);
        if (await ReadAsync(begun, cancellation) is not { } address) return (int)ExitCode.Failed;
        await Console.Error.WriteLineAsync($"Open in a browser: {address.GetProperty("url").GetString()}");
        var answer = await came.Task.WaitAsync(cancellation);
        if (answer["code"].ToString() is not { Length: > 0 } code)
        {
            await Console.Error.WriteLineAsync($"The provider did not sign in: {answer["error"]}.");
            return (int)ExitCode.Failed;
        }

        using var opened = await http.PostAsJsonAsync(
            "api/session/openid", new { code, verifier, redirectUri = redirect }, cancellation);
        if (await ReadAsync(opened, cancellation) is not { } session) return (int)ExitCode.Failed;
        Console.WriteLine(isJson ? session.GetRawText() : session.GetProperty("token").GetString());
        return (int)ExitCode.Done;
    }

    // What another site makes the browser bring here does not have the state: it is shown the page and nothing more.
    private static async Task<WebApplication> ListenAsync(
        int port, string state, TaskCompletionSource<IQueryCollection> came, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var door = builder.Build();
        door.MapGet("/", (HttpContext context) =>
        {
            if (context.Request.Query["state"] == state) came.TrySetResult(context.Request.Query);
            return Results.Content(Page, "text/html; charset=utf-8");
        });
        await door.StartAsync(cancellation);
        return door;
    }

    private static HttpClient Client(Uri server, FileInfo? authorities)
    {
        var handler = new SocketsHttpHandler();
        HttpTrust.Set(handler, authorities?.FullName);
        return new HttpClient(handler) { BaseAddress = new Uri(server, "/") };
    }

    private static async Task<JsonElement?> ReadAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation);
        if (answer.IsSuccessStatusCode) return body;
        await Console.Error.WriteLineAsync(
            body.TryGetProperty("error", out var error) ? error.GetString() : $"{(int)answer.StatusCode}");
        return null;
    }
}
