using System.Globalization;
using Drimbox.Dicom.Dimse;

namespace Drimbox.Gateway.Conformance;

/// <summary>A status that a service answers, and when.</summary>
internal sealed record DimseAnswer(ushort Code, string When)
{
    public string Number => Code.ToString("X4", CultureInfo.InvariantCulture);
}

/// <summary>The status codes that each service answers: of the statement of a node, and of docs/conformance/dicom.md. A test
/// compares the codes with those that the code of the service names.</summary>
internal static class DimseAnswers
{
    /// <summary>Of every operation, before its service is asked.</summary>
    public static IReadOnlyList<DimseAnswer> AnyOperation { get; } =
    [
        new(0x0122, "the SOP class of the command is not that of the presentation context"),
        new(0x0210, "the message id is that of an operation that has not ended"),
        new(0x0211, "the operation is not one of the SOP class"),
        new(0x0213, "more operations are outstanding than were agreed on"),
    ];

    public static IReadOnlyList<DimseAnswer> Store { get; } =
    [
        new(0x0000, "stored; or the same bytes were stored before; or it replaces, or is kept beside, what its own site sent"),
        new(0x0111, "another data set has this SOP Instance UID; it is kept aside for the administrator"),
        new(0x0117, "the SOP Instance UID of the data set is not that of the command"),
        new(0x0122, "the Affected SOP Class UID is not that of the presentation context"),
        new(0xA700, "the disk or the index failed, is full, or has less free space than its low-water mark; the data set was "
            + "read to its end, the association stands, and the instance may be sent again"),
        new(0xA900, "the SOP Class UID of the data set is not that of the command"),
        new(0xC000, "the data set is not well-formed, or Study or Series Instance UID is absent"),
    ];

    /// <summary>Of a platform, which takes what it asked for.</summary>
    public static IReadOnlyList<DimseAnswer> StoreOfStudies { get; } =
    [
        new(0x0000, "stored, or it was here before"),
        new(0x0117, "the SOP Instance UID of the command is none"),
        new(0x0124, "the study was not asked for"),
        new(0xA700, "the disk failed or is full"),
        new(0xC000, "the data set is not well-formed"),
    ];

    /// <summary>Of a source, which takes rejection notes and what it asked for.</summary>
    public static IReadOnlyList<DimseAnswer> StoreOfNotes { get; } =
    [
        new(0x0000, "taken, or it was taken before"),
        new(0x0117, "the SOP Instance UID of the command is none"),
        new(0x0122, "neither a rejection note nor asked for, where no images are given to other DRIMboxes"),
        new(0x0124, "neither a rejection note nor asked for, where images are given to other DRIMboxes"),
        new(0xA700, "the disk failed or is full, or the note is too long"),
        new(0xA900, "the SOP Class UID of the data set is not that of the command"),
        new(0xC000, "the data set cannot be read, or the note does not say which images it rejects"),
    ];

    public static IReadOnlyList<DimseAnswer> Find { get; } =
    [
        new(0xFF00, "a match"),
        new(0xFF01, "a match; a key is not among those that are supported, which is then neither matched nor returned"),
        new(0x0000, "no more matches"),
        new(0xA700, "too many matches (`FindResultsMax`; those before it were sent, and Error Comment says so), a key with "
            + "too many values, an identifier that is too long, or the index failed"),
        new(0xA900, "the level is not one of the model, a sequence key has more than one item, or a unique key of a level "
            + "above is absent and relational queries were not agreed on"),
        new(0xC000, "the identifier cannot be read, or a value is longer than any stored one can be"),
        new(0xFE00, "cancelled by C-CANCEL, which is heard while the index is searched and between two sends of some 128 "
            + "matches"),
    ];

    public static IReadOnlyList<DimseAnswer> Worklist { get; } =
    [
        new(0xFF00, "a match"),
        new(0x0000, "no more matches"),
        new(0xA700, "too many matches, an identifier that is too long, or the store failed"),
        new(0xA900, "a sequence key has more than one item"),
        new(0xC000, "the identifier cannot be read"),
        new(0xFE00, "cancelled by C-CANCEL"),
    ];

    public static IReadOnlyList<DimseAnswer> Retrieve { get; } =
    [
        new(0xFF00, "after each sub-operation, with the counters"),
        new(0x0000, "over, without a failure"),
        new(0xB000, "over, some sub-operations failed: the Failed SOP Instance UID List names them. An instance whose file is "
            + "found damaged fails"),
        new(0xA701, "the matches cannot be counted: the index failed, or there are more than 65,535"),
        new(0xA702, "the destination refused, or could not be reached"),
        new(0xA801, "the destination of a C-MOVE is not in the configuration"),
        new(0xA900, "the level is not one of the model, its unique key is absent, or one of a level above is and relational "
            + "retrieves were not agreed on"),
        new(0xFE00, "cancelled by C-CANCEL, with the counters"),
    ];

    public static IReadOnlyList<DimseAnswer> Commitment { get; } =
    [
        new(0x0000, "the request is safe from a power cut"),
        new(0x0112, "another instance than the well-known one"),
        new(0x0123, "another action"),
        new(0x0115, "a transaction UID or reference is malformed"),
        new(0x0120, "a transaction UID or reference is absent"),
        new(0x0121, "a transaction UID or reference is empty"),
        new(0x0213, "1,000 requests wait already, or the index failed"),
    ];

    /// <summary>Failure Reason (0008,1197) in the report of a storage commitment.</summary>
    public static IReadOnlyList<DimseAnswer> CommitmentFailures { get; } =
    [
        new(0x0110, "the file is gone, cannot be read, or is not what was received"),
        new(0x0112, "the instance is not here, or a rejection note hid it"),
        new(0x0119, "it has another SOP class"),
        new(0x0122, "it is not here, and its SOP class is none that is stored"),
        new(0x0131, "the transaction UID came before with another list or from another AE: the whole list is failed"),
        new(0x0213, "no file can be opened now"),
    ];

    /// <summary>The table of a service.</summary>
    public static StatementTable Table(string caption, DimseService service, IEnumerable<DimseAnswer> answers) => new(
        caption, ["Status", "Meaning", "When"],
        [.. answers.Select(a => (string[])[a.Number, DimseStatusTable.MeaningOf(service, a.Code), a.When])]);
}
