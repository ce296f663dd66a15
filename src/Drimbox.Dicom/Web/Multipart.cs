using System.Globalization;

namespace Drimbox.Dicom.Web;

/// <summary>The lines between the parts of <c>multipart/related</c>. Source: RFC 2046 5.1.1, RFC 2387, PS3.18
/// 8.6.1.2.1. All of it is ASCII, so that its length is known before it is written.</summary>
public sealed class Multipart(string boundary, string type)
{
    /// <summary>Of the whole message.</summary>
    public string ContentType { get; } = $"multipart/related; type=\"{type}\"; boundary=\"{boundary}\"";

    /// <summary>The last line.</summary>
    public string End { get; } = $"\r\n--{boundary}--\r\n";

    /// <summary>What stands before the bytes of a part.</summary>
    /// <param name="isFirst">No line break before the delimiter: some readers look for it at the first byte.</param>
    /// <param name="contentType">With its transfer syntax.</param>
    /// <param name="length">Bytes of the part, or null if that is not known yet.</param>
    /// <param name="location">The address of the resource, or null.</param>
    public string Begin(bool isFirst, string contentType, long? length, string? location) => string.Concat(
        $"{(isFirst ? "" : "\r\n")}--{boundary}\r\nContent-Type: {contentType}\r\n",
        length is { } bytes
            ? string.Create(CultureInfo.InvariantCulture, $"Content-Length: {bytes}\r\n")
            : "",
        location is null ? "" : $"Content-Location: {location}\r\n",
        "\r\n");
}
