namespace Drimbox.Hl7.Er7;

/// <summary>One segment of a message.</summary>
/// <param name="index">Position in <see cref="Er7Message.Segments"/>, from 0.</param>
public readonly struct Er7Segment(Er7Message message, int index)
{
    public Er7Message Message => message;

    /// <summary>Position in the message, from 0.</summary>
    public int Index => index;

    public string Name => message.NameOf(index);

    /// <summary>Which one of its name, from 1: the 3 of <c>OBX[3]</c>.</summary>
    public int Occurrence => message.OccurrenceOf(index);

    /// <summary>The last field that stands in the segment, even if empty.</summary>
    public int FieldCount => message.FieldCountOf(index);

    /// <summary>Field <paramref name="n"/>, from 1; an absent value if the segment is shorter.</summary>
    public Er7Value Field(int n) => message.FieldOf(index, n);

    /// <summary>Short for <see cref="Field"/>.</summary>
    public Er7Value this[int n] => message.FieldOf(index, n);

    /// <summary>Where field <paramref name="field"/> of this segment stands, for a finding.</summary>
    public Er7Path PathOf(int field, int component = 0, int subcomponent = 0, int repetition = 1) =>
        new(Name, Occurrence, field, repetition, component, subcomponent);
}
