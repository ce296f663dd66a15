using Drimbox.Core.Requests;

namespace Drimbox.Ris.Requests;

/// <summary>A file that somebody gives to a request.</summary>
/// <param name="Content">A CDA document, or a PDF that the RIS puts into one.</param>
/// <param name="Type">Code of the type of a PDF (JDV_J07); null for a request document, whose type is known.</param>
/// <param name="Title">Title of a PDF; null for the label of its type.</param>
public sealed record DocumentFile(
    ReadOnlyMemory<byte> Content, RequestDocumentRole Role, string? Type = null, string? Title = null);
