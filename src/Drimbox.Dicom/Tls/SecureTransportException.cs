namespace Drimbox.Dicom.Tls;

/// <summary>There is no TLS connection with the peer: the handshake failed, a certificate was not accepted, or a file
/// cannot be used. The message is a sentence for the person who configures it.</summary>
public sealed class SecureTransportException(string message, Exception? inner = null) : IOException(message, inner);
