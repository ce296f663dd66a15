using System.Text.Json.Serialization;
using Drimbox.Core.Identity;

namespace Drimbox.Core.Requests;

/// <summary>How the images are to be made.</summary>
[JsonDerivedType(typeof(PlainText), "text")]
[JsonDerivedType(typeof(Encapsulated), "encapsulated")]
public abstract record ImagingProtocol
{
    private ImagingProtocol()
    {
    }

    /// <summary>FT: text with line breaks.</summary>
    public sealed record PlainText(string Text) : ImagingProtocol;

    /// <summary>ED: a document, in practice a PDF.</summary>
    /// <param name="Subtype">ED-3, or null: the volet does not ask for it.</param>
    public sealed record Encapsulated(string? Subtype, ReadOnlyMemory<byte> Content) : ImagingProtocol;
}

/// <summary>The platform's decision on a request. Source: flux 3 (ORU^R01, ORC-1 OK or OC).</summary>
/// <param name="Accepted">ORC-1: OK or OC.</param>
/// <param name="DecidedBy">ORC-12.</param>
/// <param name="Platform">ORC-21.</param>
/// <param name="Reason">ORC-16 of a refusal, or null.</param>
/// <param name="Protocols">At least one if accepted.</param>
public sealed record RequestResponse(
    InstanceIdentifier PlacerOrderNumber,
    StatedPatient Patient,
    bool Accepted,
    Professional DecidedBy,
    Organization Platform,
    Code? Reason,
    IReadOnlyList<ImagingProtocol> Protocols);
