using System.Globalization;
using Drimbox.Core;
using Drimbox.Core.Archive;
using Drimbox.Dicom.Dimse;
using Drimbox.Storage;

namespace Drimbox.Archive;

/// <summary>Where the files of a node lie: <c>instances/000001/</c> and so on, filled one after the other so that
/// instances which complete together share the fsync of one folder; <c>aside/</c> for what is in quarantine;
/// <c>damaged/</c> for what a start found to be other bytes than were stored. Names are ours
/// (<see cref="FileNames"/>); nothing of an object becomes part of a path (attack A8).</summary>
internal sealed class InstanceFolders
{
    private const string AsideFolder = "aside";

    private readonly Lock _gate = new();
    private readonly ArchiveSurroundings _surroundings;
    private readonly string _root;
    private readonly string _instances;
    private readonly string _aside;
    private int _number;
    private long _stamp;
    private int _count;
    private string _current = "";

    private InstanceFolders(string nodeFolder, ArchiveSurroundings surroundings)
    {
        _surroundings = surroundings;
        _root = nodeFolder;
        _instances = Path.Combine(nodeFolder, "instances");
        _aside = Path.Combine(nodeFolder, AsideFolder);
        Damaged = Path.Combine(nodeFolder, "damaged");
    }

    /// <summary>Where files go that are no longer what was stored; not there before the first of them.</summary>
    public string Damaged { get; }

    /// <summary>Opens the folders of a node, and begins a new one: which files a crash left in the last is then no
    /// question of timing.</summary>
    public static InstanceFolders Open(string nodeFolder, ArchiveSurroundings surroundings)
    {
        var folders = new InstanceFolders(nodeFolder, surroundings);
        surroundings.Disk.EnsureDirectory(folders._instances);
        surroundings.Disk.EnsureDirectory(folders._aside);
        foreach (var folder in surroundings.Disk.EnumerateDirectories(folders._instances))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                folders._number = Math.Max(folders._number, number);
        }

        folders.BeginNext();
        return folders;
    }

    /// <summary>A new name, relative to the folder of the node. Folders and the numbers in front of the names within
    /// one grow with the calls.</summary>
    /// <param name="receivedAt">The time that the name tells.</param>
    public string NewName(out DateTimeOffset receivedAt)
    {
        var now = FileStamp.Of(_surroundings.Time.GetUtcNow());
        var uuid = _surroundings.Ids.NewUuid();
        lock (_gate)
        {
            if (_count == Limits.FilesPerFolderMax) BeginNext();
            _count++;
            // Also where the clock is put back.
            _stamp = Math.Max(_stamp + 1, now);
            receivedAt = FileStamp.TimeOf(_stamp);
            return FileNames.Arrival(_current, _stamp, uuid);
        }
    }

    /// <summary>The name of a file for the quarantine.</summary>
    public static string QuarantineName(string name, QuarantineReason reason) =>
        FileNames.OfQuarantine(AsideFolder, name, reason);

    public string PathOf(string name) => Path.Combine(_root, name);

    /// <summary>True if the file is, read from its first byte to its last, what was stored.</summary>
    /// <exception cref="IOException">It cannot be read, which says nothing of its bytes.</exception>
    public bool IsWhole(InstanceFile file)
    {
        var path = PathOf(file.FileName);
        if (_surroundings.Disk.FileLength(path) != file.Length) return false;
        using var stream = _surroundings.Disk.OpenRead(path);
        return FileDigest.Of(stream) == file.Digest;
    }

    /// <summary>An instance to send, in any of its renditions.</summary>
    public InstanceSource SourceOf(IndexedInstance instance) => InstanceSource.FromPart10File(
        PathOf(instance.File.FileName), instance.SopClassUid, instance.SopInstanceUid, instance.TransferSyntaxUid,
        instance.Renditions.Count == 0
            ? null
            : [.. instance.Renditions.Select(rendition => InstanceSource.FromPart10File(
                PathOf(rendition.File.FileName), rendition.SopClassUid, instance.SopInstanceUid,
                rendition.TransferSyntaxUid))]);

    /// <summary>Every file of every folder of instances, by its relative name.</summary>
    public IEnumerable<string> Files() => Files(_surroundings.Disk, _root);

    /// <inheritdoc cref="Files()"/>
    public static IEnumerable<string> Files(Disk disk, string nodeFolder)
    {
        var instances = Path.Combine(nodeFolder, "instances");
        if (!disk.DirectoryExists(instances)) yield break;
        foreach (var folder in disk.EnumerateDirectories(instances))
        {
            foreach (var file in disk.EnumerateFiles(folder))
                yield return $"instances/{Path.GetFileName(folder)}/{Path.GetFileName(file)}";
        }
    }

    /// <summary>Every file of the quarantine, by its relative name.</summary>
    public static IEnumerable<string> AsideFiles(Disk disk, string nodeFolder)
    {
        var aside = Path.Combine(nodeFolder, AsideFolder);
        return disk.DirectoryExists(aside)
            ? disk.EnumerateFiles(aside).Select(file => $"{AsideFolder}/{Path.GetFileName(file)}")
            : [];
    }

    private void BeginNext()
    {
        string next;
        // Another process over the same folder may be faster: each has folders of its own.
        do next = $"instances/{(++_number).ToString("D6", CultureInfo.InvariantCulture)}";
        while (!_surroundings.Disk.TryMakeDirectory(PathOf(next)));
        // Only now: after a fault the next name tries again, with another folder.
        _current = next;
        _count = 0;
    }
}
