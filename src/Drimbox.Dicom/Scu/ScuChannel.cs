using System.Diagnostics.CodeAnalysis;
using System.Net;
using Drimbox.Dicom.Scp;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scu;

/// <summary>What all SCUs do with a response.</summary>
internal static class ScuChannel
{
    /// <summary>Reads the data set of a response.</summary>
    /// <exception cref="AssociationAbortedException">It cannot be read; the association is aborted.</exception>
    public static async ValueTask<DataSet> ParseAsync(
        Association association, PresentationContext context, byte[] bytes)
    {
        if (TryParse(context, bytes, out var dataSet)) return dataSet;
        await association.AbortAsync();
        throw new AssociationAbortedException("The peer sent a data set that cannot be read.");
    }

    public static bool TryParse(
        PresentationContext context, byte[]? bytes, [NotNullWhen(true)] out DataSet? dataSet)
    {
        dataSet = bytes is not null && TransferSyntax.TryFind(context.TransferSyntax, out var syntax)
            ? DataSetReader.TryRead(bytes, syntax, out _)
            : null;
        return dataSet is not null;
    }

    /// <summary>The other side, where it asks something of us.</summary>
    public static AssociationPeer PeerOf(Association association) => new(
        association.CalledAe,
        association.CallingAe,
        (association.Peer as IPEndPoint)?.Address ?? IPAddress.None);

    public static async ValueTask<AssociationAbortedException> ViolatedAsync(Association association)
    {
        await association.Provider.ViolatedAsync(AbortReason.UnexpectedPdu);
        return association.Provider.Failure();
    }

    public static AssociationAbortedException EndOf(Association association, IndicationKind end) =>
        end == IndicationKind.ReleaseRequested
            ? new AssociationAbortedException("The peer asked for a release in place of an answer.")
            : association.Provider.Failure();
}
