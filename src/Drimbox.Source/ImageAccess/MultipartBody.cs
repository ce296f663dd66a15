using System.IO.Pipelines;
using System.Text;
using Drimbox.Core;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Web;

namespace Drimbox.Source.ImageAccess;

/// <summary>The body of an answer that has many parts. It leaves in pieces of some <see cref="Limits.WebFileReadBytes"/>,
/// whatever the parts measure: a piece is a record of TLS or several, and wakes the peer.</summary>
internal sealed class MultipartBody(PipeWriter output, Multipart multipart)
{
    // The chunk of HTTP/1.1 around a piece, so that both fit the memory that is pooled for one.
    private const int PieceBytes = Limits.WebFileReadBytes - 64;

    // In the memory that is being filled.
    private int _room;
    private bool _isBegun;
    private bool _hasUnsent;

    /// <summary>Adds a part.</summary>
    /// <param name="head">What stands before its content.</param>
    public async Task AddAsync(
        string contentType, ReadOnlyMemory<byte> head, InstanceContent content, CancellationToken cancellationToken)
    {
        var begin = multipart.Begin(!_isBegun, contentType, head.Length + content.Length, location: null);
        _isBegun = true;
        await WriteAsync(Encoding.ASCII.GetBytes(begin), cancellationToken);
        await WriteAsync(head, cancellationToken);
        while (true)
        {
            // A peer that is gone does not fail a flush.
            cancellationToken.ThrowIfCancellationRequested();
            var count = content.Read(Room());
            if (count == 0) return;
            await AdvanceAsync(count, cancellationToken);
        }
    }

    /// <summary>Sends what is here of the parts: nothing more comes soon. It begins no answer where there is none.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (!_hasUnsent) return;
        (_room, _hasUnsent) = (0, false);
        await output.FlushAsync(cancellationToken);
    }

    /// <summary>There are no more parts.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        await WriteAsync(Encoding.ASCII.GetBytes(multipart.End), cancellationToken);
        await FlushAsync(cancellationToken);
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var room = Room();
            var count = Math.Min(bytes.Length, room.Length);
            bytes.Span[..count].CopyTo(room);
            bytes = bytes[count..];
            await AdvanceAsync(count, cancellationToken);
        }
    }

    private Span<byte> Room()
    {
        var room = output.GetSpan(_room > 0 ? 1 : PieceBytes);
        _room = room.Length;
        return room;
    }

    private ValueTask AdvanceAsync(int count, CancellationToken cancellationToken)
    {
        output.Advance(count);
        _hasUnsent = true;
        _room -= count;
        return _room > 0 ? default : FlushAsync(cancellationToken);
    }
}
