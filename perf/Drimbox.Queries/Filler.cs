using System.Diagnostics;
using System.Globalization;
using Drimbox.Storage;

namespace Drimbox.Queries;

/// <summary>Fills an index by its own insertion, many to a transaction.</summary>
internal static class Filler
{
    // Enough that each transaction of the writer is full.
    private const int Outstanding = 2_048;

    /// <summary>Inserts studies 0 to <paramref name="studies"/>.</summary>
    public static async Task<string> FillAsync(string folder, Population population, long studies)
    {
        var clock = Stopwatch.StartNew();
        await using var index = await ArchiveIndex.OpenAsync(
            new ArchiveIndexOptions { Folder = folder }, CancellationToken.None);
        var waiting = new Queue<Task<InsertResult>>();
        long instances = 0;
        for (long study = 0; study < studies; study++)
        {
            foreach (var record in population.Records(study))
            {
                waiting.Enqueue(index.InsertAsync(record, CancellationToken.None));
                instances++;
                if (waiting.Count == Outstanding) await TakeAsync(waiting);
            }
        }

        while (waiting.Count > 0) await TakeAsync(waiting);
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"studies":{{studies}},"instances":{{instances}},"seconds":{{clock.Elapsed.TotalSeconds:F1}}}""");
    }

    private static async Task TakeAsync(Queue<Task<InsertResult>> waiting)
    {
        if (await waiting.Dequeue() is not InsertResult.Inserted)
            throw new InvalidDataException("The index was not empty: an instance is there already.");
    }
}
