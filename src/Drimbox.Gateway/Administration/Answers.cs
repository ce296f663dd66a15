using Drimbox.Core;
using Drimbox.Grains.Streams;
using Microsoft.AspNetCore.Http;

namespace Drimbox.Gateway.Administration;

/// <summary>The answers of the administration interface: 200, or an error with a sentence that says what to do.</summary>
internal static class Answers
{
    public static IResult Of(GrainReply reply) => OfRefusal(reply.Refusal);

    public static IResult OfRefusal(Refusal? refusal) =>
        refusal is null ? Results.Ok(new { ok = true }) : Refused(refusal);

    public static IResult Refused(Refusal refusal) => Results.Json(
        new { error = refusal.Detail, reason = refusal.Reason },
        AdministrationJson.Options, statusCode: StatusOf(refusal.Reason));

    public static IResult Missing(string error) =>
        Results.Json(new { error }, AdministrationJson.Options, statusCode: StatusCodes.Status404NotFound);

    public static IResult Bad(string error) =>
        Results.Json(new { error }, AdministrationJson.Options, statusCode: StatusCodes.Status400BadRequest);

    private static int StatusOf(RefusalReason reason) => reason switch
    {
        RefusalReason.UnknownTarget or RefusalReason.UnknownPatient => StatusCodes.Status404NotFound,
        RefusalReason.WrongState or RefusalReason.StaleDocumentVersion or RefusalReason.IdentifierReused =>
            StatusCodes.Status409Conflict,
        RefusalReason.AuthorNotAllowed or RefusalReason.ForeignStructure => StatusCodes.Status403Forbidden,
        RefusalReason.OverLimit => StatusCodes.Status413PayloadTooLarge,
        RefusalReason.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status400BadRequest,
    };
}
