using System.Globalization;
using Drimbox.Core.Archive;

namespace Drimbox.Archive;

/// <summary>What the name of a file of the archive tells.</summary>
/// <param name="ReceivedAt">Null for the names of others.</param>
/// <param name="Version">0: nothing was decided about it, as for a first arrival.</param>
/// <param name="WasHidden">A rejection note hid its instance before it got this name.</param>
internal readonly record struct FileRole(
    DateTimeOffset? ReceivedAt, int Version = 0, bool WasHidden = false, QuarantineReason Quarantine = default);

/// <summary>
/// The names of the files of an archive, from which its index can be made again (docs/adr/0017). None holds anything
/// of a peer.
/// <code>
/// instances/000007/1790000000123456-0f8fad5b-….dcm        the first arrival under its UID
/// instances/000007/1790000000223456-7c9e6679-….v2.dcm     version 2 of its instance; others of it are its renditions
/// instances/000007/1790000000323456-16fd2706-….v3h.dcm    the same, of an instance that a note had hidden
/// aside/1790000000423456-886313e1-….otherpatient.dcm      quarantined, and why
/// </code>
/// The number in front is the time of arrival in microseconds, made to grow within a folder.
/// </summary>
internal static class FileNames
{
    private const string Extension = ".dcm";
    private const int StampDigits = 16;

    public static string Arrival(string folder, long stamp, string uuid) => $"{folder}/{stamp:D16}-{uuid}{Extension}";

    /// <summary>The name of a file that is of a version, in the folder where it lies.</summary>
    public static string OfVersion(string name, int version, bool isHidden) =>
        $"{Path.GetDirectoryName(name)}/{BaseOf(name)}.v{version.ToString(CultureInfo.InvariantCulture)}"
        + (isHidden ? "h" : "") + Extension;

    public static string OfQuarantine(string folder, string name, QuarantineReason reason) =>
        $"{folder}/{BaseOf(name)}.{reason.ToString().ToLowerInvariant()}{Extension}";

    /// <summary>A new name in another folder that keeps the time of arrival.</summary>
    public static string Copy(string name, string folder, string uuid) =>
        RoleOf(name).ReceivedAt is { } at
            ? Arrival(folder, StampOf(at), uuid)
            : $"{folder}/{uuid}{Extension}";

    public static long StampOf(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10;

    public static DateTimeOffset TimeOf(long stamp) =>
        new(DateTimeOffset.UnixEpoch.Ticks + (stamp * 10), TimeSpan.Zero);

    public static FileRole RoleOf(string name)
    {
        var parts = Path.GetFileName(name).Split('.');
        var role = new FileRole(
            parts[0].Length > StampDigits && parts[0][StampDigits] == '-'
                && long.TryParse(parts[0][..StampDigits], NumberStyles.None, CultureInfo.InvariantCulture, out var stamp)
                ? TimeOf(stamp)
                : null);
        if (parts.Length != 3) return role;
        var isHidden = parts[1].EndsWith('h');
        if (parts[1].StartsWith('v')
            && int.TryParse(parts[1].AsSpan(1).TrimEnd('h'), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
            return role with { Version = version, WasHidden = isHidden };
        return Enum.TryParse<QuarantineReason>(parts[1], ignoreCase: true, out var reason)
            ? role with { Quarantine = reason }
            : role;
    }

    private static string BaseOf(string name) => Path.GetFileName(name).Split('.')[0];
}
