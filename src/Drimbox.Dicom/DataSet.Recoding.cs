using Drimbox.Core;

namespace Drimbox.Dicom;

/// <content>Another character set for what is there.</content>
public sealed partial class DataSet
{
    /// <summary>Turns all text, also that of items, into another character set, and says so in (0008,0005). Values of
    /// private elements whose VR is not known stay as they are.</summary>
    /// <exception cref="EndOfStreamException">A file no longer holds a value.</exception>
    public void Recode(CharacterSet to)
    {
        Recode(this, CharacterSet, to);
        SetCharacterSet(to);
    }

    private static void Recode(DataSet dataSet, CharacterSet from, CharacterSet to)
    {
        for (var i = 0; i < dataSet.Count; i++)
        {
            var element = dataSet[i];
            foreach (var item in element.Sequence ?? [])
            {
                // One that has its own says so itself.
                if (!item.Contains(Tag.SpecificCharacterSet)) Recode(item, from, to);
            }

            if (element.Sequence is not null || !element.Vr.UsesSpecificCharacterSet() || element.Length == 0
                || element.Length > Limits.ValueBytesInMemoryMax) continue;
            var bytes = to.Encode(from.Decode(element.ToMemory().Span, element.Vr), element.Vr);
            if (bytes.Length % 2 == 1)
            {
                Array.Resize(ref bytes, bytes.Length + 1);
                bytes[^1] = element.Vr.Padding();
            }

            dataSet.Set(new DataElement(element.Tag, element.Vr, bytes));
        }
    }
}
