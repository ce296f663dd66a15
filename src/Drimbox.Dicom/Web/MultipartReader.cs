using System.Buffers;
using System.Text;
using Drimbox.Core;

namespace Drimbox.Dicom.Web;

/// <summary>The header fields of a part.</summary>
public sealed record PartHeaders(MediaType? ContentType, string? ContentLocation, string? ContentEncoding);

/// <summary>
/// Reads <c>multipart/related</c> from a stream as it arrives; a part is never held whole. Source: RFC 2046 5.1.1.
/// One call of <see cref="NextPartAsync"/>, then <see cref="ReadAsync"/> until it is empty, and so on.
/// </summary>
public sealed class MultipartReader : IDisposable
{
    private readonly Stream _input;
    private readonly byte[] _delimiter;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Limits.MultipartBufferBytes);
    private int _start;
    private int _end;
    private bool _isEnded;
    private bool _isInPart;
    private bool _isBegun;

    /// <param name="boundary">One that <see cref="IsBoundary"/> accepts.</param>
    public MultipartReader(Stream input, string boundary)
    {
        Invariant.Holds(IsBoundary(boundary));
        _input = input;
        _delimiter = Encoding.ASCII.GetBytes($"\r\n--{boundary}");
    }

    /// <summary>Why reading ended before the last delimiter.</summary>
    public Refusal? Refusal { get; private set; }

    /// <summary>RFC 2046 5.1.1: 1 to 70 characters of a small set, the last no space.</summary>
    public static bool IsBoundary(string? boundary) =>
        boundary is { Length: > 0 and <= 70 } && boundary[^1] != ' '
        && boundary.All(c => char.IsAsciiLetterOrDigit(c) || "'()+_,-./:=? ".Contains(c, StringComparison.Ordinal));

    /// <summary>Goes to the next part.</summary>
    /// <returns>Null after the last one, or with a <see cref="Refusal"/>.</returns>
    public async ValueTask<PartHeaders?> NextPartAsync(CancellationToken cancellationToken)
    {
        if (Refusal is not null) return null;
        if (!_isBegun && !await SkipPreambleAsync(cancellationToken)) return null;
        while (_isInPart) await ReadAsync(cancellationToken);
        if (Refusal is not null) return null;
        // Behind the delimiter: "--" and the end, or white space and a line break.
        var line = await LineAsync(cancellationToken);
        if (line is null || line.StartsWith("--", StringComparison.Ordinal)) return null;
        var headers = await HeadersAsync(cancellationToken);
        _isInPart = headers is not null;
        return headers;
    }

    /// <summary>The next bytes of the part. They stay as they are until the next call.</summary>
    /// <returns>Empty at the end of the part, and where the input ended within it: then there is a
    /// <see cref="Refusal"/>.</returns>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        while (_isInPart)
        {
            var (length, isDelimiter) = Scan();
            if (length > 0)
            {
                var bytes = _buffer.AsMemory(_start, length);
                _start += length;
                return bytes;
            }

            if (isDelimiter)
            {
                _start += _delimiter.Length;
                _isInPart = false;
                break;
            }

            if (!await FillAsync(cancellationToken)) Refuse("The input ends within a part.");
        }

        return default;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    // How many bytes can be given now; 0 and true: the delimiter is next.
    private (int Length, bool IsDelimiter) Scan()
    {
        var bytes = _buffer.AsSpan(_start, _end - _start);
        var from = 0;
        while (true)
        {
            var found = bytes[from..].IndexOf(_delimiter);
            if (found < 0) return (Math.Max(from, HeldBack(bytes)), false);
            found += from;
            if (IsWholeDelimiter(bytes[(found + _delimiter.Length)..]) is not { } isWhole)
                return (found, false);
            if (isWhole) return (found, found == 0);
            from = found + 1;
        }
    }

    // The tail may be the beginning of a delimiter. Without one it can be given whole.
    private int HeldBack(ReadOnlySpan<byte> bytes)
    {
        var tail = Math.Max(0, bytes.Length - _delimiter.Length + 1);
        var possible = bytes[tail..].IndexOf((byte)'\r');
        return possible < 0 || _isEnded ? bytes.Length : tail + possible;
    }

    // A boundary that goes on is another one: behind it stands "--", white space or the line break. Null: not yet
    // known.
    private bool? IsWholeDelimiter(ReadOnlySpan<byte> after) => after switch
    {
        [(byte)'-', (byte)'-', ..] or [(byte)'\r', (byte)'\n', ..] or [(byte)' ' or (byte)'\t', ..] => true,
        [] or [(byte)'-'] or [(byte)'\r'] when !_isEnded => null,
        _ => false,
    };

    // What stands before the first delimiter means nothing (RFC 2046 5.1.1); little of it is expected.
    private async ValueTask<bool> SkipPreambleAsync(CancellationToken cancellationToken)
    {
        _isBegun = true;
        var delimiter = _delimiter.AsMemory(2);
        while (_end - _start < delimiter.Length && await FillAsync(cancellationToken))
        {
            // Until the first delimiter could be there.
        }

        if (_buffer.AsSpan(_start, _end - _start).StartsWith(delimiter.Span))
        {
            _start += delimiter.Length;
            return true;
        }

        _isInPart = true;
        var skipped = 0;
        while (skipped <= Limits.MultipartHeadersBytesMax)
        {
            var bytes = await ReadAsync(cancellationToken);
            if (bytes.IsEmpty) break;
            skipped += bytes.Length;
        }

        if (Refusal is null && _isInPart) Refuse("The boundary does not come.");
        if (Refusal is null) return true;
        Refusal = new Refusal(RefusalReason.Malformed, "The boundary of the parts does not come.");
        _isInPart = false;
        return false;
    }

    private async ValueTask<PartHeaders?> HeadersAsync(CancellationToken cancellationToken)
    {
        var read = 0;
        MediaType? contentType = null;
        string? location = null, encoding = null;
        for (var count = 0; count <= Limits.MultipartHeadersMax; count++)
        {
            if (await LineAsync(cancellationToken) is not { } line) return null;
            if (line.Length == 0) return new PartHeaders(contentType, location, encoding);
            read += line.Length;
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || read > Limits.MultipartHeadersBytesMax) break;
            var value = line[(colon + 1)..].Trim();
            switch (line[..colon].Trim().ToUpperInvariant())
            {
                case "CONTENT-TYPE" when MediaType.TryParse(value, out var parsed):
                    contentType = parsed;
                    break;
                case "CONTENT-LOCATION":
                    location = value;
                    break;
                case "CONTENT-TRANSFER-ENCODING" or "CONTENT-ENCODING"
                    when value.ToUpperInvariant() is not ("BINARY" or "8BIT" or "IDENTITY"):
                    encoding = value;
                    break;
            }
        }

        Refuse("The header of a part is not one, or too long.");
        return null;
    }

    /// <returns>The line without its end; null with a refusal.</returns>
    private async ValueTask<string?> LineAsync(CancellationToken cancellationToken)
    {
        var searched = 0;
        while (true)
        {
            var found = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf("\r\n"u8);
            if (found >= 0)
            {
                var line = Encoding.Latin1.GetString(_buffer, _start, searched + found);
                _start += searched + found + 2;
                return line;
            }

            var available = _end - _start;
            // "--" of the last delimiter may be the end of the input.
            if (_isEnded && _buffer.AsSpan(_start, available).StartsWith("--"u8)) return "--";
            searched = Math.Max(0, available - 1);
            if (available <= Limits.MultipartHeadersBytesMax && await FillAsync(cancellationToken)) continue;
            if (_buffer.AsSpan(_start, _end - _start).StartsWith("--"u8)) return "--";
            Refuse("The header of a part is not one, or too long.");
            return null;
        }
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_isEnded) return false;
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        Invariant.Holds(_end < _buffer.Length);
        var count = await _input.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += count;
        if (count > 0) return true;
        _isEnded = true;
        // What was held back as the beginning of a delimiter is none.
        return _isInPart && _end > _start;
    }

    private void Refuse(string sentence)
    {
        Refusal ??= new Refusal(RefusalReason.Malformed, sentence);
        _isInPart = false;
    }
}
