namespace Drimbox.Dicom.UpperLayer;

/// <summary>Tells what a peer speaks that does not speak DICOM, so that the log names the usual mistakes.</summary>
internal static class ForeignProtocol
{
    /// <param name="first">The first bytes that came, at least <see cref="PduHeader.Size"/>.</param>
    /// <returns>A sentence, or null for bytes of no known protocol.</returns>
    public static string? Recognize(ReadOnlySpan<byte> first) => first switch
    {
        // RFC 8446 5.1: content types 22 (handshake) and 21 (alert), then the version 3.x.
        [0x16, 0x03, ..] => "The bytes are those of a TLS handshake: this port expects no TLS.",
        [0x15, 0x03, ..] => "The bytes are those of a TLS alert: the peer's port expects TLS.",
        _ when first.StartsWith("HTTP/"u8) || first.StartsWith("GET "u8) || first.StartsWith("POST "u8)
            || first.StartsWith("HEAD "u8) => "The bytes are those of HTTP.",
        // HL7 v2 in MLLP opens with VT.
        [0x0B, (byte)'M', (byte)'S', (byte)'H', ..] => "The bytes are those of HL7 over MLLP.",
        _ => null,
    };
}
