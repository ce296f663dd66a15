namespace Drimbox.Emulators.Mail;

/// <summary>How the mail server misbehaves.</summary>
public enum MailFaultKind
{
    /// <summary>Greets with 421 and closes.</summary>
    Unavailable,

    /// <summary>Offers no STARTTLS.</summary>
    NoStartTls,

    /// <summary>Answers RCPT with 450: try again later (greylisting).</summary>
    Greylist,

    /// <summary>Answers RCPT with 550 5.1.1.</summary>
    RefuseRecipient,

    /// <summary>Answers MAIL with 550 5.7.1.</summary>
    RefuseSender,

    /// <summary>Answers the content with 554 5.6.0.</summary>
    RefuseContent,

    /// <summary>Answers the content with 452 4.3.1.</summary>
    NoRoom,

    /// <summary>Closes in the middle of the content.</summary>
    CloseInData,

    /// <summary>Takes the content, keeps the mail, and closes without an answer.</summary>
    CloseAfterData,

    /// <summary>Takes the content and closes without an answer; the mail is lost.</summary>
    LoseAfterData,
}

/// <summary>One rule of misbehaviour.</summary>
/// <param name="Recipient">The mailbox that it is about; null for all. Faults before RCPT know none.</param>
/// <param name="Times">How often it may strike; null for no limit.</param>
/// <param name="After">How many occasions pass before it strikes.</param>
public sealed record MailFaultRule(MailFaultKind Kind, string? Recipient = null, int? Times = null, int After = 0);

/// <summary>The rules in force, in order: the first that strikes decides.</summary>
public sealed class MailFaults
{
    private readonly Lock _gate = new();
    private readonly List<(MailFaultRule Rule, int Seen)> _rules = [];

    public void Add(MailFaultRule rule)
    {
        lock (_gate) _rules.Add((rule, 0));
    }

    public void Clear()
    {
        lock (_gate) _rules.Clear();
    }

    /// <summary>The first of these kinds that strikes now, or null.</summary>
    internal MailFaultKind? Next(string? recipient, params ReadOnlySpan<MailFaultKind> kinds)
    {
        lock (_gate)
        {
            for (var i = 0; i < _rules.Count; i++)
            {
                var (rule, seen) = _rules[i];
                if (!kinds.Contains(rule.Kind)) continue;
                if (rule.Recipient is { } wanted
                    && !string.Equals(wanted, recipient, StringComparison.OrdinalIgnoreCase)) continue;
                _rules[i] = (rule, seen + 1);
                if (seen < rule.After || (rule.Times is { } times && seen >= rule.After + times)) continue;
                return rule.Kind;
            }

            return null;
        }
    }
}
