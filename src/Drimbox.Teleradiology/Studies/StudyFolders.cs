using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Storage;

namespace Drimbox.Teleradiology.Studies;

/// <summary>Where the fetched instances lie: <c>studies/STUDY/INSTANCE.dcm</c> in the folder of the store. UIDs hold
/// digits and dots only, so they are safe as names (attack A8).</summary>
internal sealed class StudyFolders
{
    private readonly string _root;
    private readonly string _incoming;
    private readonly IIdSource _ids;

    private StudyFolders(string root, Disk disk, IIdSource ids)
    {
        _root = root;
        _incoming = Path.Combine(root, "incoming");
        _ids = ids;
        Disk = disk;
    }

    public Disk Disk { get; }

    /// <summary>Opens <c>studies/</c>, and removes what a crash left unfinished there.</summary>
    /// <param name="isShared">Other processes have the folder too: what is unfinished there may be at work.</param>
    public static StudyFolders Open(string nodeFolder, Disk disk, IIdSource ids, bool isShared)
    {
        var folders = new StudyFolders(Path.Combine(nodeFolder, "studies"), disk, ids);
        disk.EnsureDirectory(folders._root);
        disk.EnsureDirectory(folders._incoming);
        // Without its final name no instance was acknowledged: the archive sends it again.
        if (!isShared) foreach (var leftover in disk.EnumerateFiles(folders._incoming)) disk.Unlink(leftover);
        return folders;
    }

    /// <summary>A file to write an instance to, until it gets its final name.</summary>
    public DiskFile Create() => Disk.Create(NewPath());

    /// <inheritdoc cref="ObjectStore.SweepIncoming"/>
    public int SweepIncoming(TimeSpan age) => IncomingFiles.Sweep(Disk, NewPath(), age);

    /// <summary>Makes a whole, fsynced file the instance of its name. A former one gives way: the archive knows best.
    /// </summary>
    public void Keep(string path, Uid study, Uid instance)
    {
        var folder = Path.Combine(_root, study.ToString());
        Disk.MakeDirectory(folder);
        Disk.Rename(path, Path.Combine(folder, $"{instance}.dcm"));
    }

    private string NewPath() => Path.Combine(_incoming, _ids.NewUuid());
}
