using System.Globalization;
using Drimbox.Core;

namespace Drimbox.Dicom.Scp;

/// <summary>How many connections and associations an acceptor takes so that the process never runs out of descriptors
/// (attack A24): a runtime that cannot open a file may end the process ("Out of memory"), so the last descriptors must
/// be out of a peer's reach. With the usual limits of thousands nothing changes.</summary>
/// <param name="Associations">At once, each with a socket and a file being written.</param>
/// <param name="Pending">Connections without an association.</param>
internal readonly record struct DescriptorShare(int Associations, int Pending)
{
    /// <summary>Everything that the options ask for.</summary>
    public static DescriptorShare Whole(AcceptorOptions options) =>
        new(options.AssociationsMax, Limits.ConnectionsPendingMax);

    /// <summary>What the limit of this process allows now.</summary>
    public static DescriptorShare OfThisProcess(AcceptorOptions options)
    {
        try
        {
            // Linux, proc(5): "Max open files            1024                 524288               files".
            var line = File.ReadLines("/proc/self/limits")
                .FirstOrDefault(text => text.StartsWith("Max open files", StringComparison.Ordinal));
            var soft = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
            return int.TryParse(soft, CultureInfo.InvariantCulture, out var limit)
                ? Of(options, limit, Directory.GetFiles("/proc/self/fd").Length)
                : Whole(options);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Whole(options);
        }
    }

    /// <param name="limit">Descriptors that the process may have open.</param>
    /// <param name="used">Those that it has open before the first connection.</param>
    public static DescriptorShare Of(AcceptorOptions options, int limit, int used)
    {
        var free = Math.Max(0, limit - used - Limits.DescriptorsReserved) / Limits.AcceptorsPerProcess;
        // A third each for pending connections, for associations and for the files that these write.
        var third = Math.Max(1, free / 3);
        return new DescriptorShare(
            Math.Min(options.AssociationsMax, third), Math.Min(Limits.ConnectionsPendingMax, third));
    }
}
