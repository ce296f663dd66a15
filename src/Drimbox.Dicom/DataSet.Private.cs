using System.Diagnostics.CodeAnalysis;

namespace Drimbox.Dicom;

/// <content>Private data elements. Source: PS3.5 7.8.1: (gggg,00bb) of an odd group names the owner of the block
/// (gggg,bb00) to (gggg,bbFF).</content>
public sealed partial class DataSet
{
    /// <summary>Whose a private element is. Each item of a sequence has its own private creators.</summary>
    /// <returns>False for an element that is not private, and for one whose block nobody reserved.</returns>
    public bool TryGetPrivateCreator(Tag tag, [NotNullWhen(true)] out string? creator)
    {
        creator = tag.IsPrivate && tag.Element >= 0x1000
            ? GetString(new Tag(tag.Group, (ushort)(tag.Element >> 8)))
            : null;
        return creator is not null;
    }

    /// <summary>Finds the tag that an element of a private creator has in this data set.</summary>
    /// <param name="creator">The private creator, without padding.</param>
    /// <param name="group">An odd group.</param>
    /// <param name="element">The element within its block: the lower byte of the element number.</param>
    /// <returns>False if the creator reserved no block of that group here.</returns>
    public bool TryFindPrivateTag(string creator, ushort group, byte element, out Tag tag)
    {
        for (ushort block = 0x10; block <= 0xFF; block++)
        {
            var reservation = new Tag(group, block);
            if (!reservation.IsPrivateCreator || GetString(reservation) != creator) continue;
            tag = new Tag(group, (ushort)((block << 8) | element));
            return true;
        }

        tag = default;
        return false;
    }
}
