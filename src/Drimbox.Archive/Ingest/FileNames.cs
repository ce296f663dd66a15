using System.Globalization;
using Drimbox.Core.Archive;
using Drimbox.Storage;

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
/// instances/000008/1790000000523456-6ecd8c99-….v4-1790000000123456.dcm   a copy of what arrived at the second time
/// aside/1790000000423456-886313e1-….otherpatient.dcm      quarantined, and why
/// </code>
/// The number in front is the time of arrival in microseconds, or that of the copy, made to grow within a folder: the
/// order of the names is the order of what happened.
/// </summary>
internal static class FileNames
{
    private const string Extension = ".dcm";

    public static string Arrival(string folder, long stamp, string uuid) => $"{folder}/{stamp:D16}-{uuid}{Extension}";

    /// <summary>The name of a file that is of a version, in the folder where it lies.</summary>
    /// <param name="receivedAt">Where it is a copy, of what arrived then.</param>
    public static string OfVersion(string name, int version, bool isHidden, DateTimeOffset? receivedAt = null) =>
        $"{Path.GetDirectoryName(name)}/{BaseOf(name)}.v{version.ToString(CultureInfo.InvariantCulture)}"
        + (isHidden ? "h" : "") + (receivedAt is { } at ? $"-{FileStamp.Of(at):D16}" : "") + Extension;

    public static string OfQuarantine(string folder, string name, QuarantineReason reason) =>
        $"{folder}/{BaseOf(name)}.{reason.ToString().ToLowerInvariant()}{Extension}";

    public static FileRole RoleOf(string name)
    {
        var parts = Path.GetFileName(name).Split('.');
        var role = new FileRole(FileStamp.Of(name));
        if (parts.Length != 3) return role;
        var (what, original) = parts[1].Split('-') is [var first, .. var rest] ? (first, rest) : ("", []);
        if (what.StartsWith('v')
            && int.TryParse(what.AsSpan(1).TrimEnd('h'), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            return new FileRole(
                original.Length == 1 ? FileStamp.TimeOf(original[0]) : role.ReceivedAt, version, WasHidden: what.EndsWith('h'));
        }

        return Enum.TryParse<QuarantineReason>(what, ignoreCase: true, out var reason)
            ? role with { Quarantine = reason }
            : role;
    }

    private static string BaseOf(string name) => Path.GetFileName(name).Split('.')[0];
}
