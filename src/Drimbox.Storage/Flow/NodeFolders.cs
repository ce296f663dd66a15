using Drimbox.Core;

namespace Drimbox.Storage;

/// <summary>Where a node keeps its files.</summary>
/// <param name="Own">What this process alone needs, as spools: <c>DATA/NODE</c>.</param>
/// <param name="Store">What its database refers to.</param>
/// <param name="IsShared">Other processes have <paramref name="Store"/> too; else it is <paramref name="Own"/>.</param>
public sealed record NodeFolders(string Own, string Store, bool IsShared)
{
    /// <summary>Where the objects are that processes share, if not in <see cref="Store"/>. The flow that is opened with it
    /// disposes it.</summary>
    public ObjectBucket? Bucket { get; private init; }

    /// <exception cref="StorageFaultException">The keys of a bucket cannot be read.</exception>
    public static NodeFolders Of(string dataFolder, string node, DatabaseOptions? database)
    {
        var own = Path.Combine(dataFolder, node);
        return database?.SharedFolder is { } shared
            ? new NodeFolders(own, Path.GetFullPath(shared), IsShared: true)
            : new NodeFolders(own, own, IsShared: false)
            {
                Bucket = database?.Bucket is { } bucket ? new ObjectBucket(bucket) : null,
            };
    }

    /// <summary>The objects of the node.</summary>
    public ObjectStore OpenObjects(Disk disk, IIdSource ids) =>
        Bucket?.Open(Own, disk, ids) ?? ObjectStore.Open(Store, disk, ids, IsShared);
}
