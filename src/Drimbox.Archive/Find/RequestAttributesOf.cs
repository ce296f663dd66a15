using Drimbox.Dicom;
using Drimbox.Storage;

namespace Drimbox.Archive;

/// <summary>The items of Request Attributes Sequence, as a header scan has them.</summary>
internal static class RequestAttributesOf
{
    public static IReadOnlyList<RequestAttributes> Series(HeaderScanner scanner)
    {
        var count = scanner.ItemCount(Tag.RequestAttributesSequence);
        if (count == 0) return [];
        var items = new RequestAttributes[count];
        for (var i = 0; i < count; i++)
        {
            items[i] = new RequestAttributes(
                Text(i, Tag.AccessionNumber), Text(i, Tag.RequestedProcedureID),
                Text(i, Tag.RequestedProcedureDescription), Text(i, Tag.ScheduledProcedureStepID),
                Text(i, Tag.ScheduledProcedureStepDescription));
        }

        return items;

        string Text(int item, Tag tag) => scanner.GetItemString(Tag.RequestAttributesSequence, item, tag);
    }
}
