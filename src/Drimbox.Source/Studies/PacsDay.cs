using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scu;

namespace Drimbox.Source.Studies;

/// <summary>Asks a PACS for the studies of one day. C-FIND has no pages: where the answer for a part of the day is too
/// long, for us or for the PACS (A700), both halves of the part are asked for.</summary>
internal sealed class PacsDay(PacsQuery query)
{
    private const int MinutesOfDay = 24 * 60;
    private static readonly Uid Model = SopClass.StudyRootQueryRetrieveInformationModelFind;

    /// <param name="take">Given the UIDs of a part of the day at a time.</param>
    /// <returns>Null, or why the day could not be listed; parts of it may have been given then.</returns>
    public async Task<PacsAnswer?> ListAsync(
        KnownPacs pacs,
        DateOnly day,
        Func<IReadOnlyCollection<Uid>, CancellationToken, Task> take,
        CancellationToken cancellationToken)
    {
        // Of the parts that wait the first one last.
        var parts = new Stack<(int From, int To)>([(0, MinutesOfDay)]);
        while (parts.TryPop(out var part))
        {
            var found = new HashSet<Uid>();
            var isTooLong = false;
            var answer = await query.AskAsync(
                pacs,
                async (find, token) =>
                {
                    isTooLong = !await FindAsync(find, day, part, found, token);
                    return null;
                },
                cancellationToken);
            if (answer.Failure is not null) return answer;
            if (!isTooLong)
            {
                await take(found, cancellationToken);
                continue;
            }

            if (part.To - part.From == 1) return new PacsAnswer(null, "more studies in a minute than can be listed");
            var middle = (part.From + part.To) / 2;
            parts.Push((middle, part.To));
            parts.Push((part.From, middle));
        }

        return null;
    }

    /// <returns>False: there are too many.</returns>
    private static async Task<bool> FindAsync(
        CFindScu find, DateOnly day, (int From, int To) part, HashSet<Uid> found, CancellationToken cancellationToken)
    {
        var date = day.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        var query = new DataSet();
        query.SetString(Tag.QueryRetrieveLevel, "STUDY");
        query.SetString(Tag.StudyDate, date);

        // PS3.4 C.2.2.2.5: a range of times; a study without a time is in the answer for the whole day alone.
        if (part is (0, MinutesOfDay)) query.SetEmpty(Tag.StudyTime);
        else query.SetString(Tag.StudyTime, $"{TimeOf(part.From)}00-{TimeOf(part.To - 1)}59.999999");
        query.SetEmpty(Tag.StudyInstanceUID);
        try
        {
            await foreach (var match in find.FindAsync(Model, query, cancellationToken))
            {
                if (!match.TryGetUid(Tag.StudyInstanceUID, out var uid)) continue;
                // A PACS that ignores the date answers with all that it has.
                if (match.GetString(Tag.StudyDate) is { Length: > 0 } other && other != date) continue;
                found.Add(uid);
                if (found.Count > Limits.ResyncDayPartStudiesMax) return false;
            }

            return true;
        }
        catch (DimseFailureException e) when (e.Status == DimseStatus.OutOfResources && part.To - part.From > 1)
        {
            return false;
        }
    }

    private static string TimeOf(int minute) =>
        new TimeOnly(minute / 60, minute % 60).ToString("HHmm", CultureInfo.InvariantCulture);
}
