using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Drimbox.Core.Identity;
using Drimbox.Storage;

namespace Drimbox.Source.Transfer;

/// <summary>Where an export is written: a folder, or a zip file. Each file is entered into <c>SHA256SUMS</c> in the
/// form of sha256sum(1), with a comment after each study; the file has that name only once all is written. A folder
/// whose export was cut off is gone on with after the last whole study.</summary>
internal abstract class ExportTarget : IDisposable
{
    public const string Sums = "SHA256SUMS";

    private const string OrderMark = "# drimbox export ";
    private const string StudyMark = "# study ";

    private readonly string _part;
    private readonly FileStream _sums;

    private ExportTarget(string part, string order)
    {
        _part = part;
        var kept = Resume(part, order);
        _sums = OpenFile(part, FileMode.OpenOrCreate);
        _sums.SetLength(kept);
        _sums.Position = kept;
        if (kept == 0) Append(OrderMark + order);
    }

    /// <summary>The last study that was written by an export which was cut off, or null.</summary>
    public Uid? LastStudy { get; private set; }

    /// <summary>The names of the files that an export which was cut off had written in its last folders: the newest of
    /// each first component.</summary>
    public Dictionary<string, string> LastFiles { get; } = new(StringComparer.Ordinal);

    /// <exception cref="TransferException">Something else is there, or an export of another order.</exception>
    public static ExportTarget Open(string path, string order)
    {
        if (path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
        {
            if (File.Exists(path)) throw new TransferException($"'{path}' is there already.");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return new ZipFile(path, order);
        }

        var isBegun = File.Exists(PartOf(path));
        if (Directory.Exists(path) && !isBegun && Directory.EnumerateFileSystemEntries(path).Any())
            throw new TransferException($"The folder '{path}' is not empty, and holds no unfinished export.");
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new Folder(path, order);
    }

    public async Task WriteAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await PutAsync(name, bytes, cancellationToken);
        Append($"{Convert.ToHexStringLower(SHA256.HashData(bytes.Span))}  {name}");
    }

    /// <summary>The files of a study are all written: an export that is cut off from now on goes on behind
    /// it.</summary>
    public void EndStudy(Uid study)
    {
        Append(StudyMark + study);
        _sums.Flush(flushToDisk: true);
    }

    /// <summary>All is written.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        _sums.Flush(flushToDisk: true);
        await _sums.DisposeAsync();
        await FinishAsync(_part, cancellationToken);
    }

    public virtual void Dispose() => _sums.Dispose();

    protected abstract Task PutAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    protected abstract Task FinishAsync(string part, CancellationToken cancellationToken);

    // What is written names patients.
    private static FileStream OpenFile(string path, FileMode mode) => new(path, new FileStreamOptions
    {
        Mode = mode,
        Access = FileAccess.Write,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    });

    private static string PartOf(string folder) => Path.Combine(folder, Sums + ".part");

    /// <returns>How many bytes of the list are those of whole studies.</returns>
    private long Resume(string part, string order)
    {
        if (!File.Exists(part)) return 0;
        long kept = 0, position = 0;
        var length = new FileInfo(part).Length;
        var pending = new List<string>();
        foreach (var line in File.ReadLines(part))
        {
            position += Encoding.UTF8.GetByteCount(line) + 1;
            // The last line may be half of one.
            if (position > length) break;
            if (line.StartsWith(OrderMark, StringComparison.Ordinal))
            {
                if (line[OrderMark.Length..] != order)
                    throw new TransferException("The folder holds an unfinished export of another order.");
                kept = position;
            }
            else if (line.StartsWith(StudyMark, StringComparison.Ordinal)
                && Uid.TryParse(line[StudyMark.Length..], out var study))
            {
                (kept, LastStudy) = (position, study);
                foreach (var name in pending) LastFiles[name.Split('/')[0]] = name;
                pending.Clear();
            }
            else if (line.Length > 66)
            {
                pending.Add(line[66..]);
            }
        }

        return kept;
    }

    private void Append(string line) => _sums.Write(Encoding.UTF8.GetBytes(line + "\n"));

    private sealed class Folder(string root, string order) : ExportTarget(PartOf(root), order)
    {
        protected override Task PutAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        {
            var path = Path.Combine(root, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            // What an export that was cut off had written behind its last whole study.
            Disk.Real.TryUnlink(path);
            using var file = Disk.Real.Create(path);
            file.Write(bytes.Span);
            file.Sync();
            return Task.CompletedTask;
        }

        protected override Task FinishAsync(string part, CancellationToken cancellationToken)
        {
            Disk.Real.Rename(part, Path.Combine(root, Sums));
            Disk.Real.SyncDirectory(root);
            return Task.CompletedTask;
        }
    }

    private sealed class ZipFile : ExportTarget
    {
        private readonly string _path;
        private readonly ZipArchive _zip;
        private bool _isWhole;

        public ZipFile(string path, string order)
            : base(Fresh(path), order)
        {
            _path = path;
            _zip = new ZipArchive(OpenFile(path, FileMode.CreateNew), ZipArchiveMode.Create);
        }

        public override void Dispose()
        {
            base.Dispose();
            _zip.Dispose();
            Disk.Real.TryUnlink(_part);
            // It cannot be gone on with.
            if (!_isWhole) Disk.Real.TryUnlink(_path);
        }

        protected override async Task PutAsync(
            string name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        {
            await using var entry = await _zip.CreateEntry(name).OpenAsync(cancellationToken);
            await entry.WriteAsync(bytes, cancellationToken);
        }

        protected override async Task FinishAsync(string part, CancellationToken cancellationToken)
        {
            await using var entry = await _zip.CreateEntry(Sums).OpenAsync(cancellationToken);
            await using var sums = File.OpenRead(part);
            await sums.CopyToAsync(entry, cancellationToken);
            _isWhole = true;
        }

        private static string Fresh(string path)
        {
            Disk.Real.TryUnlink(path + ".sums");
            return path + ".sums";
        }
    }
}
