namespace Drimbox.Dicom.Dimse;

/// <summary>Source: PS3.7 C.</summary>
public enum StatusCategory
{
    Success,
    Pending,
    Cancel,
    Warning,
    Failure,
}

/// <summary>A DIMSE status code (0000,0900), and what we say beside it. Two are equal if their codes are.</summary>
/// <param name="Code">Source: PS3.7 annex C for the general codes, PS3.4 for those of a service class.</param>
/// <param name="Comment">Goes out as Error Comment (0000,0902), at most 64 characters; fixed text of ours, never a
/// value from a data set and never the message of an exception (attack A23).</param>
public readonly record struct DimseStatus(ushort Code, string? Comment = null)
{
    public static readonly DimseStatus Success = new(0x0000);

    /// <summary>PS3.4 C.4.1.1.4: a match with all keys supported.</summary>
    public static readonly DimseStatus Pending = new(0xFF00);

    /// <summary>PS3.4 C.4.1.1.4: a match, but optional keys were not supported for matching or return.</summary>
    public static readonly DimseStatus PendingWithUnsupportedKeys = new(0xFF01);

    public static readonly DimseStatus Cancelled = new(0xFE00);

    public static readonly DimseStatus NoSuchAttribute = new(0x0105);

    public static readonly DimseStatus InvalidAttributeValue = new(0x0106);

    /// <summary>A warning: done, but for attributes that were not taken.</summary>
    public static readonly DimseStatus AttributeListError = new(0x0107);

    public static readonly DimseStatus ProcessingFailure = new(0x0110);

    public static readonly DimseStatus NoSuchSopInstance = new(0x0112);

    public static readonly DimseStatus DuplicateSopInstance = new(0x0111);

    public static readonly DimseStatus NoSuchEventType = new(0x0113);

    public static readonly DimseStatus InvalidArgumentValue = new(0x0115);

    public static readonly DimseStatus InvalidSopInstance = new(0x0117);

    public static readonly DimseStatus NoSuchSopClass = new(0x0118);

    public static readonly DimseStatus ClassInstanceConflict = new(0x0119);

    public static readonly DimseStatus MissingAttribute = new(0x0120);

    public static readonly DimseStatus MissingAttributeValue = new(0x0121);

    public static readonly DimseStatus SopClassNotSupported = new(0x0122);

    public static readonly DimseStatus NoSuchAction = new(0x0123);

    public static readonly DimseStatus NotAuthorized = new(0x0124);

    public static readonly DimseStatus DuplicateInvocation = new(0x0210);

    public static readonly DimseStatus UnrecognizedOperation = new(0x0211);

    public static readonly DimseStatus MistypedArgument = new(0x0212);

    public static readonly DimseStatus ResourceLimitation = new(0x0213);

    public static readonly DimseStatus OutOfResources = new(0xA700);

    /// <summary>PS3.4 C.4.2.1.5: unable to calculate the number of matches. For C-STORE: our quota.</summary>
    public static readonly DimseStatus OutOfResourcesMatches = new(0xA701);

    /// <summary>PS3.4 C.4.2.1.5: unable to perform sub-operations.</summary>
    public static readonly DimseStatus OutOfResourcesSubOperations = new(0xA702);

    public static readonly DimseStatus MoveDestinationUnknown = new(0xA801);

    public static readonly DimseStatus DataSetDoesNotMatchSopClass = new(0xA900);

    /// <summary>C-STORE: the data set cannot be understood. C-FIND, C-MOVE: unable to process.</summary>
    public static readonly DimseStatus CannotUnderstand = new(0xC000);

    /// <summary>C-STORE: coercion. C-MOVE, C-GET: complete, one or more failures.</summary>
    public static readonly DimseStatus SubOperationsCompleteWithFailures = new(0xB000);

    public bool IsPending => Category == StatusCategory.Pending;

    /// <summary>Stored, if it answers a C-STORE: success or a warning.</summary>
    public bool IsSuccessOrWarning => Category is StatusCategory.Success or StatusCategory.Warning;

    // PS3.7 C.1 to C.5 and the ranges that PS3.4 gives to service classes.
    public StatusCategory Category => Code switch
    {
        0x0000 => StatusCategory.Success,
        0xFF00 or 0xFF01 => StatusCategory.Pending,
        0xFE00 => StatusCategory.Cancel,
        0x0001 or 0x0107 or 0x0116 or (>= 0xB000 and <= 0xBFFF) => StatusCategory.Warning,
        _ => StatusCategory.Failure,
    };

    /// <summary>What the code means, in the words of a person who did not read PS3.7, where the service that answered
    /// is not known; <see cref="MeaningIn"/> is exact.</summary>
    public string Meaning => DimseStatusTable.MeaningOf(Code);

    /// <summary>What the code means as an answer of <paramref name="service"/>: the same code says different things in
    /// different service classes.</summary>
    public string MeaningIn(DimseService service) => DimseStatusTable.MeaningOf(service, Code);

    public bool Equals(DimseStatus other) => Code == other.Code;

    public override int GetHashCode() => Code;

    public DimseStatus With(string comment) => new(Code, comment);

    /// <summary>For example <c>A700 (out of resources)</c>.</summary>
    public override string ToString() => $"{Code:X4} ({Meaning})";
}
