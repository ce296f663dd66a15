using System.Text.Json;
using Drimbox.Core.Identity;
using Microsoft.AspNetCore.Http;

namespace Drimbox.Emulators.Dmp;

/// <summary>
/// The query page, <c>GET /?patient=…&amp;audience=…</c>, and the same as JSON:
/// <c>GET /api/documents?patient=…&amp;audience=…</c>, <c>GET /api/submissions?patient=…</c>; and what steers the
/// emulator: <c>GET|POST|DELETE /api/faults</c>, <c>POST /api/patients</c>.
/// </summary>
internal sealed class DmpApi(DmpStore store, Faults faults)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <param name="Id">OID^INS.</param>
    private sealed record PatientState(InstanceIdentifier Id, bool Closed);

    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            await RouteAsync(context);
        }
        catch (JsonException)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
        }
    }

    private async Task RouteAsync(HttpContext context)
    {
        var token = context.RequestAborted;
        switch (context.Request.Method, context.Request.Path.Value)
        {
            case ("GET", "/" or "/api/documents"):
                var isPage = context.Request.Path.Value == "/";
                if (!TryPatient(context, out var patient)
                    || !Enum.TryParse<Audience>(
                        context.Request.Query["audience"].FirstOrDefault() ?? (isPage ? "patient" : "registry"), true,
                        out var audience))
                {
                    context.Response.StatusCode = StatusCodes.Status400BadRequest;
                    return;
                }

                var documents = await store.ReadAsync(s => DmpView.Documents(s, patient, audience), token);
                if (!isPage)
                {
                    await context.Response.WriteAsJsonAsync(documents, Json, token);
                    return;
                }

                context.Response.ContentType = "text/html; charset=utf-8";
                context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
                await context.Response.WriteAsync(DmpPage.Write(patient, audience, documents), token);
                return;
            case ("GET", "/api/submissions"):
                if (!TryPatient(context, out var submitter))
                {
                    context.Response.StatusCode = StatusCodes.Status400BadRequest;
                    return;
                }

                var rows = await store.ReadAsync(s => s.Submissions(submitter), token);
                await context.Response.WriteAsJsonAsync(rows.Select(row => row.Submission), Json, token);
                return;
            case ("GET", "/api/faults"):
                await context.Response.WriteAsJsonAsync(faults.Rules, Json, token);
                return;
            case ("DELETE", "/api/faults"):
                faults.Clear();
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return;
            case ("POST", "/api/faults"):
                faults.Add(await ReadAsync<FaultRule>(context));
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return;
            case ("POST", "/api/patients"):
                var state = await ReadAsync<PatientState>(context);
                await store.TransactAsync(
                    s =>
                    {
                        s.SetPatient(state.Id, state.Closed);
                        return true;
                    },
                    token);
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return;
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
        }
    }

    private static async Task<T> ReadAsync<T>(HttpContext context) =>
        await JsonSerializer.DeserializeAsync<T>(context.Request.Body, Json, context.RequestAborted)
        ?? throw new JsonException();

    private static bool TryPatient(HttpContext context, out InstanceIdentifier? patient)
    {
        patient = null;
        var text = context.Request.Query["patient"].FirstOrDefault();
        if (string.IsNullOrEmpty(text)) return true;
        patient = PatientText.TryParse(text);
        return patient is not null;
    }
}
