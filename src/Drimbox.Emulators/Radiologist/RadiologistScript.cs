using System.Globalization;
using Drimbox.Core.Reports;

namespace Drimbox.Emulators.Radiologist;

/// <summary>What a scripted radiologist does wrong in a message.</summary>
public enum ReportMistake
{
    None,

    /// <summary>PID is of another patient than the document.</summary>
    OtherPatient,

    /// <summary>Neither PID nor the document has an INS.</summary>
    NoIns,

    /// <summary>The document is signed for a structure that is none of the RIS's.</summary>
    ForeignStructure,

    /// <summary>The base64 holds no XML.</summary>
    UnreadableDocument,
}

/// <summary>How a message of a script is sent.</summary>
public enum ReportSending
{
    /// <summary>Once, waiting for its acknowledgement.</summary>
    Once,

    /// <summary>The same bytes twice, as a sender does that missed the acknowledgement.</summary>
    Twice,

    /// <summary>Twice, the second time under a control id of its own.</summary>
    Anew,

    /// <summary>The connection is closed before the acknowledgement can come.</summary>
    HangingUp,
}

/// <summary>One line of a script.</summary>
/// <param name="Delay">Before it, after the line above.</param>
/// <param name="Document">The letter or word that the script calls the document.</param>
/// <param name="Parent">The document that it replaces, or null.</param>
public sealed record ScriptedReport(
    TimeSpan Delay,
    ReportAction Action,
    string Document,
    string? Parent,
    ReportSending Sending = ReportSending.Once,
    ReportMistake Mistake = ReportMistake.None);

/// <summary>
/// What a scripted radiologist sends, one message a line:
/// <code>
/// [+SECONDS] initial A | replace B of A | delete B  [twice | anew | hanging-up] [but MISTAKE]
/// </code>
/// A mistake is other-patient, no-ins, foreign-structure or unreadable-document. Lines that begin with # and empty ones
/// say nothing.
/// </summary>
public sealed record RadiologistScript(IReadOnlyList<ScriptedReport> Reports)
{
    /// <exception cref="FormatException">A line is none of these; it is named.</exception>
    public static RadiologistScript Parse(string text) => new(
        text.ReplaceLineEndings("\n").Split('\n')
            .Select(line => line.Trim())
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(ParseLine)
            .ToList());

    /// <summary>The same messages in another order; each keeps its delay.</summary>
    public RadiologistScript InOrder(Random random)
    {
        var reports = Reports.ToArray();
        random.Shuffle(reports);
        return new RadiologistScript(reports);
    }

    private static ScriptedReport ParseLine(string line)
    {
        var words = new Queue<string>(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var delay = words.Peek()[0] == '+' ? DelayOf(words.Dequeue(), line) : TimeSpan.Zero;
        var action = Next(words, line) switch
        {
            "initial" => ReportAction.Initial,
            "replace" => ReportAction.Replace,
            "delete" => ReportAction.Delete,
            _ => throw Wrong(line),
        };
        var document = Next(words, line);
        string? parent = null;
        if (action == ReportAction.Replace)
        {
            if (Next(words, line) != "of") throw Wrong(line);
            parent = Next(words, line);
        }

        var report = new ScriptedReport(delay, action, document, parent);
        while (words.TryDequeue(out var word))
        {
            report = word switch
            {
                "twice" => report with { Sending = ReportSending.Twice },
                "anew" => report with { Sending = ReportSending.Anew },
                "hanging-up" => report with { Sending = ReportSending.HangingUp },
                "but" => report with { Mistake = MistakeOf(Next(words, line), line) },
                _ => throw Wrong(line),
            };
        }

        return report;
    }

    private static ReportMistake MistakeOf(string word, string line) => word switch
    {
        "other-patient" => ReportMistake.OtherPatient,
        "no-ins" => ReportMistake.NoIns,
        "foreign-structure" => ReportMistake.ForeignStructure,
        "unreadable-document" => ReportMistake.UnreadableDocument,
        _ => throw Wrong(line),
    };

    private static TimeSpan DelayOf(string word, string line) =>
        double.TryParse(word.AsSpan(1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : throw Wrong(line);

    private static string Next(Queue<string> words, string line) =>
        words.TryDequeue(out var word) ? word : throw Wrong(line);

    private static FormatException Wrong(string line) => new($"This is no line of a script: {line}");
}

/// <summary>Which document of a script replaces which, whatever the order of its lines.</summary>
internal sealed class ScriptedLineage(RadiologistScript script)
{
    private readonly Dictionary<string, string?> _parents = script.Reports
        .Where(report => report.Action != ReportAction.Delete)
        .GroupBy(report => report.Document, StringComparer.Ordinal)
        .ToDictionary(reports => reports.Key, reports => reports.First().Parent, StringComparer.Ordinal);

    public string? ParentOf(string document) => _parents.GetValueOrDefault(document);

    /// <summary>Its place in the chain: 1 for the first. A chain that is a circle ends with its number of documents.
    /// </summary>
    public int VersionOf(string document)
    {
        var version = 1;
        for (var at = document; ParentOf(at) is { } parent && version <= _parents.Count; at = parent) version++;
        return version;
    }
}
