using System.Xml.Linq;
using static Drimbox.Dmp.Registry.XdsNames;

namespace Drimbox.Dmp.Registry;

/// <summary>rs:RegistryResponse/@status. Source: ITI TF-3 4.2.4.</summary>
public enum RegistryStatus
{
    Success,
    PartialSuccess,
    Failure,
}

/// <summary>One rs:RegistryError. Source: ITI TF-3 4.2.4.1, table 4.2.4.1-2 for the codes.</summary>
/// <param name="Context">codeContext: may hold what the peer was sent, so it is shown, never logged.</param>
public sealed record RegistryError(string Code, string Context, bool IsWarning = false, string? Location = null);

/// <summary>rs:RegistryResponse, also the frame of the query and retrieve responses.</summary>
public sealed record RegistryResponse(RegistryStatus Status, IReadOnlyList<RegistryError> Errors)
{
    public static readonly RegistryResponse Success = new(RegistryStatus.Success, []);

    private const string SuccessUrn = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success";
    private const string FailureUrn = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure";
    private const string PartialUrn = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess";
    private const string ErrorSeverity = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error";
    private const string WarningSeverity = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Warning";

    public static RegistryResponse Failure(params IReadOnlyList<RegistryError> errors) =>
        new(RegistryStatus.Failure, errors);

    /// <summary>The response under the name <paramref name="name"/>: rs:RegistryResponse, or a query's.</summary>
    public XElement Write(XName? name = null) =>
        new(name ?? Rs + "RegistryResponse",
            new XAttribute("status", Status switch
            {
                RegistryStatus.Success => SuccessUrn,
                RegistryStatus.PartialSuccess => PartialUrn,
                _ => FailureUrn,
            }),
            Errors.Count == 0
                ? null
                : new XElement(Rs + "RegistryErrorList",
                    new XAttribute("highestSeverity", Errors.All(e => e.IsWarning) ? WarningSeverity : ErrorSeverity),
                    Errors.Select(error => new XElement(Rs + "RegistryError",
                        new XAttribute("errorCode", error.Code),
                        new XAttribute("codeContext", error.Context),
                        error.Location is null ? null : new XAttribute("location", error.Location),
                        new XAttribute("severity", error.IsWarning ? WarningSeverity : ErrorSeverity)))));

    /// <summary>Reads the status and the errors of <paramref name="element"/>, or null if it has no known
    /// status.</summary>
    public static RegistryResponse? TryRead(XElement element)
    {
        RegistryStatus? status = (string?)element.Attribute("status") switch
        {
            SuccessUrn => RegistryStatus.Success,
            FailureUrn => RegistryStatus.Failure,
            PartialUrn => RegistryStatus.PartialSuccess,
            _ => null,
        };
        if (status is null) return null;
        var errors = element.Elements(Rs + "RegistryErrorList").Elements(Rs + "RegistryError")
            .Select(error => new RegistryError(
                CodeOf((string?)error.Attribute("errorCode") ?? ""),
                (string?)error.Attribute("codeContext") ?? "",
                (string?)error.Attribute("severity") == WarningSeverity,
                (string?)error.Attribute("location")))
            .ToList();
        return new RegistryResponse(status.Value, errors);
    }

    // ITI TF-3 4.2.4.1: the code alone; some registries write it as a URN (urn:…:XDSUnknownPatientId).
    private static string CodeOf(string text) => text[(text.LastIndexOf(':') + 1)..];
}
