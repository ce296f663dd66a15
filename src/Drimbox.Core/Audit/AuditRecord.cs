namespace Drimbox.Core.Audit;

/// <summary>An event as it is kept: its message, and what it is found by.</summary>
/// <param name="At"><c>EventDateTime</c>, to the microsecond.</param>
/// <param name="Event">Code of the <c>EventID</c>.</param>
/// <param name="Type">Code of the <c>EventTypeCode</c>; empty without one.</param>
/// <param name="Message">The XML of PS3.15 A.5.1.</param>
public sealed record AuditRecord(
    DateTimeOffset At, string Event, string Type, AuditOutcome Outcome, string Message, IReadOnlyList<AuditKey> Keys)
{
    public static AuditRecord Of(AuditEvent e, AuditSource source) =>
        new(e.At, e.Id.Value, e.Type?.Value ?? "", e.Outcome, AuditXml.Write(e, source), e.Keys);
}

/// <summary>A place of the chain: nothing before it was changed if its hash is still the same.</summary>
/// <param name="Id">Of the record; 0 before the first.</param>
/// <param name="Sha256">Lower-case hexadecimal; empty before the first.</param>
public readonly record struct AuditLink(long Id, string Sha256)
{
    public static AuditLink Beginning { get; } = new(0, "");
}
