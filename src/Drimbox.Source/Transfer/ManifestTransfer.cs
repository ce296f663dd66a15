using Drimbox.Core;
using Drimbox.Core.Identity;

namespace Drimbox.Source.Transfer;

/// <summary>How what leaves a source is laid out.</summary>
public enum TransferLayout
{
    /// <summary>Everything, with the history of each study: <c>studies/UID/</c>. What it holds goes on where it was.
    /// </summary>
    Drimbox,

    /// <summary>What is in the DMP now, in the folders of the national proof of concept (facts 2.2):
    /// <c>KAyyyyMM/IHE_XDM/SS000001/</c>. For other DRIMboxes.</summary>
    Xdm,
}

/// <summary>What is written out (DB.SO.29).</summary>
/// <param name="Path">A folder, new, empty or with an unfinished export of the same order; or a new file that ends in
/// .zip. A full path.</param>
/// <param name="From">First day of the newest manifest of a study, at the site; null: from the first.</param>
/// <param name="To">Last day, inclusive; null: to the last.</param>
/// <param name="Study">That study alone, or null.</param>
public sealed record ExportOrder(
    string Path,
    TransferLayout Layout = TransferLayout.Drimbox,
    DateOnly? From = null,
    DateOnly? To = null,
    Uid? Study = null)
{
    /// <summary>What must be the same for an export to be gone on with.</summary>
    internal string Signature =>
        FormattableString.Invariant($"{Layout} {From:yyyyMMdd}-{To:yyyyMMdd} {Study}").TrimEnd();
}

/// <summary>How far an export or import is. Read while it runs.</summary>
public sealed class TransferCount
{
    private readonly Lock _gate = new();
    private readonly List<string> _problems = [];
    private long _studies;
    private long _files;
    private long _bytes;
    private long _unchanged;
    private long _refused;

    /// <summary>Written out, or taken over.</summary>
    public long Studies => Interlocked.Read(ref _studies);

    public long Files => Interlocked.Read(ref _files);

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Of an import: known already; of an export that is gone on with: written before.</summary>
    public long Unchanged => Interlocked.Read(ref _unchanged);

    /// <summary>Not written or taken over: see <see cref="Problems"/>.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>A sentence for each of the first <see cref="Limits.TransferProblemsMax"/> that were refused.</summary>
    public IReadOnlyList<string> Problems
    {
        get
        {
            lock (_gate) return [.. _problems];
        }
    }

    internal void Done() => Interlocked.Increment(ref _studies);

    internal void Skipped() => Interlocked.Increment(ref _unchanged);

    internal void File(long bytes)
    {
        Interlocked.Increment(ref _files);
        Interlocked.Add(ref _bytes, bytes);
    }

    internal void Refuse(string where, string why)
    {
        Interlocked.Increment(ref _refused);
        lock (_gate)
        {
            if (_problems.Count < Limits.TransferProblemsMax) _problems.Add($"{where}: {why}");
        }
    }
}

/// <summary>An export cannot be written, or what is there is none.</summary>
public sealed class TransferException(string message) : IOException(message);
