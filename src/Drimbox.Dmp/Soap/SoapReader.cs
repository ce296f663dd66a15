using System.Net.Http.Headers;
using Drimbox.Core;
using Microsoft.AspNetCore.WebUtilities;

namespace Drimbox.Dmp.Soap;

/// <summary>
/// Reads a SOAP 1.2 message from HTTP: alone (<c>application/soap+xml</c>) or as the root of an MTOM package
/// (<c>multipart/related</c>). Parts, headers and bytes are bounded (attack A19). Source: MTOM 1.0; RFC 2387;
/// ITI TF-2 appendix V.3.6.
/// </summary>
public static class SoapReader
{
    // Below it a buffer grows by doubling, so that an announcement alone takes no memory.
    private const int AnnouncedFrom = 1024 * 1024;

    /// <summary>Reads a message of at most <paramref name="bytesMax"/> bytes.</summary>
    /// <param name="contentType">The HTTP header as it came.</param>
    /// <returns>The message, or null with the reason. An I/O error of the stream is thrown.</returns>
    public static Task<(SoapMessage? Message, Refusal? Refusal)> ReadAsync(
        string? contentType, Stream body, long bytesMax, CancellationToken cancellationToken) =>
        ReadAsync(contentType, null, body, bytesMax, cancellationToken);

    /// <param name="contentLength">The HTTP header as it came, or null: with it a large document is held once, in a
    /// buffer of its size; without it the buffer that grows holds up to three times as much.</param>
    /// <inheritdoc cref="ReadAsync(string, Stream, long, CancellationToken)"/>
    public static async Task<(SoapMessage? Message, Refusal? Refusal)> ReadAsync(
        string? contentType, long? contentLength, Stream body, long bytesMax, CancellationToken cancellationToken)
    {
        if (!MediaTypeHeaderValue.TryParse(contentType, out var type))
            return Refuse(RefusalReason.DataType, "Content-Type is missing or unreadable.");
        // RFC 2045 5.1: media types are compared without case; Axis writes Multipart/Related.
        var mediaType = type.MediaType?.ToLowerInvariant();
        if (mediaType is "application/soap+xml")
        {
            var root = await TryReadAllAsync(
                body, Math.Min(bytesMax, Limits.SoapPartBytesMax), null, cancellationToken);
            if (root is null) return Refuse(RefusalReason.OverLimit, "The SOAP message is too long.");
            var message = SoapMessage.TryParse(root.Value, NoParts, out var refusal);
            return (message, refusal);
        }

        if (mediaType is not "multipart/related")
            return Refuse(
                RefusalReason.DataType, "Content-Type is neither application/soap+xml nor multipart/related.");
        var boundary = Parameter(type, "boundary");
        if (string.IsNullOrEmpty(boundary) || boundary.Length > Limits.MtomBoundaryLengthMax)
            return Refuse(RefusalReason.DataType, "multipart/related has no boundary, or one that is too long.");
        return await ReadPackageAsync(type, boundary, contentLength, body, bytesMax, cancellationToken);
    }

    private static readonly Dictionary<string, ReadOnlyMemory<byte>> NoParts = [];

    private static async Task<(SoapMessage? Message, Refusal? Refusal)> ReadPackageAsync(
        MediaTypeHeaderValue type, string boundary, long? contentLength, Stream body, long bytesMax,
        CancellationToken cancellationToken)
    {
        var multipart = new MultipartReader(boundary, body)
        {
            HeadersCountLimit = 16,
            HeadersLengthLimit = Limits.MtomPartHeaderBytesMax,
        };
        var parts = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        var start = ContentId(Parameter(type, "start"));
        string? first = null;
        var left = bytesMax;
        try
        {
            while (await multipart.ReadNextSectionAsync(cancellationToken) is { } section)
            {
                if (parts.Count == Limits.MtomPartsMax)
                    return Refuse(RefusalReason.OverLimit, $"More than {Limits.MtomPartsMax} MIME parts.");

                // MTOM 1.0, 3.2: binary. An encoded part would be a second way to write the same bytes.
                var encoding = Header(section, "Content-Transfer-Encoding") ?? "";
                if (encoding.ToLowerInvariant() is not ("" or "binary" or "8bit" or "7bit"))
                    return Refuse(RefusalReason.DataType, "A MIME part is encoded; MTOM parts are binary.");
                var bytes = await TryReadAllAsync(
                    section.Body, left, contentLength - (bytesMax - left), cancellationToken);
                if (bytes is null) return Refuse(RefusalReason.OverLimit, "The MIME parts are too long.");
                left -= bytes.Value.Length;

                // RFC 2387 3.2: without a start parameter the first part is the root; it may have no Content-ID.
                var id = ContentId(Header(section, "Content-ID")) ?? $" {parts.Count}";
                first ??= id;
                if (!parts.TryAdd(id, bytes.Value))
                    return Refuse(RefusalReason.Cardinality, "Two MIME parts have the same Content-ID.");
            }
        }
        catch (InvalidDataException)
        {
            return Refuse(RefusalReason.OverLimit, "The headers of a MIME part are too many or too long.");
        }

        if (first is null || !parts.Remove(start ?? first, out var root))
            return Refuse(RefusalReason.RequiredFieldMissing, "The root part of the MIME package is not there.");
        var message = SoapMessage.TryParse(root, parts, out var refusal);
        return (message, refusal);
    }

    /// <summary>The whole stream, or null if it is longer than <paramref name="bytesMax"/>.</summary>
    /// <param name="announced">No fewer bytes than the stream has, by what the peer said; or null.</param>
    private static async Task<ReadOnlyMemory<byte>?> TryReadAllAsync(
        Stream stream, long bytesMax, long? announced, CancellationToken cancellationToken)
    {
        var buffer = new byte[Math.Min(bytesMax + 1, 16 * 1024)];
        var length = 0;
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0) return buffer.AsMemory(0, length);
            length += read;
            if (length > bytesMax) return null;
            if (length < buffer.Length) continue;
            var wanted = length >= AnnouncedFrom && announced > length ? announced.Value : length * 2L;
            Array.Resize(ref buffer, (int)Math.Min(bytesMax + 1, wanted));
        }
    }

    private static string? Parameter(MediaTypeHeaderValue type, string name)
    {
        foreach (var parameter in type.Parameters)
        {
            if (string.Equals(parameter.Name, name, StringComparison.OrdinalIgnoreCase))
                return parameter.Value?.Trim('"');
        }

        return null;
    }

    private static string? Header(MultipartSection section, string name) =>
        section.Headers is { } headers && headers.TryGetValue(name, out var values) ? values.ToString() : null;

    private static string? ContentId(string? text)
    {
        var id = text?.Trim();
        if (string.IsNullOrEmpty(id)) return null;
        return id is ['<', .., '>'] ? id[1..^1] : id;
    }

    private static (SoapMessage? Message, Refusal? Refusal) Refuse(RefusalReason reason, string detail) =>
        (null, new Refusal(reason, detail));
}
