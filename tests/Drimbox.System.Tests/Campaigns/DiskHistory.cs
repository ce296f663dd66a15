using System.Globalization;
using System.Text;

namespace Drimbox.Tests.Campaigns;

/// <summary>What of the calls that no fsync covers a crash leaves; POSIX allows any of it.</summary>
internal enum Survival
{
    /// <summary>Nothing: the names and bytes that were synced, and no others.</summary>
    Least,

    /// <summary>All of it, as when only the process dies.</summary>
    Most,

    /// <summary>Some names and some writes, those perhaps in part, whatever their order was.</summary>
    Some,
}

/// <summary>The calls that a process made below a folder, and from them the states in which a crash may leave that
/// folder.</summary>
internal sealed class DiskHistory
{
    private const int SectorBytes = 512;

    private readonly string _root;
    private readonly List<NameChange> _names = [];
    private readonly List<Sync> _syncs = [];

    public DiskHistory(IEnumerable<SystemCall> calls, string root)
    {
        _root = root;
        var current = new Dictionary<string, StoredFile>(StringComparer.Ordinal);
        foreach (var call in calls)
        {
            Last = call.End;
            Add(call, current);
        }
    }

    /// <summary>The last line of the log.</summary>
    public int Last { get; }

    /// <summary>Paths that were synced, a line an fsync.</summary>
    public IEnumerable<string> Synced => _syncs.Select(sync => sync.Path);

    /// <summary>Makes the folder as a crash at a line of the log may leave it.</summary>
    /// <param name="isHonoured">False for the path of an fsync that is taken to have done nothing.</param>
    public void Rebuild(string target, int at, Survival survival, Random random, Func<string, bool>? isHonoured = null)
    {
        var syncs = _syncs.Where(sync => sync.End <= at && (isHonoured?.Invoke(sync.Path) ?? true)).ToList();
        var files = new Dictionary<string, StoredFile?>(StringComparer.Ordinal);
        foreach (var change in _names.Where(change => change.End <= at))
        {
            var folder = Path.GetDirectoryName(change.Path)!;
            var isDurable = syncs.Any(sync => sync.Path == folder && sync.Start >= change.End);
            if (!isDurable && !Survives(survival, random)) continue;
            if (change.IsRemoved) files.Remove(change.Path);
            else files[change.Path] = change.File;
        }

        Directory.CreateDirectory(target);
        // Folders first: a name in a folder that is not there is not there either.
        foreach (var (path, file) in files.OrderBy(entry => entry.Key.Length))
        {
            var to = Path.Combine(target, Path.GetRelativePath(_root, path));
            if (!Directory.Exists(Path.GetDirectoryName(to))) continue;
            if (file is null) Directory.CreateDirectory(to);
            else Write(to, file, at, survival, random, [.. syncs.Where(sync => sync.File == file)]);
        }
    }

    private static void Write(string to, StoredFile file, int at, Survival survival, Random random, List<Sync> syncs)
    {
        using var stream = File.Create(to);
        foreach (var write in file.Writes.Where(write => write.End <= at))
        {
            var bytes = write.Bytes.AsSpan();
            if (!syncs.Any(sync => sync.Start >= write.End))
            {
                if (!Survives(survival, random)) continue;
                // A write may be torn between two sectors.
                if (survival == Survival.Some && bytes.Length > SectorBytes && random.Next(2) == 0)
                    bytes = bytes[..(random.Next(bytes.Length / SectorBytes) * SectorBytes)];
            }

            if (write.IsTruncation) stream.SetLength(write.Offset);
            stream.Position = write.Offset;
            stream.Write(bytes);
        }
    }

    private static bool Survives(Survival survival, Random random) =>
        survival == Survival.Most || (survival == Survival.Some && random.Next(2) == 0);

    private void Add(SystemCall call, Dictionary<string, StoredFile> current)
    {
        var (start, end, arguments) = (call.Start, call.End, call.Arguments);
        if (PathOf(call) is not { } path) return;
        var file = current.GetValueOrDefault(path);
        switch (call.Name)
        {
            case "openat":
                if (file is not null || !arguments[2].Contains("O_CREAT", StringComparison.Ordinal)) return;
                current[path] = new StoredFile();
                _names.Add(new NameChange(end, path, current[path], IsRemoved: false));
                return;
            case "mkdir" or "mkdirat":
                _names.Add(new NameChange(end, path, null, IsRemoved: false));
                return;
            case "unlink" or "unlinkat":
                current.Remove(path);
                _names.Add(new NameChange(end, path, null, IsRemoved: true));
                return;
            case "pwrite64":
                var bytes = SystemCall.BytesOf(arguments[1]);
                Assert.True(bytes.Length >= call.Result, "strace cut a string off");
                file?.Writes.Add(new FileWrite(
                    end, long.Parse(arguments[3], CultureInfo.InvariantCulture), bytes[..(int)call.Result],
                    IsTruncation: false));
                return;
            case "ftruncate":
                file?.Writes.Add(new FileWrite(
                    end, long.Parse(arguments[1], CultureInfo.InvariantCulture), [], IsTruncation: true));
                return;
            case "fsync" or "fdatasync":
                _syncs.Add(new Sync(start, end, path, file));
                return;
            default:
                Assert.Fail($"{call.Name} is not played");
                return;
        }
    }

    /// <summary>The path below the root that a call is about, or null.</summary>
    private string? PathOf(SystemCall call)
    {
        if (call.Name is "sendto" or "sendmsg") return null;
        var named = call.Arguments.LastOrDefault(argument => argument.StartsWith('"'));
        var path = call.Name is "pwrite64" or "ftruncate" or "fsync" or "fdatasync"
            ? SystemCall.PathOf(call.Arguments[0])
            : Encoding.UTF8.GetString(SystemCall.BytesOf(named!));
        return Below(path);
    }

    // What SQLite keeps in shared memory, locks and sockets end with the process.
    private string? Below(string path) =>
        path == _root || (path.StartsWith(_root + "/", StringComparison.Ordinal)
            && !path.EndsWith("-shm", StringComparison.Ordinal) && !path.EndsWith(".lock", StringComparison.Ordinal))
            ? path
            : null;

    private sealed class StoredFile
    {
        public List<FileWrite> Writes { get; } = [];
    }

    private sealed record NameChange(int End, string Path, StoredFile? File, bool IsRemoved);

    private sealed record FileWrite(int End, long Offset, byte[] Bytes, bool IsTruncation);

    private sealed record Sync(int Start, int End, string Path, StoredFile? File);
}
