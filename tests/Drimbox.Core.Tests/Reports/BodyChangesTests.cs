using Drimbox.Core.Reports;

namespace Drimbox.Tests.Reports;

public sealed class BodyChangesTests
{
    private static readonly BodyFile Pdf = new("application/pdf", 1000, new string('a', 64));

    [Fact]
    public void Sections_are_compared_by_their_titles_and_those_that_only_one_has_are_shown_whole()
    {
        var before = Body(("Indication", "Toux."), ("Technique", "Hélice."), ("Conclusion", "Normal."));
        var after = Body(("Indication", "Toux."), ("Conclusion", "Nodule de 4 mm."), ("Addendum", "Relu."));

        Assert.Equal(
            [
                new TextChange("Technique", "", "Hélice.", "", ""),
                new TextChange("Conclusion", "", "Normal.", "Nodule de 4 mm.", ""),
                new TextChange("Addendum", "", "", "Relu.", ""),
            ],
            BodyChanges.Between(before, after).Text);
    }

    [Fact]
    public void Sections_of_one_title_are_compared_in_their_order()
    {
        var changes = BodyChanges.Between(Body(("", "a"), ("", "b")), Body(("", "a"), ("", "c"))).Text!;

        Assert.Equal(new TextChange("", "", "b", "c", ""), Assert.Single(changes));
    }

    [Fact]
    public void Bodies_that_cannot_be_read_as_text_are_compared_by_their_files()
    {
        var other = Pdf with { Sha256 = new string('b', 64) };

        var changes = BodyChanges.Between(new DocumentBody(null, [Pdf]), new DocumentBody([], [other]));

        Assert.Null(changes.Text);
        Assert.Equal((Pdf, other), (Assert.Single(changes.Before), Assert.Single(changes.After)));
    }

    private static DocumentBody Body(params (string Title, string Text)[] sections) =>
        new([.. sections.Select(s => new BodySection(s.Title, s.Text))], [Pdf]);
}
