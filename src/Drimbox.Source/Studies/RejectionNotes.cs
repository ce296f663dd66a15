using System.Buffers;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Scp;
using Drimbox.Grains.Studies;
using Microsoft.Extensions.Logging;

namespace Drimbox.Source.Studies;

/// <summary>The Image Manager side of RAD-66 (DB.SO.25): takes rejection notes and nothing else. A note only says which
/// study to look at: the PACS is asked what it shows now, since a note may be revoked, repeated or late.</summary>
internal sealed class RejectionNotes(StudyRegister register, ILogger<RejectionNotes> logger) : ICStoreScp
{
    /// <inheritdoc/>
    public IInstanceSink BeginStore(in CStoreRequest request) => new Sink(request, register, logger);

    private sealed class Sink(CStoreRequest request, StudyRegister register, ILogger logger) : IInstanceSink
    {
        private static readonly DimseStatus NoKos =
            DimseStatus.SopClassNotSupported.With("Only rejection notes are stored here.");

        private static readonly DimseStatus NoNote =
            DimseStatus.CannotUnderstand.With("The title is none of a rejection note (IOCM).");

        private static readonly DimseStatus Unreadable =
            DimseStatus.CannotUnderstand.With("The data set cannot be read.");

        private static readonly DimseStatus Incomplete =
            DimseStatus.CannotUnderstand.With("The note does not say which images it rejects.");

        private static readonly DimseStatus TooLong = DimseStatus.OutOfResources.With("The note is too long.");

        private readonly ArrayBufferWriter<byte> _bytes = new();
        private bool _isTooLong;

        private bool IsKos => request.SopClassUid == SopClass.KeyObjectSelectionDocumentStorage;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
        {
            _isTooLong |= _bytes.WrittenCount + fragment.Length > Limits.RejectionNoteBytesMax;
            if (IsKos && !_isTooLong) _bytes.Write(fragment.Span);
            return ValueTask.CompletedTask;
        }

        public async ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
        {
            var (study, status) = Read();
            if (study is not { } noticed)
            {
                SourceLog.NoteRefused(logger, request.Peer.CallingAe, status.ToString());
                return status;
            }

            // Durable before the answer. A study without a report is none of ours; its PACS need not know.
            await register.NoticeAsync([noticed], "IOCM", null, cancellationToken);
            SourceLog.NoteTaken(logger, StudyRef.Of(noticed));
            return DimseStatus.Success;
        }

        public ValueTask AbandonAsync() => ValueTask.CompletedTask;

        private (Uid? Study, DimseStatus Status) Read()
        {
            if (!IsKos) return (null, NoKos);
            if (_isTooLong) return (null, TooLong);
            if (DataSetReader.TryRead(_bytes.WrittenMemory, request.TransferSyntax, out _) is not { } dataSet)
                return (null, Unreadable);

            // PS3.4 B.2.3: A900, the data set is not what the command said.
            if (dataSet.GetUid(Tag.SOPClassUID) != request.SopClassUid
                || dataSet.GetUid(Tag.SOPInstanceUID) != request.SopInstanceUid)
                return (null, DimseStatus.DataSetDoesNotMatchSopClass);
            if (!RejectionNoteDataSet.IsRejectionNote(dataSet)) return (null, NoNote);
            return RejectionNoteDataSet.TryRead(dataSet, out _) is { } note
                ? (note.Study.StudyInstanceUid, DimseStatus.Success)
                : (null, Incomplete);
        }
    }
}
