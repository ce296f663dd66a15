using System.Text;

namespace Drimbox.Dmp.Soap;

/// <summary>One document of an MTOM package.</summary>
/// <param name="ContentId">Without brackets.</param>
/// <param name="Length">Exactly the bytes that <paramref name="Open"/> yields.</param>
public sealed record MtomPart(string ContentId, string MediaType, long Length, Func<Stream> Open);

/// <summary>
/// Writes a SOAP message and its documents as multipart/related, document by document, without base64 and without
/// holding them. The length is known beforehand, so that a peer can tell a cut message from a whole one.
/// Source: MTOM 1.0, 3; RFC 2387; ITI TF-2 appendix V.3.6.
/// </summary>
public sealed class MtomPackage
{
    private const string RootId = "soap@drimbox";
    private readonly byte[] _envelope;
    private readonly IReadOnlyList<MtomPart> _parts;
    private readonly byte[] _rootHeader;
    private readonly byte[][] _partHeaders;
    private readonly byte[] _end;

    /// <param name="boundary">A token that no document can hold: a new UUID.</param>
    public MtomPackage(string boundary, string action, byte[] envelope, IReadOnlyList<MtomPart> parts)
    {
        _envelope = envelope;
        _parts = parts;
        _rootHeader = Encoding.ASCII.GetBytes(
            $"--{boundary}\r\nContent-Type: application/xop+xml; charset=UTF-8; type=\"application/soap+xml\"\r\n"
            + $"Content-Transfer-Encoding: binary\r\nContent-ID: <{RootId}>\r\n\r\n");
        _partHeaders = parts.Select(part => Encoding.ASCII.GetBytes(
            $"\r\n--{boundary}\r\nContent-Type: {part.MediaType}\r\n"
            + $"Content-Transfer-Encoding: binary\r\nContent-ID: <{part.ContentId}>\r\n\r\n")).ToArray();
        _end = Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n");
        ContentType =
            $"multipart/related; boundary=\"{boundary}\"; type=\"application/xop+xml\"; start=\"<{RootId}>\"; "
            + $"start-info=\"application/soap+xml\"; action=\"{action}\"";
        Length = _rootHeader.Length + envelope.Length + _partHeaders.Sum(header => (long)header.Length)
            + parts.Sum(part => part.Length) + _end.Length;
    }

    public string ContentType { get; }

    public long Length { get; }

    /// <exception cref="DocumentUnreadableException">A document cannot be read, or has not the announced
    /// length.</exception>
    public async Task WriteAsync(Stream stream, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_rootHeader, cancellationToken);
        await stream.WriteAsync(_envelope, cancellationToken);
        for (var i = 0; i < _parts.Count; i++)
        {
            await stream.WriteAsync(_partHeaders[i], cancellationToken);
            await using var content = Open(_parts[i]);
            await CopyExactlyAsync(content, stream, _parts[i].Length, cancellationToken);
        }

        await stream.WriteAsync(_end, cancellationToken);
    }

    private static Stream Open(MtomPart part)
    {
        try
        {
            return part.Open();
        }
        catch (IOException e)
        {
            throw new DocumentUnreadableException("A document of the object store cannot be opened.", e);
        }
    }

    private static async Task CopyExactlyAsync(Stream from, Stream to, long length, CancellationToken cancellationToken)
    {
        var buffer = new byte[(int)Math.Clamp(length, 1, 64 * 1024)];
        var left = length;
        while (true)
        {
            var read = await ReadAsync(from, buffer, cancellationToken);
            if (read == 0) break;
            left -= read;
            if (left < 0) break;
            await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        if (left != 0) throw new DocumentUnreadableException("A document has not the length that its metadata state.");
    }

    // The peer's stream throws IOException too: an error of our own store must be told apart from it.
    private static async ValueTask<int> ReadAsync(Stream from, byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await from.ReadAsync(buffer, cancellationToken);
        }
        catch (IOException e)
        {
            throw new DocumentUnreadableException("A document of the object store cannot be read.", e);
        }
    }
}

/// <summary>The object store does not give the document that a submission names: a fault on our side.</summary>
public sealed class DocumentUnreadableException : Exception
{
    public DocumentUnreadableException(string message) : base(message)
    {
    }

    public DocumentUnreadableException(string message, Exception inner) : base(message, inner)
    {
    }
}
