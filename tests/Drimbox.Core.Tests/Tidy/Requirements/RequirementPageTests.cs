namespace Drimbox.Tests.Tidy.Requirements;

/// <summary>The page of the requirements says what the tests say.</summary>
public sealed class RequirementPageTests
{
    private const string WriteVariable = "DRIMBOX_WRITE_REQUIREMENTS";

    [Fact]
    public void The_page_is_what_the_traits_of_the_tests_say()
    {
        var expected = RequirementPage.Write(RequirementList.Groups, RequirementTraits.OfAllTests());
        var path = Path.Combine(Repository.Root, RequirementPage.Path);
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1") File.WriteAllText(path, expected);

        var written = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        Assert.True(
            expected == written,
            $"{RequirementPage.Path} is not what the tests say now. Write it again with {WriteVariable}=1 "
            + "dotnet run -c Release --project tests/Drimbox.Core.Tests -- -class \"*RequirementPageTests\"");
    }

    [Fact]
    public void Every_requirement_that_a_test_names_has_a_text()
    {
        var known = RequirementList.Groups.SelectMany(g => g.Requirements).Select(r => r.Id).ToHashSet();
        Assert.Empty(RequirementTraits.OfAllTests()
            .Where(showing => !known.Contains(showing.Id))
            .Select(showing => $"{showing.File}: {showing.Id} is not in RequirementList"));
    }

    [Fact]
    public void Each_number_of_a_source_that_is_complete_has_a_test_or_a_reason_and_not_both()
    {
        var showings = RequirementTraits.OfAllTests();

        Assert.Contains(RequirementList.Groups, g => g.Complete is not null);
        Assert.Empty(RequirementList.Groups.SelectMany(g => g.Gaps(showings)));
    }

    [Fact]
    public void A_complete_group_names_what_it_leaves_open()
    {
        var group = Assert.Single(RequirementList.Read("""
            # Title
            Source: a sheet. Complete: A.B 01-03 10; C 100

            ## A.B.01
            Ask.

            ## A.B.02
            Ask. Not applicable: it is for others.

            ## A.B.03
            Ask. Not applicable: it is for others.

            ## A.B.10
            Ask. Note: half of it.

            ## A.B.11
            Ask.
            """));

        Assert.Equal(["A.B.01", "A.B.02", "A.B.03", "A.B.10", "C.100"], group.Complete);
        Assert.Equal("a sheet.", group.Source);
        Assert.Equal("it is for others.", group.Requirements[1].NotApplicable);
        Assert.Equal(
            [
                "C.100 is not listed",
                "A.B.01 has neither a test nor a reason",
                "A.B.03 is shown and not applicable",
                "A.B.11 is none of those of the source",
            ],
            group.Gaps(
            [
                new Showing("A.B.03", "f", "FTests", null), new Showing("A.B.10", "f", "FTests", null),
                new Showing("A.B.11", "f", "FTests", null),
            ]));
    }

    [Fact]
    public void A_requirement_is_listed_once()
    {
        var ids = RequirementList.Groups.SelectMany(g => g.Requirements).Select(r => r.Id).ToList();
        Assert.Empty(ids.GroupBy(id => id).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    [Fact]
    public void Traits_are_read_from_classes_and_tests_with_attributes_in_any_order()
    {
        const string Source = """
            [Requirement("A")]
            public sealed class FirstTests
            {
                [Theory]
                [InlineData(1)]
                [Requirement("B")]
                [Requirement("C")]
                public async Task It_holds(int number)
                {
                }

                [Fact, Requirement("B")]
                public void It_holds_too() => Holds();

                private static void Holds()
                {
                }
            }
            """;

        Assert.Equal(
            [
                new Showing("A", "f", "FirstTests", null),
                new Showing("B", "f", "FirstTests", "It_holds"),
                new Showing("C", "f", "FirstTests", "It_holds"),
                new Showing("B", "f", "FirstTests", "It_holds_too"),
            ],
            RequirementTraits.Read("f", Source.Split('\n')));
    }

    [Theory]
    [InlineData("[Requirement(\"A\")]\n    private static void Holds()")]
    [InlineData("[Requirement(\"A\")]\n}")]
    public void A_trait_on_something_that_is_no_test_is_refused(string source) =>
        Assert.Throws<FormatException>(() => RequirementTraits.Read("f", source.Split('\n')).ToList());

    [Fact]
    public void A_requirement_without_a_test_is_said_to_have_none()
    {
        RequirementGroup[] groups =
        [
            new(
                "Title", "a source",
                [new("A", "Ask."), new("C", "Ask.", "", "For others."), new("B", "Ask more.", "Not built.")]),
        ];

        var page = RequirementPage.Write(groups, [new Showing("A", "tests/ATests.cs", "ATests", "It_holds")]);

        Assert.Contains("1 of 3 have a test, and 1 are not applicable.", page, StringComparison.Ordinal);
        Assert.Contains("### C\n\nAsk.\n\n**Not applicable:** For others.\n", page, StringComparison.Ordinal);
        Assert.Contains("### A\n\nAsk.\n\n- [It holds](../tests/ATests.cs)\n", page, StringComparison.Ordinal);
        Assert.EndsWith("### B\n\nAsk more.\n\nNot built.\n\n**No test.**\n", page, StringComparison.Ordinal);
    }
}
