using System.Net.Http.Headers;
using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.ImageAccess;

namespace Drimbox.Source.ImageAccess;

/// <summary>Asks Pro Santé Connect who holds an access token, and whether it still holds (DB.SO.33, DB.SO.34). Source: RFC
/// 7662; RFC 8705 2 for the certificate that stands for a secret; the professions come with the user information (OpenID
/// Connect Core 5.3).</summary>
internal sealed class TokenCheck(ProSanteConnectOptions options, HttpClient http, TimeProvider time)
{
    /// <returns>Null with the denial: the token is not active, or nobody could tell.</returns>
    public async Task<(TokenHolder? Holder, AccessDenial? Denial)> CheckAsync(
        string token, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Limits.TokenCheckTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var introspection = await IntrospectAsync(token, either.Token);
            if (!IsActive(introspection.RootElement)) return (null, AccessDenial.TokenNotActive);
            using var user = await ReadUserAsync(token, either.Token);
            // OpenID Connect Core 5.3.2: what is said must be of the one whom the token is of.
            if (user is null || Text(user.RootElement, "sub") != Text(introspection.RootElement, "sub"))
                return (null, AccessDenial.TokenNotActive);
            var id = Text(introspection.RootElement, "SubjectNameID") ?? Text(user.RootElement, "SubjectNameID");
            return id is null
                ? (null, AccessDenial.TokenNotActive)
                : (new TokenHolder(id, Professions(user.RootElement)), null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, AccessDenial.TokenNotChecked);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return (null, AccessDenial.TokenNotChecked);
        }
    }

    private async Task<JsonDocument> IntrospectAsync(string token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, options.Introspection);
        request.Content = new FormUrlEncodedContent(
            new Dictionary<string, string>
            {
                ["token"] = token, ["token_type_hint"] = "access_token", ["client_id"] = options.ClientId,
            });
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        using var response = await http.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
        return await ReadAsync(response, cancellationToken);
    }

    private async Task<JsonDocument?> ReadUserAsync(string token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, options.UserInformation);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await http.SendAsync(request, cancellationToken);
        // RFC 6750 3.1: the token ended between the two questions.
        if (response.StatusCode is System.Net.HttpStatusCode.Unauthorized) return null;
        response.EnsureSuccessStatusCode();
        return await ReadAsync(response, cancellationToken);
    }

    // The client holds no more than Limits.TokenAnswerBytesMax of an answer.
    private static async Task<JsonDocument> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken) =>
        JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));

    private bool IsActive(JsonElement answer) =>
        answer.ValueKind == JsonValueKind.Object
        && answer.TryGetProperty("active", out var active) && active.ValueKind == JsonValueKind.True
        && (!answer.TryGetProperty("exp", out var end)
            || (end.TryGetInt64(out var seconds) && seconds > time.GetUtcNow().ToUnixTimeSeconds()));

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static List<string> Professions(JsonElement user)
    {
        var codes = new List<string>();
        if (user.TryGetProperty("SubjectRefPro", out var professional) && professional.ValueKind == JsonValueKind.Object
            && professional.TryGetProperty("exercices", out var practices) && practices.ValueKind == JsonValueKind.Array)
        {
            foreach (var practice in practices.EnumerateArray())
            {
                if (Text(practice, "codeProfession") is { } code) codes.Add(code);
            }
        }

        return codes;
    }
}
