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
/// <param name="Id">Of the record; 0 before the first of the first trail.</param>
/// <param name="Sha256">Lower-case hexadecimal; empty before the first.</param>
public readonly record struct AuditLink(long Id, string Sha256)
{
    public static AuditLink Beginning { get; } = BeginningOf(1);

    /// <summary>Which of the trails of its flow it is of: each process that writes at the same time has one, and most flows
    /// have the first alone.</summary>
    public int Trail => TrailOf(Id);

    /// <summary>Before the first record of a trail.</summary>
    /// <param name="trail">From 1 on.</param>
    public static AuditLink BeginningOf(int trail) => new((trail - 1) * Limits.AuditTrailNumbers, "");

    public static int TrailOf(long id) => (int)(id / Limits.AuditTrailNumbers) + 1;
}
