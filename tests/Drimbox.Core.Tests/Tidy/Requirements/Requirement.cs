namespace Drimbox.Tests.Tidy.Requirements;

/// <summary>One thing that is asked of Drimbox.</summary>
/// <param name="Id">As tests name it.</param>
/// <param name="Demand">What is asked, in our own words.</param>
/// <param name="Note">What its tests do not show, or why it has none; empty if there is nothing to say.</param>
/// <param name="NotApplicable">Why it is nothing that Drimbox could do; empty where it is.</param>
internal sealed record Requirement(string Id, string Demand, string Note = "", string NotApplicable = "");

/// <summary>Requirements of one source.</summary>
/// <param name="Source">Where they are written, and how far the numbers are those of the source.</param>
/// <param name="Complete">The numbers that the source has, all of which are listed and accounted for: shown by a test, or
/// not applicable. Empty: it has others too, and some may be open.</param>
internal sealed record RequirementGroup(
    string Title, string Source, List<Requirement> Requirements, IReadOnlyList<string>? Complete = null)
{
    /// <summary>What of a complete group is missing, too many, or not accounted for.</summary>
    public IEnumerable<string> Gaps(IReadOnlyCollection<Showing> showings)
    {
        if (Complete is null) yield break;
        foreach (var id in Complete.Except(Requirements.Select(r => r.Id))) yield return $"{id} is not listed";
        foreach (var requirement in Requirements)
        {
            var (id, isShown) = (requirement.Id, showings.Any(s => s.Id == requirement.Id));
            if (!Complete.Contains(id)) yield return $"{id} is none of those of the source";
            if (isShown && requirement.NotApplicable.Length > 0) yield return $"{id} is shown and not applicable";
            if (!isShown && requirement.NotApplicable.Length == 0) yield return $"{id} has neither a test nor a reason";
        }
    }
}

/// <summary>A test, or a class of tests, that says what it shows.</summary>
/// <param name="File">Relative to the root of the repository.</param>
/// <param name="Test">Null for every test of the class.</param>
internal sealed record Showing(string Id, string File, string Class, string? Test);
