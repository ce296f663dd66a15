using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Drimbox.Core;
using Drimbox.Hl7.Er7;

namespace Drimbox.Load.Messages;

/// <summary>An HL7 message in which only the identifiers differ from one to the next: MSH-10 and, in a synthetic
/// report, those of its document. All have the length of their placeholder, so a new message is a copy with a few bytes
/// overwritten, and the document in it encoded again.</summary>
public sealed class MessageTemplate
{
    private const int Digits = 10;

    private readonly byte[] _message;
    private readonly byte[] _document;
    private readonly int _documentAt;
    private readonly string _prefix;
    private readonly List<int> _places;
    private readonly List<int> _documentPlaces;
    private long _next;

    /// <param name="message">With <paramref name="placeholder"/> where identifiers are.</param>
    /// <param name="placeholder">At least ten characters; its last ten become digits.</param>
    /// <param name="document">What the message holds in base64, or nothing.</param>
    internal MessageTemplate(byte[] message, string placeholder, byte[] document)
    {
        _message = message;
        _document = document;
        _prefix = placeholder[..^Digits];
        _places = PlacesIn(message, placeholder);
        _documentPlaces = PlacesIn(document, placeholder);
        _documentAt = document.Length == 0 ? 0 : message.AsSpan().IndexOf(Encoded(document));
        Invariant.Holds(_places.Count > 0 && _documentAt >= 0);
    }

    public int Length => _message.Length;

    /// <summary>Where a message of the user has the same number as its MSH-10.</summary>
    public const string Mark = "{id}";

    /// <summary>Reads a message of the user; its MSH-10 is replaced by one of this run, and so is each <see cref="Mark"/>.
    /// </summary>
    /// <returns>The template, or null with the reason.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static MessageTemplate? TryRead(string path, IIdSource ids, out Refusal? refusal)
    {
        // A file of lines is as good as one of segments: HL7 v2.5.1 2.5.4 ends segments with CR.
        var text = Encoding.UTF8.GetString(File.ReadAllBytes(path)).ReplaceLineEndings("\r");
        text = text.Trim('\r', '\uFEFF') + '\r';
        var bytes = Encoding.UTF8.GetBytes(text);
        if (Er7Message.TryRead(bytes, out refusal) is null || refusal is not null)
        {
            refusal ??= new Refusal(RefusalReason.Malformed, "no MSH.");
            refusal = refusal with { Detail = $"{path} is no HL7 message: {refusal.Detail}" };
            return null;
        }

        var placeholder = PlaceholderOf(ids);
        text = text.Replace(Mark, placeholder, StringComparison.Ordinal);
        var separator = text[3];
        var header = text[..text.IndexOf('\r', StringComparison.Ordinal)].Split(separator);
        if (header.Length < 10)
        {
            refusal = new Refusal(RefusalReason.RequiredFieldMissing, $"{path} has no MSH-10.", "MSH^1^10");
            return null;
        }

        // MSH-1 is the separator itself, so MSH-10 is the tenth part.
        header[9] = placeholder;
        var rest = text[text.IndexOf('\r', StringComparison.Ordinal)..];
        return new MessageTemplate(Encoding.UTF8.GetBytes(string.Join(separator, header) + rest), placeholder, []);
    }

    /// <summary>The next message. Safe for concurrent use.</summary>
    public (byte[] Message, string ControlId) Next()
    {
        Span<byte> number = stackalloc byte[Digits];
        var count = Interlocked.Increment(ref _next);
        count.TryFormat(number, out _, "D10", CultureInfo.InvariantCulture);
        var message = _message.AsSpan().ToArray();
        Fill(message, _places, number);
        if (_document.Length > 0)
        {
            var document = _document.AsSpan().ToArray();
            Fill(document, _documentPlaces, number);
            Base64.EncodeToUtf8(document, message.AsSpan(_documentAt), out _, out _);
        }

        return (message, _prefix + Encoding.ASCII.GetString(number));
    }

    /// <summary>20 characters, all that HL7 v2.5.1 leaves MSH-10; the first half is new in every run.</summary>
    internal static string PlaceholderOf(IIdSource ids) =>
        ids.NewControlId()[..(Limits.MessageControlIdLengthSent - Digits)] + new string('0', Digits);

    private static void Fill(byte[] bytes, List<int> places, ReadOnlySpan<byte> number)
    {
        foreach (var place in places) number.CopyTo(bytes.AsSpan(place, Digits));
    }

    private static List<int> PlacesIn(ReadOnlySpan<byte> bytes, string placeholder)
    {
        var sought = Encoding.ASCII.GetBytes(placeholder);
        var places = new List<int>();
        for (var at = 0; bytes[at..].IndexOf(sought) is var found and >= 0; at += found + sought.Length)
            places.Add(at + found + sought.Length - Digits);
        return places;
    }

    private static byte[] Encoded(byte[] document) => Encoding.ASCII.GetBytes(Convert.ToBase64String(document));
}
