using System.Globalization;
using Drimbox.Core;

namespace Drimbox.Archive;

/// <summary>Where the files of a node lie: <c>instances/000001/</c> and so on, filled one after the other so that
/// instances which complete together share the fsync of one folder; <c>aside/</c> for what is kept but not
/// indexed. Names are ours; nothing of an object becomes part of a path (attack A8).</summary>
internal sealed class InstanceFolders
{
    private readonly Lock _gate = new();
    private readonly ArchiveSurroundings _surroundings;
    private readonly string _root;
    private readonly string _instances;
    private int _number;
    private int _count;
    private string _current = "";

    private InstanceFolders(string nodeFolder, ArchiveSurroundings surroundings)
    {
        _surroundings = surroundings;
        _root = nodeFolder;
        _instances = Path.Combine(nodeFolder, "instances");
        Aside = Path.Combine(nodeFolder, "aside");
    }

    public string Aside { get; }

    /// <summary>Opens the folders of a node, and begins a new one: which files a crash left in the last is then no
    /// question of timing.</summary>
    public static InstanceFolders Open(string nodeFolder, ArchiveSurroundings surroundings)
    {
        var folders = new InstanceFolders(nodeFolder, surroundings);
        surroundings.Disk.MakeDirectory(folders._instances);
        surroundings.Disk.MakeDirectory(folders.Aside);
        foreach (var folder in surroundings.Disk.EnumerateDirectories(folders._instances))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                folders._number = Math.Max(folders._number, number);
        }

        folders.BeginNext();
        return folders;
    }

    /// <summary>A new name, relative to the folder of the node.</summary>
    public string NewName()
    {
        lock (_gate)
        {
            if (_count++ == Limits.FilesPerFolderMax) BeginNext();
            return $"{_current}/{_surroundings.Ids.NewUuid()}.dcm";
        }
    }

    public string PathOf(string name) => Path.Combine(_root, name);

    /// <summary>Every file of every folder, by its relative name.</summary>
    public IEnumerable<string> Files()
    {
        foreach (var folder in _surroundings.Disk.EnumerateDirectories(_instances))
        {
            foreach (var file in _surroundings.Disk.EnumerateFiles(folder))
                yield return $"instances/{Path.GetFileName(folder)}/{Path.GetFileName(file)}";
        }
    }

    private void BeginNext()
    {
        _number++;
        _count = 1;
        _current = $"instances/{_number.ToString("D6", CultureInfo.InvariantCulture)}";
        _surroundings.Disk.MakeDirectory(PathOf(_current));
    }
}
