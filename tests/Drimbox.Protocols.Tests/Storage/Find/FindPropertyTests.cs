using System.Text;
using Drimbox.Storage;
using A = Drimbox.Storage.ArchiveAttribute;

namespace Drimbox.Tests.Storage.Find;

/// <summary>The index against a list that is searched one by one.</summary>
public abstract class FindPropertyTests(IndexPlace place) : IAsyncLifetime
{
    private static readonly A[] Returned =
    [
        A.PatientId, A.PatientName, A.NumberOfPatientRelatedStudies, A.NumberOfPatientRelatedSeries,
        A.NumberOfPatientRelatedInstances,
    ];

    private static readonly A[] ReturnedOfStudy =
    [
        .. Returned, A.StudyInstanceUid, A.StudyDate, A.ModalitiesInStudy, A.NumberOfStudyRelatedSeries,
        A.NumberOfStudyRelatedInstances,
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await place.RequireAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return place.DisposeAsync();
    }

    [Fact]
    public async Task Every_kind_of_matching_finds_what_a_naive_matcher_finds()
    {
        var random = new Random(Seed.Get());
        var archive = new RandomArchive(random);
        var naive = new NaiveIndex();
        await using var index = await OpenAsync(archive, naive, patients: 70);
        var hits = 0;
        for (var i = 0; i < 1_000; i++)
        {
            var query = archive.Query(naive);
            var returned = query.Level switch
            {
                FindLevel.Patient => Returned,
                FindLevel.Study => ReturnedOfStudy,
                FindLevel.Series => [.. ReturnedOfStudy, A.SeriesInstanceUid, A.NumberOfSeriesRelatedInstances],
                _ => [.. ReturnedOfStudy, A.SeriesInstanceUid, A.SopInstanceUid, A.Rows],
            };
            var expected = naive.Find(query, returned);
            var found = await FindAsync(index, query, returned);
            Assert.True(expected.SequenceEqual(found), $"{Text(query)}\n{Differences(expected, found)}");
            hits += expected.Count > 0 ? 1 : 0;
        }

        // The queries are no test if they find nothing.
        Assert.InRange(hits, 200, 950);
    }

    [Fact]
    public async Task The_items_of_a_sequence_come_back_as_far_as_they_match()
    {
        var random = new Random(Seed.Get());
        var archive = new RandomArchive(random);
        var naive = new NaiveIndex();
        await using var index = await OpenAsync(archive, naive, patients: 20);
        foreach (var record in naive.Visible.DistinctBy(r => r.Series.SeriesInstanceUid))
        {
            foreach (var item in record.Series.RequestAttributes)
            {
                if (item.RequestedProcedureId.Length == 0) continue;
                var keys = FindMatch.Sequence(
                    A.RequestAttributesSequence, FindMatch.Single(A.RequestedProcedureId, item.RequestedProcedureId),
                    FindMatch.Return(A.ScheduledProcedureStepId));
                var uid = FindMatch.Single(A.SeriesInstanceUid, record.Series.SeriesInstanceUid.ToString());
                var row = Assert.Single(await index.FindAsync(
                    new FindQuery(FindLevel.Series, [uid, keys]), Token).ToListAsync(Token));
                Assert.Equal(
                    record.Series.RequestAttributes.Where(other => NaiveIndex.IsItemMatch(keys, other))
                        .Select(other => $"{other.RequestedProcedureId}|{other.ScheduledProcedureStepId}"),
                    ItemsOf(row));
                var whole = Assert.Single(await index.FindAsync(
                    new FindQuery(FindLevel.Series, [uid, FindMatch.Sequence(A.RequestAttributesSequence)]), Token)
                    .ToListAsync(Token));
                Assert.Equal(
                    record.Series.RequestAttributes.Select(other => string.Join(
                        '|', NaiveIndex.ItemAttributes.Select(key => NaiveIndex.ItemValue(key, other)))),
                    ItemsOf(whole));
            }
        }

        static IEnumerable<string> ItemsOf(FindRow row) =>
            FindPage.ItemsOf(Encoding.UTF8.GetBytes(row[A.RequestAttributesSequence]!))
                .Select(item => string.Join('|', item));
    }

    [Fact]
    public async Task The_counts_of_a_study_follow_whatever_is_added_hidden_or_removed()
    {
        var random = new Random(Seed.Get());
        var archive = new RandomArchive(random);
        var naive = new NaiveIndex();
        await using var index = await OpenAsync(archive, naive, patients: 15);
        var all = naive.Visible.ToList();
        var rows = (await index.ListAsync(0, 10_000, Token)).ToDictionary(row => row.SopInstanceUid, row => row.RowId);
        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(all));
        foreach (var record in all)
        {
            var uid = record.Instance.SopInstanceUid;
            if (random.Next(2) == 0)
            {
                Assert.Equal(1, await index.HideAsync(new([uid], "113001"), Token));
                naive.Hide(uid);
            }
            else
            {
                Assert.Equal(1, await index.RemoveAsync([rows[uid]], Token));
                naive.Remove(uid);
            }

            if (random.Next(4) != 0) continue;
            var query = new FindQuery(FindLevel.Study, []);
            Assert.Equal(naive.Find(query, ReturnedOfStudy), await FindAsync(index, query, ReturnedOfStudy));
        }
    }

    [Fact]
    public async Task No_more_come_than_the_limit_and_none_comes_twice_over_many_pages()
    {
        var archive = new RandomArchive(new Random(1));
        var naive = new NaiveIndex();
        await using var index = await OpenAsync(archive, naive, patients: 70);
        var all = naive.Visible.Count();
        Assert.InRange(all, 257, 10_000);
        foreach (var max in (int[])[1, 127, 128, 129, 256, 257, all, all + 1])
        {
            var found = await FindAsync(index, new FindQuery(FindLevel.Image, [], max), A.SopInstanceUid);
            Assert.Equal(Math.Min(max, all), found.Distinct().Count());
            Assert.Equal(Math.Min(max, all), found.Count);
        }
    }

    private static async Task<List<string>> FindAsync(ArchiveIndex index, FindQuery query, params A[] returned)
    {
        var asked = query.Matches.Select(match => match.Attribute).ToHashSet();
        query = query with { Matches = [.. query.Matches, .. returned.Except(asked).Select(FindMatch.Return)] };
        return
        [
            .. (await index.FindAsync(query, Token).ToListAsync(Token))
                .Select(row => string.Join('|', returned.Select(a => row[a]))).Order(StringComparer.Ordinal),
        ];
    }

    private async Task<ArchiveIndex> OpenAsync(RandomArchive archive, NaiveIndex naive, int patients)
    {
        var index = await place.OpenAsync();
        var inserts = new List<Task<InsertResult>>();
        foreach (var record in archive.Instances(patients))
        {
            naive.Add(record);
            inserts.Add(index.InsertAsync(record, Token));
        }

        Assert.All(await Task.WhenAll(inserts), result => Assert.IsType<InsertResult.Inserted>(result));
        return index;
    }

    private static string Text(FindQuery query) => $"{query.Level}: " + string.Join("; ", query.Matches.Select(match =>
        $"{match.Attribute} {match.Kind} [{string.Join(", ", match.Values)}]" +
        string.Concat(match.ItemMatches.Select(item => $", {item.Attribute} {item.Kind} {string.Join(',', item.Values)}"))));

    private static string Differences(List<string> expected, List<string> found) =>
        $"missing: {string.Join("; ", expected.Except(found).Take(5))}\n" +
        $"extra: {string.Join("; ", found.Except(expected).Take(5))}";
}

public sealed class SqliteFindPropertyTests() : FindPropertyTests(new SqlitePlace());

public sealed class PostgresFindPropertyTests(PostgresCluster cluster) : FindPropertyTests(new PostgresPlace(cluster));
