using Drimbox.Core;

namespace Drimbox.Emulators.Dmp;

/// <summary>Whether a document is what its mimeType says, as far as its form goes. Source: ITI TF-3 table 4.2.4.1-2,
/// InvalidDocumentContent; PS3.10 7.1; ISO 32000 7.5.2.</summary>
internal static class DocumentContent
{
    public static bool Matches(string mimeType, ReadOnlyMemory<byte> bytes) => mimeType switch
    {
        // Hostile XML (attack A18) is refused here as it is anywhere.
        "text/xml" or "application/xml" =>
            HardenedXml.TryRead(HardenedXml.AsStream(bytes), Limits.CdaBytesMax, _ => { }, out _),
        "application/dicom" => bytes.Length > 132 && bytes.Span[128..132].SequenceEqual("DICM"u8),
        "application/pdf" => bytes.Span.StartsWith("%PDF-"u8),
        _ => true,
    };
}
