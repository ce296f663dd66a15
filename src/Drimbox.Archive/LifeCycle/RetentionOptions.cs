using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Drimbox.Core;
using Drimbox.Storage;

namespace Drimbox.Archive;

/// <summary>Which studies are purged. Every condition that is given must hold; without one nothing is. Whatever they
/// say, a study stays that is protected, that is not delivered, or that is younger than
/// <see cref="Limits.PurgeAgeMin"/>.</summary>
public sealed record RetentionOptions : IValidatableObject
{
    /// <summary>Days since the newest instance came, 1 or more. Default: no such condition.</summary>
    [Range(1, 100_000)]
    public int? Days { get; init; }

    /// <summary>Days in which the study was neither received nor retrieved, 1 or more. Default: no such
    /// condition.</summary>
    [Range(1, 100_000)]
    public int? LastAccessDays { get; init; }

    /// <summary>Only while less than this percentage of the file system is free, and only as many as it takes, the
    /// least recently used first. 1 to 90; default: whatever is free.</summary>
    [Range(1, 90)]
    public double? FreePercentTarget { get; init; }

    /// <summary>Only studies all of whose modalities are among these (0008,0060). Default: any.</summary>
    public IReadOnlyList<string> Modalities { get; init; } = [];

    /// <summary>True if anything can ever be purged.</summary>
    [JsonIgnore]
    public bool Purges => Days is not null || LastAccessDays is not null || FreePercentTarget is not null;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Modalities.Count > 0 && !Purges)
            yield return new ValidationResult("needs Days, LastAccessDays or FreePercentTarget", [nameof(Modalities)]);
    }
}

/// <summary>What the rules of retention say of a study.</summary>
/// <param name="IsDue">It may go.</param>
/// <param name="Why">For the person who reads the plan and for the record.</param>
public readonly record struct RetentionVerdict(bool IsDue, string Why);

/// <summary>The rules of retention, as a decision about one study.</summary>
public static class RetentionRules
{
    /// <summary>The day on which a study was last received or retrieved.</summary>
    public static DateOnly LastUseOf(StudyFacts study)
    {
        var received = DateOnly.FromDateTime(study.LastReceivedAt.UtcDateTime);
        return study.AccessedOn is { } accessed && accessed > received ? accessed : received;
    }

    public static RetentionVerdict Judge(StudyFacts study, RetentionOptions options, DateTimeOffset now)
    {
        if (!options.Purges) return new RetentionVerdict(false, "No rule is set.");
        if (study.IsProtected) return new RetentionVerdict(false, "It is protected.");
        if (now - study.LastReceivedAt < Limits.PurgeAgeMin)
            return new RetentionVerdict(false, "It came within the last day.");
        if (options.Modalities.Count > 0
            && (study.Modalities.Count == 0 || study.Modalities.Any(m => !options.Modalities.Contains(m))))
            return new RetentionVerdict(false, "It has other modalities.");

        var why = new List<string>();
        if (options.Days is { } days)
        {
            var age = (int)(now - study.LastReceivedAt).TotalDays;
            if (age < days) return new RetentionVerdict(false, $"It came {age} days ago, fewer than {days}.");
            why.Add($"received {age} days ago, of {days}");
        }

        if (options.LastAccessDays is { } idle)
        {
            var unused = DateOnly.FromDateTime(now.UtcDateTime).DayNumber - LastUseOf(study).DayNumber;
            if (unused < idle) return new RetentionVerdict(false, $"It was used {unused} days ago, fewer than {idle}.");
            why.Add($"not used for {unused} days, of {idle}");
        }

        if (options.FreePercentTarget is { } percent) why.Add(Invariant($"fewer than {percent} % are free"));
        return new RetentionVerdict(true, string.Join("; ", why));
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
