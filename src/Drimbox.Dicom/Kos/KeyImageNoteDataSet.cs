using Drimbox.Core;
using Drimbox.Core.Manifests;

namespace Drimbox.Dicom.Kos;

/// <summary>Reads key image notes (IHE RAD, Key Image Note): Key Object Selection documents with the title 113000 "Of
/// Interest" (PS3.16 CID 7010).</summary>
public static class KeyImageNoteDataSet
{
    internal const string OfInterestCode = "113000";

    /// <summary>The images that a note marks, in its order; at most <see cref="Limits.KeyImagesMax"/>. None if it is no
    /// key image note.</summary>
    public static IReadOnlyList<KeyImage> Read(DataSet note)
    {
        if (note.GetUid(Tag.SOPClassUID) != KeyObjectDocument.SopClassUid
            || KeyObjectDocument.Title(note) != OfInterestCode
            || !note.TryGetUid(Tag.SOPInstanceUID, out var instance)
            || !note.TryGetUid(Tag.SeriesInstanceUID, out var series)) return [];
        var text = KeyObjectDocument.ReadDescription(note);
        if (text.Length > Limits.KeyImageTextLengthMax) text = text[..Limits.KeyImageTextLengthMax];
        var marked = new List<KeyImage>();
        // PS3.3 C.17.3: the content tree is the selection; the evidence may list more.
        foreach (var reference in note.GetItems(Tag.ContentSequence)
                     .SelectMany(item => item.GetItems(Tag.ReferencedSOPSequence)))
        {
            if (marked.Count == Limits.KeyImagesMax) break;
            if (reference.TryGetUid(Tag.ReferencedSOPInstanceUID, out var image))
                marked.Add(new KeyImage(image, instance, series, text));
        }

        return marked;
    }
}
