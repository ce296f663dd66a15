using System.Text.RegularExpressions;
using Drimbox.Core.Publications;

namespace Drimbox.Tests.Tidy;

/// <summary>The walls between the projects, and the wall around publications.</summary>
public sealed partial class WallsTests
{
    /// <summary>The table of docs/adr/0001: project → the projects it may reference.</summary>
    private static readonly Dictionary<string, string> Allowed = new(StringComparer.Ordinal)
    {
        ["Core"] = "",
        ["Dicom"] = "Core",
        ["Hl7"] = "Core",
        ["Dmp"] = "Core",
        ["Storage"] = "Core",
        ["Grains"] = "Core Storage",
        ["Archive"] = "Core Storage Grains Dicom Hl7",
        ["Teleradiology"] = "Core Storage Grains Dicom Hl7",
        ["Ris"] = "Core Storage Grains Dicom Hl7 Dmp",
        ["Source"] = "Core Storage Grains Dicom Hl7 Dmp",
        ["Load"] = "Core Dicom Hl7",
        ["Emulators"] = "Core Dicom Hl7 Dmp",
        ["Orleans"] = "Core Storage Grains",
        ["Gateway"] = "Core Dicom Hl7 Dmp Storage Grains Archive Teleradiology Ris Source Load Emulators Orleans",
    };

    [Fact]
    public void A_project_references_only_what_the_table_allows()
    {
        foreach (var (project, references) in Repository.References("src"))
        {
            Assert.True(Allowed.TryGetValue(project, out var allowed), $"src/Drimbox.{project} is not in the table");
            Assert.Empty(references.Except(allowed.Split(' ')));
        }
    }

    [Fact]
    public void The_teleradiology_project_does_not_reference_the_DMP_client() =>
        Assert.DoesNotContain("Dmp", Repository.References("src")["Teleradiology"]);

    [Fact]
    public void The_core_has_no_clock_no_randomness_no_tasks_and_no_files()
    {
        var offenders =
            from file in Repository.Files("src/Drimbox.Core", "*.cs")
            from Match match in Impure().Matches(File.ReadAllText(file))
            select $"{Repository.Relative(file)}: {match.Value}";
        Assert.Empty(offenders);
    }

    [Fact]
    public void Nobody_outside_the_core_can_construct_a_submission() =>
        Assert.DoesNotContain(typeof(Submission).GetConstructors(), c => c.IsPublic);

    [Fact]
    public void Only_the_deciders_of_the_RIS_and_the_source_return_a_submission()
    {
        var returning =
            from file in Repository.Files("src", "*.cs")
            where !Repository.Relative(file).StartsWith("src/Drimbox.Core/Publications/", StringComparison.Ordinal)
            where SubmissionMade().IsMatch(File.ReadAllText(file))
            select Repository.Relative(file);
        string[] deciders =
        [
            "src/Drimbox.Core/Reports/ReportCommands.cs", // ReportDecision
            "src/Drimbox.Core/Reports/ReportSubmission.cs", // internal, called by ReportDecider alone
            "src/Drimbox.Core/Manifests/ManifestSubmission.cs", // internal, called by StudyDecider alone
            "src/Drimbox.Core/Studies/StudyDecider.cs", // StudyDecision
        ];
        Assert.Empty(returning.Except(deciders));
    }

    [Theory]
    [InlineData("ReportSubmission.For(", "ReportDecider.cs")]
    [InlineData("ManifestSubmission.For(", "StudyDecider.cs")]
    public void Submissions_are_made_by_one_decider_each(string call, string decider)
    {
        var callers =
            from file in Repository.Files("src", "*.cs")
            where File.ReadAllText(file).Contains(call, StringComparison.Ordinal)
            select Path.GetFileName(file);
        Assert.Equal([decider], callers);
    }

    [GeneratedRegex(@"\b(Task(<|\.)|ValueTask|(?<!\.)File\.|(?<!\.)Directory\.|TimeProvider|DateTimeOffset\.UtcNow|new Random|Socket\b|HttpClient)")]
    private static partial Regex Impure();

    // A method, property or record component of type Submission.
    [GeneratedRegex(@"(\bSubmission\??\s+(?!submission\b|is\b)\w+\s*(\(|\{|=>|,|\)))|new Submission\(")]
    private static partial Regex SubmissionMade();
}
