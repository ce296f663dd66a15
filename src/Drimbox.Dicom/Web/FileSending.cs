using System.IO.Pipelines;
using System.Text;
using Drimbox.Core;
using Drimbox.Dicom.Dimse;
using Microsoft.Win32.SafeHandles;

namespace Drimbox.Dicom.Web;

/// <summary>Bytes of files on their way into a response: read into the memory that the socket sends from, in large
/// pieces, and never held whole.</summary>
public static class FileSending
{
    /// <summary>Text of a header.</summary>
    public static void Write(this PipeWriter output, string ascii)
    {
        var span = output.GetSpan(ascii.Length);
        output.Advance(Encoding.ASCII.GetBytes(ascii, span));
    }

    /// <summary>A whole file, whose length is known.</summary>
    /// <exception cref="IOException">It cannot be read, or is shorter.</exception>
    public static async Task SendFileAsync(
        this PipeWriter output, string path, long length, CancellationToken cancellationToken)
    {
        using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        await output.SendAsync(file, 0, length, cancellationToken);
    }

    /// <summary>A value that lies in a file.</summary>
    /// <inheritdoc cref="SendFileAsync"/>
    public static async Task SendAsync(this PipeWriter output, FileRange range, CancellationToken cancellationToken)
    {
        // Whole words, since a part of them may have to be turned round.
        for (long position = 0; position < range.Length;)
        {
            var count = (int)Math.Min(Limits.WebFileReadBytes, range.Length - position);
            cancellationToken.ThrowIfCancellationRequested();
            range.Read(position, output.GetSpan(count)[..count]);
            output.Advance(count);
            position += count;
            await output.FlushAsync(cancellationToken);
        }
    }

    /// <summary>A data set in another encoding than it lies in.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static async Task SendAsync(
        this PipeWriter output, InstanceContent content, CancellationToken cancellationToken)
    {
        while (true)
        {
            // A peer that is gone does not fail a flush.
            cancellationToken.ThrowIfCancellationRequested();
            var count = content.Read(output.GetSpan(Limits.WebFileReadBytes)[..Limits.WebFileReadBytes]);
            if (count == 0) return;
            output.Advance(count);
            await output.FlushAsync(cancellationToken);
        }
    }

    private static async Task SendAsync(
        this PipeWriter output, SafeFileHandle file, long offset, long length, CancellationToken cancellationToken)
    {
        while (length > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var wanted = (int)Math.Min(Limits.WebFileReadBytes, length);
            var count = Read(file, output, wanted, offset);
            if (count == 0) throw new EndOfStreamException("A file is shorter than its row says.");
            output.Advance(count);
            offset += count;
            length -= count;
            await output.FlushAsync(cancellationToken);
        }
    }

    // Of a local file: it does not wait for a peer, and an asynchronous form would be a thread of the pool besides.
    private static int Read(SafeFileHandle file, PipeWriter output, int wanted, long offset) =>
        RandomAccess.Read(file, output.GetSpan(wanted)[..wanted], offset);
}
