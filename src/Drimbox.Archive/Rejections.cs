using System.Text.Json;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Dicom;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Part10;
using Drimbox.Storage;
using Microsoft.Extensions.Logging;

namespace Drimbox.Archive;

/// <summary>Imaging Object Change Management: a Key Object Selection document with a rejection title hides the
/// instances that it names, and itself. Source: IHE RAD TF, RAD-66 and the IOCM profile; PS3.16 CID 7011.</summary>
internal sealed class Rejections(
    ArchiveOptions options, ArchiveSurroundings surroundings, ILogger log)
{
    /// <summary>What the arrival of a record hides: nothing, if its file is no rejection note. One that cannot be read is an
    /// object like any other: it is kept, and hides nothing.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public InstanceRecord WithHiding(InstanceRecord record, string path, string callingAe) =>
        record.Instance.SopClassUid == SopClass.KeyObjectSelectionDocumentStorage
            && TryRead(path, callingAe) is { } note
            ? record with { Hides = HidingOf(note) }
            : record;

    private RejectionNote? TryRead(string path, string callingAe)
    {
        if (surroundings.Disk.FileLength(path) > Limits.RejectionNoteBytesMax)
        {
            ArchiveLog.NoteUnreadable(log, options.NodeId, callingAe, "longer than any note");
            return null;
        }

        if (!DicomFile.TryRead(path, out var file, out var refusal))
        {
            ArchiveLog.NoteUnreadable(log, options.NodeId, callingAe, refusal?.Reason.ToString() ?? "");
            return null;
        }

        if (!RejectionNoteDataSet.IsRejectionNote(file!.DataSet)) return null;
        var note = RejectionNoteDataSet.TryRead(file.DataSet, out refusal);
        if (note is null) ArchiveLog.NoteUnreadable(log, options.NodeId, callingAe, refusal?.Reason.ToString() ?? "");
        return note;
    }

    /// <summary>One outbox row for each listener, each in a lane of its own: a listener that is down holds up no
    /// other.</summary>
    private IReadOnlyList<OutboxRow> Forwards(Uid sopInstanceUid) =>
    [
        .. options.IocmListeners.Select(listener => new OutboxRow(
            $"iocm/{listener.AeTitle}", IocmForwarder.Kind,
            JsonSerializer.Serialize(new IocmForward(listener.AeTitle, sopInstanceUid)),
            surroundings.Time.GetUtcNow())),
    ];

    /// <param name="hidden">How many the arrival of the record hid.</param>
    public void Log(InstanceRecord record, string callingAe, int hidden)
    {
        if (record.Hides is { } hiding)
            ArchiveLog.Rejected(log, options.NodeId, hiding.Reason, callingAe, hidden);
    }

    // Itself too; and the listeners are told in the same transaction: one of them may ask at once what is left.
    private InstanceHiding HidingOf(RejectionNote note) => new(
        [.. note.RejectedInstances, note.SopInstanceUid], CodeOf(note.Reason), Forwards(note.SopInstanceUid));

    private static string CodeOf(RejectionReason reason) => reason switch
    {
        RejectionReason.Quality => "113001",
        RejectionReason.PatientSafety => "113037",
        RejectionReason.IncorrectWorklistEntry => "113038",
        RejectionReason.DataRetentionPolicyExpired => "113039",
        _ => throw Invariant.Unreachable(reason),
    };
}

/// <summary>The payload of an outbox row: which note to which listener.</summary>
internal sealed record IocmForward(AeTitle Listener, Uid SopInstanceUid);
