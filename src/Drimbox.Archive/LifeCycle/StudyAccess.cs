using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Storage;

namespace Drimbox.Archive;

/// <summary>Records which studies were retrieved: one write a study and day, however often it is read.</summary>
internal sealed class StudyAccess(ArchiveIndex index, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly HashSet<Uid> _noted = [];
    private DateOnly _day;

    /// <summary>Returns when it is recorded. That it cannot be is no reason not to read: it does not throw.</summary>
    public async ValueTask NoteAsync(IEnumerable<Uid> studies, CancellationToken cancellationToken)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        List<Uid> news;
        lock (_gate)
        {
            // Forgotten, a study is written once more.
            if (_day != today || _noted.Count > Limits.StudiesNotedMax) _noted.Clear();
            _day = today;
            news = [.. studies.Where(_noted.Add)];
        }

        if (news.Count == 0) return;
        try
        {
            await index.NoteAccessAsync(news, today, cancellationToken);
        }
        catch (StorageFaultException)
        {
            lock (_gate) _noted.ExceptWith(news);
        }
    }
}
