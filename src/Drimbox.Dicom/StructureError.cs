using Drimbox.Core;

namespace Drimbox.Dicom;

/// <summary>What is wrong with the encoding of a data set (PS3.5 section 7).</summary>
public enum StructureErrorReason
{
    None,

    /// <summary>The input ends inside an element, an item or a sequence.</summary>
    Truncated,

    /// <summary>The declared length goes past the end of the input.</summary>
    ValueBeyondInput,

    /// <summary>The declared length goes past the end of the item or sequence around it.</summary>
    ValueBeyondContainer,

    /// <summary>The two bytes after the tag are not a VR (PS3.5 7.1.2).</summary>
    InvalidVr,

    /// <summary>Undefined length where PS3.5 7.1.3 does not allow it.</summary>
    UndefinedLength,

    /// <summary>An item or a delimiter where none may stand, or another tag where one must (PS3.5 7.5).</summary>
    UnexpectedTag,

    /// <summary>A delimiter with a length (PS3.5 7.5: it is zero).</summary>
    DelimiterLength,

    /// <summary>Sequences nested deeper than <see cref="Limits.SequenceDepthMax"/>.</summary>
    DepthOverLimit,

    /// <summary>A value to be held in memory over <see cref="Limits.ValueBytesInMemoryMax"/>.</summary>
    ValueOverLimit,

    /// <summary>More sequences and items than <see cref="Limits.DataSetObjectsMin"/> and
    /// <see cref="Limits.DataSetBytesPerObjectMin"/> allow for so many bytes.</summary>
    ObjectsOverLimit,

    /// <summary>A UI value that is no UID (PS3.5 9.1).</summary>
    InvalidUid,

    /// <summary>The same top-level tag twice: two readers would see two different instances (PS3.5 7.1).</summary>
    DuplicateElement,

    /// <summary>Deflated input beyond <see cref="Limits.InflatedBytesMax"/> or <see cref="Limits.InflationRatioMax"/>,
    /// or that is not a deflate stream.</summary>
    Deflate,
}

/// <summary>A structural error: why, in which element, and where.</summary>
/// <param name="Tag">The element being read; default if its tag was not complete.</param>
/// <param name="Offset">Bytes from the start of the data set to the header of that element.</param>
public readonly record struct StructureError(StructureErrorReason Reason, Tag Tag, long Offset)
{
    /// <summary>Of a value, item or sequence that goes too far: the length that it declares, in bytes; else -1.
    /// </summary>
    public long Declared { get; init; } = -1;

    /// <summary>Of a value, item or sequence that goes too far: the bytes that are there for it; else -1.</summary>
    public long Available { get; init; } = -1;

    public bool IsNone => Reason == StructureErrorReason.None;

    public Refusal ToRefusal() => new(
        Reason is StructureErrorReason.DepthOverLimit or StructureErrorReason.ValueOverLimit
            or StructureErrorReason.ObjectsOverLimit
            ? RefusalReason.OverLimit
            : RefusalReason.Malformed,
        Declared < 0
            ? $"{Sentence()} (byte {Offset} of the data set)."
            : $"{Sentence()} (byte {Offset} of the data set; {Declared} bytes declared, {Available} are there).",
        Tag.ToString());

    private string Sentence() => Reason switch
    {
        StructureErrorReason.Truncated => "The data set ends inside an element or item",
        StructureErrorReason.ValueBeyondInput => "The value length goes past the end of the data set",
        StructureErrorReason.ValueBeyondContainer => "The value length goes past the end of its item or sequence",
        StructureErrorReason.InvalidVr => "No value representation after the tag",
        StructureErrorReason.UndefinedLength => "Undefined length is not allowed for this element",
        StructureErrorReason.UnexpectedTag => "An item, delimiter or element stands where it may not",
        StructureErrorReason.DelimiterLength => "A delimiter with a length",
        StructureErrorReason.DepthOverLimit => $"Sequences nested deeper than {Limits.SequenceDepthMax}",
        StructureErrorReason.ValueOverLimit => $"A value longer than {Limits.ValueBytesInMemoryMax} bytes",
        StructureErrorReason.ObjectsOverLimit => "More sequences and items than so many bytes can need",
        StructureErrorReason.InvalidUid => "A UI value that is not a UID",
        StructureErrorReason.DuplicateElement => "The same element twice in one data set",
        StructureErrorReason.Deflate => "The deflated data set is not readable within its limits",
        _ => "No error",
    };
}
