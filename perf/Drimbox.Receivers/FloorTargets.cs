using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;

namespace Drimbox.Receivers;

/// <summary>Socket to nowhere.</summary>
internal sealed class DiscardTarget : IFloorTarget
{
    public void Begin(ReadOnlySpan<byte> uid, int length)
    {
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
    }

    public void End()
    {
    }

    public void Dispose()
    {
    }
}

/// <summary>Floor A: socket to file. The message goes into a preallocated file as it came, one write a
/// receive.</summary>
internal sealed class FileTarget(string folder, bool isDurable) : IFloorTarget
{
    private SafeFileHandle? _file;
    private long _written;

    public string Name { get; private set; } = "";

    public void Begin(ReadOnlySpan<byte> uid, int length)
    {
        Name = Encoding.ASCII.GetString(uid);
        _file = File.OpenHandle(
            Path.Combine(folder, Name), FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite,
            preallocationSize: length);
        _written = 0;
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(_file!, bytes, _written);
        _written += bytes.Length;
    }

    public void End()
    {
        if (isDurable) RandomAccess.FlushToDisk(_file!);
        _file!.Dispose();
        _file = null;
    }

    public void Dispose() => _file?.Dispose();
}

/// <summary>Floor B: floor A, then fsync of the file and of its directory, and one commit an instance.</summary>
internal sealed class IndexedTarget(string folder, FloorIndex index) : IFloorTarget
{
    private readonly FileTarget _file = new(folder, isDurable: true);

    public void Begin(ReadOnlySpan<byte> uid, int length) => _file.Begin(uid, length);

    public void Write(ReadOnlySpan<byte> bytes) => _file.Write(bytes);

    public void End()
    {
        _file.End();
        SyncDirectory(folder);
        index.Insert(_file.Name);
    }

    public void Dispose() => _file.Dispose();

    private static void SyncDirectory(string folder)
    {
        // open(2) with O_DIRECTORY, which File.OpenHandle does not offer.
        const int ReadOnlyDirectory = 0x10000;
        using var handle = new SafeFileHandle(open(folder, ReadOnlyDirectory), ownsHandle: true);
        if (handle.IsInvalid || fsync(handle) != 0)
            throw new IOException($"fsync of the folder failed: error {Marshal.GetLastPInvokeError()}.");
    }

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int fsync(SafeFileHandle handle);
}

/// <summary>One SQLite database, synchronous=FULL, one row and one commit an instance.</summary>
internal sealed class FloorIndex : IDisposable
{
    private readonly Lock _turn = new();
    private readonly SqliteConnection _database;
    private readonly SqliteCommand _insert;
    private readonly SqliteParameter _uid;

    public FloorIndex(string folder)
    {
        _database = new SqliteConnection($"Data Source={Path.Combine(folder, "floor.db")}");
        _database.Open();
        using var create = _database.CreateCommand();
        create.CommandText =
            """
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            CREATE TABLE instance (sop_instance_uid TEXT PRIMARY KEY) WITHOUT ROWID;
            """;
        create.ExecuteNonQuery();
        _insert = _database.CreateCommand();
        _insert.CommandText = "INSERT INTO instance VALUES ($uid)";
        _uid = _insert.Parameters.Add("$uid", SqliteType.Text);
        _insert.Prepare();
    }

    public void Insert(string uid)
    {
        lock (_turn)
        {
            _uid.Value = uid;
            _insert.ExecuteNonQuery();
        }
    }

    public void Dispose()
    {
        _insert.Dispose();
        _database.Dispose();
    }
}
