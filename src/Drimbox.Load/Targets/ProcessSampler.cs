using System.Globalization;

namespace Drimbox.Load.Targets;

/// <summary>Reads what a process and its children use, from /proc: a peer that forks for each association does its work
/// in children that are gone a moment later. Source: man 5 proc.</summary>
public sealed class ProcessSampler
{
    // man 5 proc: times are in clock ticks of sysconf(_SC_CLK_TCK), 100 on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;
    private readonly string _root;
    private readonly bool _withChildren;

    /// <param name="withChildren">Count its children and theirs too.</param>
    /// <param name="root">The folder /proc; another one for tests.</param>
    public ProcessSampler(int pid, bool withChildren = true, string root = "/proc")
    {
        Pid = pid;
        _withChildren = withChildren;
        _root = root;
        Name = ReadText($"{pid}/comm")?.Trim() ?? "";
    }

    public int Pid { get; }

    /// <summary>Its command, at most 15 characters; empty if there is no such process.</summary>
    public string Name { get; }

    /// <summary>CPU seconds since the process began, and bytes of memory in use now; null if it has ended.</summary>
    public (double CpuSeconds, long Rss)? Sample()
    {
        if (ReadStat(Pid) is not { } self) return null;
        var (ticks, pages) = (self.Ticks, self.RssPages);
        foreach (var child in _withChildren ? Descendants() : [])
        {
            ticks += child.Ticks;
            pages += child.RssPages;
        }

        return (ticks / TicksPerSecond, pages * Environment.SystemPageSize);
    }

    private List<Stat> Descendants()
    {
        var all = new List<Stat>();
        foreach (var folder in Directory.EnumerateDirectories(_root))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && ReadStat(pid) is { } stat)
            {
                all.Add(stat);
            }
        }

        var family = new HashSet<int> { Pid };
        var found = new List<Stat>();
        for (var before = -1; before != found.Count;)
        {
            before = found.Count;
            found.AddRange(all.FindAll(s => family.Contains(s.Parent) && family.Add(s.Pid)));
        }

        return found;
    }

    // 4711 (store scp) S 1 … : the name may hold anything, so the fields count from its closing parenthesis.
    private Stat? ReadStat(int pid)
    {
        if (ReadText($"{pid}/stat") is not { } text) return null;
        var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        // Fields 4 (ppid), 14 to 17 (utime, stime, cutime, cstime) and 24 (rss) of the manual; state is field 3.
        return fields.Length > 21
            ? new Stat(pid, (int)Number(4), Number(14) + Number(15) + Number(16) + Number(17), Number(24))
            : null;

        long Number(int field) => long.Parse(fields[field - 3], CultureInfo.InvariantCulture);
    }

    private string? ReadText(string name)
    {
        try
        {
            return File.ReadAllText(Path.Combine(_root, name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private readonly record struct Stat(int Pid, int Parent, long Ticks, long RssPages);
}
