using Drimbox.Core;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Profiles;

namespace Drimbox.Gateway.Commands.Hl7;

/// <summary>A finding as it is shown: it holds a value of the message, since it is its owner who asks.</summary>
/// <param name="Location"><c>OBX[3]-5.1</c>; empty where the whole message is meant.</param>
/// <param name="Err5">Sent in the CDA volet alone; null where ERR-3 says it all.</param>
internal sealed record ShownFinding(
    string Location, RefusalReason Reason, string Rule, string Expected, string Found, string? Err2, AckErrorCode Err3,
    AckErrorCode? Err5);

/// <summary>What the check of one message found.</summary>
internal sealed class MessageFindings
{
    private const int FoundLengthMax = 120;

    private readonly FileMessage _file;
    private readonly MessageReading? _reading;

    private MessageFindings(FileMessage file, MessageReading? reading, IReadOnlyList<ShownFinding> findings)
    {
        _file = file;
        _reading = reading;
        Findings = findings;
    }

    public IReadOnlyList<ShownFinding> Findings { get; }

    /// <summary>False for bytes without a readable MSH.</summary>
    public bool IsReadable => _reading is not null;

    public static MessageFindings Of(FileMessage file, IReadOnlyList<MessageProfile> profiles)
    {
        if (MessageValidator.Read(file.Bytes, profiles) is not { } reading) return new MessageFindings(file, null, []);
        var volet = AckWriter.VoletOf(reading.Message.Header);
        var shown = reading.Findings
            .Select(f => Show(reading.Message, volet, f.Location, f.ToRefusal(), f.Rule, f.Expected)).ToList();
        // What breaks the message below its header is no line of a profile, nor is what its content contradicts.
        var isListed = reading.Findings.Any(f => f.ToRefusal() == reading.Refusal);
        if ((isListed ? null : reading.Refusal) is { } broken) shown.Add(Show(reading.Message, volet, broken));
        if (MessageCatalog.CheckContent(reading) is { } content) shown.Add(Show(reading.Message, volet, content));
        return new MessageFindings(file, reading, shown);
    }

    public void Print(CommandOutput output)
    {
        if (_reading is null)
        {
            Console.Error.WriteLine($"{_file.Name}: it has no MSH that can be read: no HL7 v2 message.");
            return;
        }

        var profile = _reading.Profile is { } known
            ? $"{known.Id} ({known.Title})"
            : $"no profile for {_reading.TypeAndEvent}";
        var verdict = Findings.Count switch { 0 => "valid", 1 => "1 finding", var n => $"{n} findings" };
        output.Line($"{_file.Name}: {profile}: {verdict}");
        foreach (var finding in Findings)
        {
            output.Line($"  {(finding.Location.Length > 0 ? finding.Location : "message")}: {finding.Rule}");
            if (finding.Expected.Length > 0) output.Line($"    expected: {finding.Expected}");
            var found = finding.Found.Length > 0 ? finding.Found : "nothing";
            if (finding.Location.Length > 0) output.Line($"    found:    {found}");
            var codes = $"ERR-3 {finding.Err3.Value} {finding.Err3.Text}, ERR-4 E";
            if (finding.Err2 is { } place) codes = $"ERR-2 {place}, {codes}";
            if (finding.Err5 is { } application) codes += $", ERR-5 {application.Value} {application.Text}";
            output.Line($"    answered: {codes}");
        }
    }

    public object ToJson() => new
    {
        message = _file.Name,
        readable = IsReadable,
        controlId = _reading?.Message.Header[10].Text,
        type = _reading?.TypeAndEvent,
        profile = _reading?.Profile?.Id,
        valid = IsReadable && Findings.Count == 0,
        findings = Findings.Select(f => new
        {
            location = f.Location,
            reason = f.Reason.ToString(),
            rule = f.Rule,
            expected = f.Expected,
            found = f.Found,
            err2 = f.Err2,
            err3 = new { code = f.Err3.Value, text = f.Err3.Text },
            err4 = "E",
            err5 = f.Err5 is null ? null : new { code = f.Err5.Value, text = f.Err5.Text },
        }),
    };

    private static ShownFinding Show(Er7Message message, Hl7Volet volet, Refusal refusal) => Show(
        message, volet, Er7Path.TryParseErl(refusal.Location, out var path) ? path : null, refusal, refusal.Detail, "");

    private static ShownFinding Show(
        Er7Message message, Hl7Volet volet, Er7Path? path, Refusal refusal, string rule, string expected)
    {
        var answer = AckMap.For(refusal.Reason);
        return new ShownFinding(
            path?.ToString() ?? "", refusal.Reason, rule, expected, path is { } at ? FoundAt(message, at) : "",
            refusal.Location, answer.Hl7Code, volet == Hl7Volet.CdaTransmission ? answer.ApplicationCode : null);
    }

    private static string FoundAt(Er7Message message, Er7Path path)
    {
        if (message.Find(path.Segment, path.Occurrence) is not { } segment) return "";
        if (path.Field == 0) return $"the segment {segment.Name}";
        var raw = Er7Message.ValueIn(segment, path).Raw;
        var isLong = raw.Length > FoundLengthMax;
        var text = message.Charset.GetString((isLong ? raw[..FoundLengthMax] : raw).Span);
        return MatchTable.Printable(text, FoundLengthMax) + (isLong ? $" ({raw.Length} bytes)" : "");
    }
}
