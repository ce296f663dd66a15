namespace Drimbox.Gateway.Doctor;

internal enum Verdict
{
    Ok,

    /// <summary>It works now and will not always, or it cannot be told.</summary>
    Warning,

    /// <summary>It does not work.</summary>
    Failure,
}

/// <summary>What a check found.</summary>
/// <param name="Key">Where in the configuration it begins.</param>
/// <param name="Text">What was found; no patient data, no secret.</param>
/// <param name="Advice">What to do; null where there is nothing to do.</param>
internal sealed record Diagnosis(Verdict Verdict, string Key, string Text, string? Advice = null)
{
    public static Diagnosis Ok(string key, string text) => new(Verdict.Ok, key, text);

    public static Diagnosis Warn(string key, string text, string advice) => new(Verdict.Warning, key, text, advice);

    public static Diagnosis Fail(string key, string text, string advice) => new(Verdict.Failure, key, text, advice);
}
