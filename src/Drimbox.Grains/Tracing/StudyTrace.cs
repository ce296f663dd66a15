using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Drimbox.Core.Identity;

namespace Drimbox.Grains.Tracing;

/// <summary>
/// What was done to a study, as spans of one trace: the trace id is a hash of its Study Instance UID, so every role and
/// process that meets the study adds to the same trace, and nothing has to be passed on (docs/adr/0037). A span is recorded
/// when its work has ended and is never the current one: no call to a peer carries its id. Without a listener it costs the
/// look whether there is one.
/// </summary>
public static class StudyTrace
{
    public const string SourceName = "Drimbox.Studies";

    private static readonly ActivitySource _source = new(SourceName);

    /// <summary>Somebody listens: what is only counted for a span is worth counting.</summary>
    public static bool IsOn => _source.HasListeners();

    /// <summary>For the beginning of a span.</summary>
    public static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <param name="name">Role and work: <c>source.manifest</c>.</param>
    /// <param name="outcome">One of our own words or codes.</param>
    /// <param name="isFailure">The work will have to be done again, or by a person.</param>
    /// <param name="instances">How many it was about; null: that is not counted.</param>
    public static void Record(
        string name, Uid study, DateTimeOffset begun, DateTimeOffset ended, string outcome, bool isFailure = false,
        long? instances = null)
    {
        if (!IsOn) return;
        using var span = _source.StartActivity(
            name, ActivityKind.Internal, ContextOf(study), tags: null, links: null, startTime: begun);
        if (span is null) return;
        span.SetTag("drimbox.study", StudyRef.Of(study).ToString());
        span.SetTag("drimbox.outcome", outcome);
        if (instances is { } count) span.SetTag("drimbox.instances", count);
        if (isFailure) span.SetStatus(ActivityStatusCode.Error);
        span.SetEndTime(ended.UtcDateTime);
    }

    /// <summary>The same for work that has ended now and was about several studies: a span of each.</summary>
    public static void Record(
        string name, IEnumerable<Uid> studies, DateTimeOffset begun, string outcome, bool isFailure)
    {
        if (!IsOn) return;
        foreach (var study in studies) Record(name, study, begun, Now, outcome, isFailure);
    }

    /// <summary>The trace of a study, and the span that all of its spans are below. Nobody sends that one: no process sees
    /// the whole of a study.</summary>
    public static ActivityContext ContextOf(Uid study)
    {
        var hash = SHA256.HashData(Encoding.ASCII.GetBytes($"trace {study}")).AsSpan();
        return new ActivityContext(
            ActivityTraceId.CreateFromBytes(hash[..16]), ActivitySpanId.CreateFromBytes(hash[16..24]),
            ActivityTraceFlags.Recorded, isRemote: true);
    }
}
