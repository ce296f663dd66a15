namespace Drimbox.Core.Reports;

/// <summary>One place where two texts differ, by words.</summary>
/// <param name="Section">The title of the section, as the document has it.</param>
/// <param name="Lead">The words before that place, in both.</param>
/// <param name="Removed">What only the text before says; empty where something was added.</param>
/// <param name="Added">What only the text after says; empty where something was removed.</param>
/// <param name="Trail">The words behind that place, in both.</param>
public sealed record TextChange(string Section, string Lead, string Removed, string Added, string Trail);

/// <summary>
/// The difference of two texts by words, the shortest there is (E. W. Myers, An O(ND) Difference Algorithm, 1986). Line
/// breaks are no words: a text that was only wrapped anew is the same. Bounded by
/// <see cref="Limits.TextDiffEditsMax"/>: texts that differ in more words than that are shown as one replaced by the
/// other between what they begin and end with.
/// </summary>
public static class TextDiff
{
    // As many words as say where a change stands.
    private const int ContextWords = 6;

    public static IReadOnlyList<TextChange> Between(string section, string before, string after)
    {
        var removedWords = WordsOf(before);
        var addedWords = WordsOf(after);
        var (a, b) = Number(removedWords, addedWords);
        var begin = a.AsSpan().CommonPrefixLength(b);
        var end = 0;
        while (end < Math.Min(a.Length, b.Length) - begin && a[^(end + 1)] == b[^(end + 1)]) end++;
        var middle = Edits(a.AsSpan()[begin..^end], b.AsSpan()[begin..^end])
            ?? [new Edit(0, a.Length - end - begin, 0, b.Length - end - begin)];
        return
        [
            .. middle.Select(edit => new TextChange(
                section,
                Join(removedWords, Math.Max(0, begin + edit.Before - ContextWords), begin + edit.Before),
                Join(removedWords, begin + edit.Before, begin + edit.Before + edit.BeforeCount),
                Join(addedWords, begin + edit.After, begin + edit.After + edit.AfterCount),
                Join(
                    removedWords, begin + edit.Before + edit.BeforeCount,
                    Math.Min(removedWords.Length, begin + edit.Before + edit.BeforeCount + ContextWords)))),
        ];
    }

    /// <summary>The whole of a section that only one of the two texts has.</summary>
    public static TextChange Whole(string section, string? before, string? after) =>
        new(section, "", Flat(before ?? ""), Flat(after ?? ""), "");

    private static string Flat(string text)
    {
        var words = WordsOf(text);
        return Join(words, 0, words.Length);
    }

    private static string[] WordsOf(string text) =>
        text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static string Join(string[] words, int from, int to) => string.Join(' ', words, from, to - from);

    // Words as numbers: comparing them costs the same however long they are.
    private static (int[] Before, int[] After) Number(string[] before, string[] after)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        return (Of(before), Of(after));

        int[] Of(string[] words)
        {
            var result = new int[words.Length];
            for (var i = 0; i < words.Length; i++)
            {
                if (!numbers.TryGetValue(words[i], out var number)) numbers.Add(words[i], number = numbers.Count);
                result[i] = number;
            }

            return result;
        }
    }

    /// <summary>The places that differ, in order; null if there are more differing words than are looked for.</summary>
    private static List<Edit>? Edits(ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        if (a.IsEmpty && b.IsEmpty) return [];
        if (a.IsEmpty || b.IsEmpty) return [new Edit(0, a.Length, 0, b.Length)];
        var max = Math.Min(a.Length + b.Length, Limits.TextDiffEditsMax);
        // furthest[k + centre]: how far into a the longest path with d edits comes on diagonal k (a's index - b's).
        var centre = max + 1;
        var furthest = new int[(2 * max) + 3];
        var rounds = new List<int[]>();
        for (var d = 0; d <= max; d++)
        {
            rounds.Add(furthest[(centre - d - 1)..(centre + d + 2)]);
            for (var k = -d; k <= d; k += 2)
            {
                var x = StepsDown(furthest, centre, d, k) ? furthest[centre + k + 1] : furthest[centre + k - 1] + 1;
                while (x < a.Length && x - k < b.Length && a[x] == b[x - k]) x++;
                furthest[centre + k] = x;
                if (x >= a.Length && x - k >= b.Length) return Trace(rounds, a.Length, b.Length);
            }
        }

        return null;
    }

    private static bool StepsDown(int[] furthest, int centre, int d, int k) =>
        k == -d || (k != d && furthest[centre + k - 1] < furthest[centre + k + 1]);

    // Back from the end, round by round; steps that touch are one edit.
    private static List<Edit> Trace(List<int[]> rounds, int x, int y)
    {
        var edits = new List<Edit>();
        for (var d = rounds.Count - 1; d > 0; d--)
        {
            var furthest = rounds[d];
            var centre = d + 1;
            var k = x - y;
            var down = StepsDown(furthest, centre, d, k);
            var fromK = down ? k + 1 : k - 1;
            var fromX = furthest[centre + fromK];
            var fromY = fromX - fromK;
            // Behind the step words are equal up to (x, y).
            var step = down ? new Edit(fromX, 0, fromY, 1) : new Edit(fromX, 1, fromY, 0);
            if (edits is [.., var later] && later.Before == step.Before + step.BeforeCount
                && later.After == step.After + step.AfterCount)
            {
                edits[^1] = new Edit(
                    step.Before, step.BeforeCount + later.BeforeCount, step.After, step.AfterCount + later.AfterCount);
            }
            else
            {
                edits.Add(step);
            }

            (x, y) = (fromX, fromY);
        }

        edits.Reverse();
        return edits;
    }

    // Words of the text before and after, from an index on.
    private readonly record struct Edit(int Before, int BeforeCount, int After, int AfterCount);
}
