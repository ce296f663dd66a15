using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Drimbox.Core;

namespace Drimbox.Source.Transfer;

/// <summary>The files of one study.</summary>
/// <param name="Files">Names in the folder, each with the SHA-256 that it should have; null where no list says
/// so.</param>
internal sealed record ImportGroup(string Folder, IReadOnlyList<(string Name, string? Sha256)> Files);

/// <summary>What an export is read from: a folder or a zip file. Nothing outside of it is ever read, whatever its list
/// of files says.</summary>
internal abstract partial class ImportSource : IDisposable
{
    /// <exception cref="TransferException">There is no such folder or file, or no export in it.</exception>
    public static ImportSource Open(string path)
    {
        if (Directory.Exists(path)) return new Folder(path);
        if (!File.Exists(path)) throw new TransferException($"There is no folder or file '{path}'.");
        try
        {
            return new ZipFile(path);
        }
        catch (InvalidDataException)
        {
            throw new TransferException($"'{path}' is no zip file.");
        }
    }

    /// <summary>The studies in the order of the list of files; without a list those of the folders of facts 2.2, which
    /// other products write without one.</summary>
    /// <exception cref="TransferException">There is neither.</exception>
    public async IAsyncEnumerable<ImportGroup> GroupsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (OpenRead(ExportTarget.Sums) is not { } list)
        {
            if ((OpenRead(ManifestExport.Marker) ?? OpenRead(ExportTarget.Sums + ".part")) is { } begun)
            {
                await begun.DisposeAsync();
                throw new TransferException(
                    $"{ExportTarget.Sums} is missing: the export was not finished. Export again to the same folder.");
            }

            var groups = SubmissionSets().Order(StringComparer.Ordinal).ToList();
            if (groups.Count == 0)
            {
                throw new TransferException(
                    $"There is no {ExportTarget.Sums}, and no folder KAyyyyMM/IHE_XDM/SSnnnnnn.");
            }

            foreach (var folder in groups)
                yield return new ImportGroup(
                    folder, [.. NamesIn(folder).Take(Limits.TransferFilesMax).Select(n => (n, (string?)null))]);
            yield break;
        }

        using var reader = new StreamReader(list);
        var folderNow = "";
        var files = new List<(string, string?)>();
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith('#') || !Entry().IsMatch(line)) continue;
            var (sha256, name) = (line[..64], line[66..]);
            var slash = name.LastIndexOf('/');
            var folder = slash < 0 ? "" : name[..slash];
            if (!StudyFolder().IsMatch(folder)) continue;
            if (folder != folderNow)
            {
                if (files.Count > 0) yield return new ImportGroup(folderNow, files);
                (folderNow, files) = (folder, []);
            }

            if (files.Count < Limits.TransferFilesMax) files.Add((name[(slash + 1)..], sha256));
        }

        if (files.Count > 0) yield return new ImportGroup(folderNow, files);
    }

    /// <summary>The bytes of a file; null if it is missing or longer.</summary>
    public async Task<byte[]?> TryReadAsync(string name, int bytesMax, CancellationToken cancellationToken)
    {
        await using var stream = OpenRead(name);
        if (stream is null) return null;
        using var bytes = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (bytes.Length + read > bytesMax) return null;
            await bytes.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        return bytes.ToArray();
    }

    public virtual void Dispose()
    {
    }

    /// <returns>Null without such a file.</returns>
    protected abstract Stream? OpenRead(string name);

    protected abstract IEnumerable<string> SubmissionSets();

    protected abstract IEnumerable<string> NamesIn(string folder);

    // sha256sum(1): 64 digits, two spaces or a space and an asterisk, the name. No name leads out of the folder.
    [GeneratedRegex(
        @"\A[0-9a-f]{64} [ *](?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\z",
        RegexOptions.NonBacktracking)]
    private static partial Regex Entry();

    [GeneratedRegex(@"\A(?:documents|studies/[0-9.]+|KA[0-9]{6}/IHE_XDM/[A-Za-z0-9_]+)\z", RegexOptions.NonBacktracking)]
    private static partial Regex StudyFolder();

    private sealed class Folder(string root) : ImportSource
    {
        protected override Stream? OpenRead(string name)
        {
            var file = new FileInfo(Path.Combine(root, name));
            // A link leads out of the folder.
            return file is { Exists: true, LinkTarget: null } ? file.OpenRead() : null;
        }

        protected override IEnumerable<string> SubmissionSets() =>
            Directory.EnumerateDirectories(
                root, "*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 3 })
                .Select(path => Path.GetRelativePath(root, path)).Where(path => StudyFolder().IsMatch(path));

        protected override IEnumerable<string> NamesIn(string folder) =>
            Directory.EnumerateFiles(Path.Combine(root, folder)).Select(path => Path.GetFileName(path)!);
    }

    private sealed class ZipFile(string path) : ImportSource
    {
        private readonly ZipArchive _zip = System.IO.Compression.ZipFile.OpenRead(path);

        public override void Dispose()
        {
            base.Dispose();
            _zip.Dispose();
        }

        protected override Stream? OpenRead(string name) => _zip.GetEntry(name)?.Open();

        protected override IEnumerable<string> SubmissionSets() => _zip.Entries
            .Select(e => e.FullName.LastIndexOf('/') is > 0 and var slash ? e.FullName[..slash] : "")
            .Where(folder => StudyFolder().IsMatch(folder)).Distinct(StringComparer.Ordinal);

        protected override IEnumerable<string> NamesIn(string folder) => _zip.Entries
            .Where(e => e.FullName.StartsWith(folder + "/", StringComparison.Ordinal)).Select(e => e.Name)
            .Where(name => name.Length > 0);
    }
}
