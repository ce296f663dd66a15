using System.CommandLine;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Hl7.Er7;

namespace Drimbox.Gateway.Commands.Hl7;

/// <summary>A message of a file.</summary>
/// <param name="Name">The path, with the number of the message where the file has several.</param>
internal sealed record FileMessage(string Name, ReadOnlyMemory<byte> Bytes);

/// <summary>The messages that were named on the command line.</summary>
internal static class MessageFiles
{
    private const byte StartBlock = 0x0B;
    private const byte EndBlock = 0x1C;

    public static readonly Argument<string[]> Paths = new("file")
    {
        Description = "Files of HL7 messages, and folders with all that is in them.",
        Arity = ArgumentArity.OneOrMore,
    };

    /// <summary>Every message, in the order of the files.</summary>
    /// <exception cref="CommandException">A file does not exist.</exception>
    public static IEnumerable<FileMessage> Read(IEnumerable<string> paths)
    {
        foreach (var path in InputFiles.PathsOf(paths))
        {
            var messages = Split(File.ReadAllBytes(path));
            for (var i = 0; i < messages.Count; i++)
                yield return new FileMessage(messages.Count == 1 ? path : $"{path}#{i + 1}", messages[i]);
        }
    }

    /// <summary>The messages of a file: each from its MSH to the next one, or to the end of its MLLP frame. A file
    /// without an MSH is one message, which nobody can read.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> file)
    {
        var starts = new List<int>();
        for (var at = 0; ; at++)
        {
            var next = file.Span[at..].IndexOf("MSH"u8);
            if (next < 0) break;
            at += next;
            if (IsSegmentStart(file.Span, at)) starts.Add(at);
        }

        if (starts.Count == 0) return [file];
        // What stands before the first, a byte order mark say, is not passed over in silence; a start of block is.
        if (!file.Span[..starts[0]].Contains(StartBlock)) starts[0] = 0;
        var messages = new List<ReadOnlyMemory<byte>>();
        for (var i = 0; i < starts.Count; i++)
        {
            var message = file[starts[i]..(i + 1 < starts.Count ? starts[i + 1] : file.Length)];
            var end = message.Span.IndexOf(EndBlock);
            if (end < 0 && message.Span.EndsWith([StartBlock])) end = message.Length - 1;
            messages.Add(end < 0 ? message : message[..end]);
        }

        return messages;
    }

    /// <summary>The message as it goes on the wire: CR behind each segment. A file has LF instead, or both.</summary>
    public static ReadOnlyMemory<byte> ToWire(ReadOnlyMemory<byte> message)
    {
        if (!message.Span.Contains((byte)'\n')) return message;
        var hasCarriageReturn = message.Span.Contains((byte)'\r');
        var wire = new List<byte>(message.Length);
        for (var i = 0; i < message.Length; i++)
        {
            var b = message.Span[i];
            // Among carriage returns a line feed alone is a character of a value: base64 may have them.
            if (b != (byte)'\n') wire.Add(b);
            else if (!hasCarriageReturn) wire.Add((byte)'\r');
            else if (i > 0 && message.Span[i - 1] != (byte)'\r') wire.Add(b);
        }

        return wire.ToArray();
    }

    /// <summary>The message under another control id.</summary>
    public static ReadOnlyMemory<byte> WithControlId(Er7Message message, string controlId)
    {
        // MSH|^~\&|3|4|5|6|7|8|9|10: MSH-10 stands behind the ninth separator.
        var bytes = message.Bytes;
        var start = 0;
        for (var n = 0; n < 9; n++)
        {
            var next = bytes.Span[start..].IndexOf(message.Separators.Field);
            if (next < 0) return bytes;
            start += next + 1;
        }

        var length = bytes.Span[start..].IndexOfAny(message.Separators.Field, (byte)'\r', (byte)'\n');
        var end = length < 0 ? bytes.Length : start + length;
        return (byte[])
            [.. bytes.Span[..start], .. System.Text.Encoding.ASCII.GetBytes(controlId), .. bytes.Span[end..]];
    }

    private static bool IsSegmentStart(ReadOnlySpan<byte> file, int at) =>
        at + 3 < file.Length && !char.IsAsciiLetterOrDigit((char)file[at + 3])
        && (at == 0 || file[at - 1] is (byte)'\r' or (byte)'\n' or StartBlock
            || file[..at].SequenceEqual(ByteOrderMark));

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];
}
