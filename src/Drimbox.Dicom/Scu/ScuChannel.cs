using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.UpperLayer;

namespace Drimbox.Dicom.Scu;

/// <summary>What all SCUs do with a response.</summary>
internal static class ScuChannel
{
    /// <summary>The next message, which must be a response to <paramref name="request"/> with a status. Its data set,
    /// if any, is still to be read.</summary>
    /// <exception cref="AssociationAbortedException">The association ended, or the peer sent something else and was
    /// sent an A-ABORT.</exception>
    public static async ValueTask<CommandSet> ReadResponseAsync(Association association, CommandSet request)
    {
        var message = await association.Channel.ReadCommandAsync();
        if (message.IsEnd) throw EndOf(association, message.End);
        var response = message.Command;
        if (response.CommandField != CommandFields.ResponseOf(request.CommandField)
            || response.MessageIdBeingRespondedTo != request.MessageId
            || response.Status is null)
        {
            throw await ViolatedAsync(association);
        }

        return response;
    }

    /// <summary>Reads the data set of a response.</summary>
    /// <exception cref="AssociationAbortedException">The association ended, or the data set cannot be read.</exception>
    public static async ValueTask<DataSet> ReadDataSetAsync(Association association, PresentationContext context)
    {
        var (bytes, end) = await association.Channel.ReadDataSetAsync();
        if (end != IndicationKind.None) throw EndOf(association, end);
        if (bytes is not null
            && TransferSyntax.TryFind(context.TransferSyntax, out var syntax)
            && DataSetReader.TryRead(bytes, syntax, out _) is { } dataSet)
        {
            return dataSet;
        }

        await association.AbortAsync();
        throw new AssociationAbortedException("The peer sent a data set that cannot be read.");
    }

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
