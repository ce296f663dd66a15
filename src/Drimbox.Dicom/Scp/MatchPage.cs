using System.Runtime.CompilerServices;

namespace Drimbox.Dicom.Scp;

/// <summary>Some matches of a C-FIND that their SCP writes itself, without a data set for each; they are sent
/// together.</summary>
public abstract class MatchPage
{
    public abstract int Count { get; }

    /// <summary>No page follows: the final response goes with it.</summary>
    public abstract bool IsLast { get; }

    /// <summary>Writes the identifier of a match: its elements in the order of their tags, Specific Character Set
    /// first (PS3.4 C.4.1.1.3.2).</summary>
    public abstract void Write(int index, MatchWriter writer);

    /// <summary>The matches as data sets, for who looks at them.</summary>
    internal static async IAsyncEnumerable<DataSet> ReadAsync(
        IAsyncEnumerable<MatchPage> pages, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var writer = new MatchWriter(TransferSyntax.ExplicitVRLittleEndian);
        await foreach (var page in pages.WithCancellation(cancellationToken))
        {
            for (var i = 0; i < page.Count; i++)
            {
                writer.Begin();
                page.Write(i, writer);
                yield return DataSetReader.TryRead(
                    writer.Written.ToArray(), TransferSyntax.ExplicitVRLittleEndian, out _)!;
            }
        }
    }
}
