using System.Text;
using Drimbox.Core.Identity;

namespace Drimbox.Dicom;

/// <summary>A row of PS3.6 table A-1.</summary>
/// <param name="Kind">UID type: <c>SOP Class</c>, <c>Transfer Syntax</c>, <c>Well-known SOP Instance</c>…</param>
/// <param name="IsStorage">A SOP class whose instances C-STORE carries (PS3.4 B.5 and GG.3).</param>
public readonly record struct UidEntry(
    Uid Uid, string Keyword, string Name, string Kind, bool IsStorage, bool IsRetired);

/// <summary>The registry of DICOM UIDs, PS3.6 table A-1, searched in place.</summary>
public static class UidRegistry
{
    public static int Count => UidTables.RowStart.Length - 1;

    public static bool TryFind(Uid uid, out UidEntry entry)
    {
        var text = uid.ToString();
        Span<byte> wanted = stackalloc byte[text.Length];
        Encoding.ASCII.GetBytes(text, wanted);
        int low = 0, high = Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var row = Row(middle);
            var order = wanted.SequenceCompareTo(row[..row.IndexOf((byte)'|')]);
            if (order == 0)
            {
                entry = Parse(row);
                return true;
            }

            if (order < 0) high = middle - 1;
            else low = middle + 1;
        }

        entry = default;
        return false;
    }

    /// <summary>The name of a UID in PS3.6, or the UID itself.</summary>
    public static string NameOf(Uid uid) => TryFind(uid, out var entry) ? entry.Name : uid.ToString();

    /// <summary>Storage SOP classes, retired ones only if asked for, in the order of their UIDs.</summary>
    public static IEnumerable<UidEntry> StorageSopClasses(bool withRetired = false)
    {
        for (var i = 0; i < Count; i++)
        {
            var entry = Parse(Row(i));
            if (entry.IsStorage && (withRetired || !entry.IsRetired)) yield return entry;
        }
    }

    /// <summary>All SOP classes, retired ones too, in the order of their UIDs.</summary>
    public static IEnumerable<Uid> SopClasses()
    {
        for (var i = 0; i < Count; i++)
        {
            if (Parse(Row(i)) is { Kind: "SOP Class" } entry) yield return entry.Uid;
        }
    }

    private static ReadOnlySpan<byte> Row(int index) =>
        UidTables.Rows[UidTables.RowStart[index]..(UidTables.RowStart[index + 1] - 1)];

    private static UidEntry Parse(ReadOnlySpan<byte> row)
    {
        var fields = Encoding.UTF8.GetString(row).Split('|');
        return new UidEntry(
            Uid.Parse(fields[0]), fields[1], fields[4], UidTables.Kinds[int.Parse(fields[2])],
            fields[3].Contains('S', StringComparison.Ordinal), fields[3].Contains('R', StringComparison.Ordinal));
    }
}
