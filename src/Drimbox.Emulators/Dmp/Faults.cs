using System.Text.Json.Serialization;

namespace Drimbox.Emulators.Dmp;

/// <summary>How the emulator misbehaves.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FaultKind>))]
public enum FaultKind
{
    /// <summary>Waits for <see cref="FaultRule.DelayMilliseconds"/>, then goes on.</summary>
    Delay,

    /// <summary>Never answers; the connection stays open until the peer gives up.</summary>
    NoAnswer,

    /// <summary>Resets the connection instead of an answer.</summary>
    Reset,

    /// <summary>Sends half of the answer, then resets.</summary>
    ResetMidResponse,

    /// <summary>Answers <see cref="FaultRule.Status"/> without SOAP.</summary>
    HttpStatus,

    /// <summary>Answers a failure with <see cref="FaultRule.ErrorCode"/>; without one, Busy.</summary>
    RegistryError,

    /// <summary>Answers a SOAP fault: code Receiver, subcode <see cref="FaultRule.ErrorCode"/>.</summary>
    SoapFault,

    /// <summary>Answers as to a certificate that has expired: code Sender, subcode DMPInvalidCertificate.</summary>
    ExpiredCertificate,

    /// <summary>Answers a multipart/related message whose parts are broken.</summary>
    MalformedMtom,
}

/// <summary>Whether a fault comes before or after the request takes effect.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FaultMoment>))]
public enum FaultMoment
{
    BeforeCommit,
    AfterCommit,
}

/// <summary>One rule of misbehaviour.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Action">WS-Addressing action it is about, or null for every action.</param>
/// <param name="Moment">Before or after the commit.</param>
/// <param name="Nth">The n-th matching request after the rule was set, from 1; null for any.</param>
/// <param name="Probability">0 to 1, drawn from the seed for each matching request.</param>
/// <param name="Times">How often it may strike; null for no limit. A rule with <paramref name="Nth"/> strikes
/// once.</param>
public sealed record FaultRule(
    FaultKind Kind,
    string? Action = null,
    FaultMoment Moment = FaultMoment.BeforeCommit,
    int? Nth = null,
    double Probability = 1,
    int? Times = null,
    int DelayMilliseconds = 0,
    int Status = 503,
    string? ErrorCode = null);

/// <summary>The rules in force, in order: the first that strikes decides.</summary>
public sealed class Faults(int seed)
{
    private readonly Lock _gate = new();
    private readonly List<Counted> _rules = [];
    private readonly Random _random = new(seed);

    public void Add(FaultRule rule)
    {
        lock (_gate) _rules.Add(new Counted(rule));
    }

    public void Clear()
    {
        lock (_gate) _rules.Clear();
    }

    public IReadOnlyList<FaultRule> Rules
    {
        get
        {
            lock (_gate) return _rules.ConvertAll(counted => counted.Rule);
        }
    }

    /// <summary>The rule that strikes this request, or null.</summary>
    public FaultRule? Next(string action)
    {
        lock (_gate)
        {
            foreach (var counted in _rules)
            {
                var rule = counted.Rule;
                if (rule.Action is not null && rule.Action != action) continue;
                counted.Seen++;
                if (rule.Nth is { } nth && counted.Seen != nth) continue;
                if (rule.Times is { } times && counted.Struck >= times) continue;
                if (rule.Probability < 1 && _random.NextDouble() >= rule.Probability) continue;
                counted.Struck++;
                return rule;
            }

            return null;
        }
    }

    private sealed class Counted(FaultRule rule)
    {
        public FaultRule Rule { get; } = rule;

        public int Seen { get; set; }

        public int Struck { get; set; }
    }
}
