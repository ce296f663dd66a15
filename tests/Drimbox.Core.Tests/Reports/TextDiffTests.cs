using Drimbox.Core;
using Drimbox.Core.Reports;

namespace Drimbox.Tests.Reports;

/// <summary>What differs between two texts, by words.</summary>
public sealed class TextDiffTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("Pas de lésion.", "Pas de lésion.")]
    // A text that was only wrapped or spaced anew is the same.
    [InlineData("Pas de\nlésion.  Fin.", "Pas de lésion.\r\n\r\nFin.")]
    public void Texts_of_the_same_words_have_no_changes(string before, string after) =>
        Assert.Empty(TextDiff.Between("s", before, after));

    [Fact]
    public void A_word_that_was_replaced_is_shown_between_what_stands_around_it()
    {
        var change = Assert.Single(TextDiff.Between(
            "Résultats",
            "Un deux trois quatre cinq six sept nodule de 4 mm du lobe moyen. Pas d'épanchement.",
            "Un deux trois quatre cinq six sept nodule de 14 mm du lobe moyen. Pas d'épanchement."));

        Assert.Equal(
            new TextChange(
                "Résultats", "quatre cinq six sept nodule de", "4", "14", "mm du lobe moyen. Pas d'épanchement."),
            change);
    }

    [Fact]
    public void Several_places_are_several_changes_in_the_order_of_the_text()
    {
        var changes = TextDiff.Between("s", "a b c d e f", "x b c e f g h");

        Assert.Equal(
            [("a", "x"), ("d", ""), ("", "g h")],
            changes.Select(change => (change.Removed, change.Added)));
        Assert.Equal(["", "a b c", "a b c d e f"], changes.Select(change => change.Lead));
        Assert.Equal(["b c d e f", "e f", ""], changes.Select(change => change.Trail));
    }

    [Fact]
    public void The_changes_applied_to_the_text_before_give_the_text_after()
    {
        var random = new Random(Seed.Get());
        for (var round = 0; round < 2_000; round++)
        {
            // Few words of few kinds: many ways to align them, and a shortest one.
            var before = Words(random, 12);
            var after = Words(random, 12);
            var changes = TextDiff.Between("s", string.Join(' ', before), string.Join(' ', after));

            // What is neither removed nor added is a longest common subsequence.
            var removed = changes.Sum(c => CountOf(c.Removed));
            var added = changes.Sum(c => CountOf(c.Added));
            var common = Longest(before, after);
            Assert.Equal((before.Length - common, after.Length - common), (removed, added));
            Assert.Equal(string.Join(' ', after), Apply(before, changes));
        }
    }

    [Fact]
    public void Texts_that_differ_more_than_is_looked_for_are_one_replaced_by_the_other()
    {
        var words = Enumerable.Range(0, Limits.TextDiffEditsMax);
        var before = $"début {string.Join(' ', words.Select(i => $"a{i}"))} fin";
        var after = $"début {string.Join(' ', words.Select(i => $"b{i}"))} fin";

        var change = Assert.Single(TextDiff.Between("s", before, after));

        Assert.Equal(("début", "fin"), (change.Lead, change.Trail));
        Assert.Equal(
            (Limits.TextDiffEditsMax, Limits.TextDiffEditsMax), (CountOf(change.Removed), CountOf(change.Added)));
    }

    [Fact]
    public void The_longest_reports_are_compared_without_much_memory()
    {
        // Two words that alternate, shifted: every diagonal runs far.
        var before = string.Concat(Enumerable.Repeat("a b ", Limits.ReportCharactersMax / 4));
        var after = string.Concat(Enumerable.Repeat("b b a ", Limits.ReportCharactersMax / 6));
        var allocated = GC.GetAllocatedBytesForCurrentThread();

        Assert.NotEmpty(TextDiff.Between("s", before, after));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 64 * 1024 * 1024);
    }

    private static string[] Words(Random random, int max) =>
        [.. Enumerable.Range(0, random.Next(max + 1)).Select(_ => "abc"[random.Next(3)].ToString())];

    private static int CountOf(string words) => words.Length == 0 ? 0 : words.Split(' ').Length;

    // Each change stands where its lead ends: found from the front, behind the change before it.
    private static string Apply(string[] before, IReadOnlyList<TextChange> changes)
    {
        var result = new List<string>();
        var at = 0;
        foreach (var change in changes)
        {
            // The lead has at most six words: the number of words up to it follows from those behind it.
            var begin = PlaceOf(before, change, at);
            result.AddRange(before[at..begin]);
            if (change.Added.Length > 0) result.AddRange(change.Added.Split(' '));
            at = begin + CountOf(change.Removed);
        }

        result.AddRange(before[at..]);
        return string.Join(' ', result);
    }

    private static int PlaceOf(string[] before, TextChange change, int from)
    {
        var wanted = $"{change.Lead}|{change.Removed}|{change.Trail}";
        for (var at = from; at <= before.Length; at++)
        {
            var end = at + CountOf(change.Removed);
            if (end > before.Length) break;
            var lead = string.Join(' ', before[Math.Max(0, at - 6)..at]);
            var trail = string.Join(' ', before[end..Math.Min(before.Length, end + 6)]);
            if (wanted == $"{lead}|{string.Join(' ', before[at..end])}|{trail}") return at;
        }

        throw new InvalidOperationException($"There is no place for {change} in {string.Join(' ', before)}.");
    }

    private static int Longest(string[] a, string[] b)
    {
        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                table[i, j] = a[i - 1] == b[j - 1]
                    ? table[i - 1, j - 1] + 1
                    : Math.Max(table[i - 1, j], table[i, j - 1]);
            }
        }

        return table[a.Length, b.Length];
    }
}
