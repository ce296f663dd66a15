using Drimbox.Core;
using Drimbox.Gateway.Commands.Dicom;
using Drimbox.Hl7.Acknowledgment;
using Drimbox.Hl7.Er7;
using Drimbox.Hl7.Mllp;

namespace Drimbox.Gateway.Commands.Hl7;

/// <summary>What became of the messages that were sent.</summary>
/// <param name="showAll">Every answer is shown whole; else only those that are not AA, in a line.</param>
internal sealed class SendReport(CommandOutput output, string target, bool showAll)
{
    private readonly List<object> _sent = [];
    private readonly List<TimeSpan> _times = [];
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>True once nothing more can be sent.</summary>
    public bool HasEnded => ExitCode is ExitCode.Unavailable or ExitCode.Aborted;

    /// <summary>Of the worst that happened.</summary>
    public ExitCode ExitCode { get; private set; } = ExitCode.Done;

    public void Add(string name, string controlId, MllpExchange exchange, TimeSpan time)
    {
        switch (exchange)
        {
            case MllpExchange.Answered answered:
                _times.Add(time);
                Answered(name, controlId, answered.Ack, time);
                break;
            case MllpExchange.NotSent unsent:
                ExitCode = ExitCode.Unavailable;
                Ended(name, controlId, "not sent", unsent.Why, "Is the address right, and does the peer run?");
                break;
            case MllpExchange.NoAnswer silent:
                ExitCode = ExitCode.Aborted;
                Ended(
                    name, controlId, "no answer", silent.Why,
                    "It may have been taken or not: send the same message again.");
                break;
            default:
                throw Invariant.Unreachable(exchange);
        }
    }

    public void Print(TimeSpan elapsed)
    {
        var outcomes = string.Join(", ", _counts.Select(c => $"{c.Value} {c.Key}"));
        if (!showAll) output.Line($"{target}: {outcomes} in {elapsed.TotalSeconds:0.0} s");
        if (_times.Count > 1)
        {
            var times = _times.Order().ToList();
            output.Line(
                $"answers: fastest {Ms(times[0])}, median {Ms(times[times.Count / 2])}, slowest {Ms(times[^1])}");
        }

        output.Json(new { peer = target, outcomes = _counts, milliseconds = Round(elapsed), messages = _sent });
    }

    private void Answered(string name, string controlId, ReadOnlyMemory<byte> bytes, TimeSpan time)
    {
        var ack = AckReader.TryRead(bytes, controlId, out var refusal);
        var code = ack?.Code.ToString() ?? "no acknowledgement";
        if (ack is null) Raise(ExitCode.Failed);
        else if (ack.Code != AckCode.AA) Raise(ExitCode.Refused);
        Count(code);
        _sent.Add(new
        {
            message = name,
            controlId,
            answer = code,
            why = refusal?.Detail,
            milliseconds = Round(time),
            errors = ack?.Errors.Select(e => new
            {
                location = e.Location,
                code = e.Code,
                text = e.Text,
                severity = e.Severity,
                applicationCode = e.ApplicationCode,
                applicationText = e.ApplicationText,
            }),
            acknowledgement = Text(bytes),
        });
        if (!showAll && ack?.Code == AckCode.AA) return;
        output.Line($"{name} ({controlId}): {code} in {Ms(time)}{(refusal is null ? "" : $": {refusal.Detail}")}");
        foreach (var error in ack?.Errors ?? []) output.Line($"  {Sentence(error)}");
        if (!showAll) return;
        foreach (var segment in Text(bytes).Split('\r', '\n').Where(s => s.Length > 0))
            output.Line($"  {MatchTable.Printable(segment, 200)}");
    }

    private void Ended(string name, string controlId, string outcome, string why, string advice)
    {
        Count(outcome);
        _sent.Add(new { message = name, controlId, answer = outcome, why });
        Console.Error.WriteLine($"{target}: {name} ({controlId}): {outcome}: {why}. {advice}");
    }

    private static string Sentence(ReportedError error)
    {
        var place = error.Location.Length > 0 ? $" at {error.Location}" : "";
        var application = error.ApplicationCode.Length > 0
            ? $", {error.ApplicationCode} {error.ApplicationText}"
            : "";
        return MatchTable.Printable($"{error.Code} {error.Text}{application}{place}", 200);
    }

    private void Raise(ExitCode code)
    {
        // An AE says more than an answer that is none: it comes from a peer that understood.
        if (code > ExitCode) ExitCode = code;
    }

    private void Count(string outcome) => _counts[outcome] = _counts.GetValueOrDefault(outcome) + 1;

    // In the character set that the answer declares, as far as it can be read.
    private static string Text(ReadOnlyMemory<byte> bytes) =>
        (Er7Message.TryRead(bytes, out _)?.Charset ?? Er7Charset.Utf8).GetString(bytes.Span);

    private static string Ms(TimeSpan time) => $"{time.TotalMilliseconds:0.0} ms";

    private static double Round(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);
}
