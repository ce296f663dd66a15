namespace Drimbox.Tests.Tidy.Requirements;

/// <summary>One thing that is asked of Drimbox.</summary>
/// <param name="Id">As tests name it.</param>
/// <param name="Demand">What is asked, in our own words.</param>
/// <param name="Note">What its tests do not show, or why it has none; empty if there is nothing to say.</param>
internal sealed record Requirement(string Id, string Demand, string Note = "");

/// <summary>Requirements of one source.</summary>
/// <param name="Source">Where they are written, and how far the numbers are those of the source.</param>
internal sealed record RequirementGroup(string Title, string Source, List<Requirement> Requirements);

/// <summary>A test, or a class of tests, that says what it shows.</summary>
/// <param name="File">Relative to the root of the repository.</param>
/// <param name="Test">Null for every test of the class.</param>
internal sealed record Showing(string Id, string File, string Class, string? Test);
