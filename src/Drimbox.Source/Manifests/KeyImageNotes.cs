using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Core.Manifests;
using Drimbox.Core.Studies;
using Drimbox.Dicom;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Part10;
using Drimbox.Source.ImageAccess;
using Drimbox.Storage;

namespace Drimbox.Source.Manifests;

/// <summary>Fetches the key image notes that a PACS shows, because C-FIND does not say what they mark. A manifest does
/// not wait for them: what cannot be fetched is marked as the manifest before had it.</summary>
/// <param name="retrievals">Null: no image access is configured, nothing can come here, and nothing is marked.</param>
internal sealed class KeyImageNotes(
    ImageRetrievals? retrievals, ManifestFiles files, SourcePolicy policy, TimeProvider time)
{
    /// <summary>The findings with what the notes among them mark.</summary>
    public async Task<StudyFindings> AddAsync(
        Uid study, StudyState state, StudyFindings findings, CancellationToken cancellationToken)
    {
        // A study that may not be published, or of somebody else, is none to fetch from.
        var active = state.ActiveReports(study);
        if (retrievals is null || active.Count == 0
            || ManifestPlan.Obstacle(study, active, findings, policy) is not null)
            return findings;
        var series = findings.KeyObjectSeries.Take(Limits.KeyImageSeriesMax).ToList();
        if (series.Count == 0) return findings;
        using var timeout = new CancellationTokenSource(Limits.KeyImageNotesTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var marked = new List<KeyImage>();
        Manifest? before = null;
        foreach (var one in series)
        {
            var key = new RetrievalKey(study, one.SeriesInstanceUid);
            if (await FetchAsync(retrievals, key, active[^1].Patient.Ins, findings.Pacs, either.Token) is { } fetched)
            {
                marked.AddRange(fetched);
                continue;
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (state.Current is { } current) before ??= await files.TryReadAsync(current, cancellationToken);
            marked.AddRange(
                before?.KeyImages.Where(k => k.NoteSeriesInstanceUid == one.SeriesInstanceUid) ?? []);
        }

        return findings with { KeyImages = marked };
    }

    /// <returns>Null: they could not be fetched, which the retrieval has logged.</returns>
    private static async Task<List<KeyImage>?> FetchAsync(
        ImageRetrievals retrievals, RetrievalKey key, InstanceIdentifier? patient, string? pacs,
        CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return null;
        // Not kept: the next look wants what the PACS has then.
        var retrieval = retrievals.Join(key, patient, pacs, revision: null);
        try
        {
            using var reader = new SpoolReader();
            var marked = new List<KeyImage>();
            await foreach (var arrived in retrieval.ReadAsync(cancellationToken))
            {
                if (arrived.SopClassUid == SopClass.KeyObjectSelectionDocumentStorage
                    && arrived.Length <= Limits.RejectionNoteBytesMax
                    && DicomFile.TryRead(FileOf(arrived, reader.Read(arrived)), out var file, out _))
                    marked.AddRange(KeyImageNoteDataSet.Read(file!.DataSet));
                if (marked.Count > Limits.KeyImagesMax) break;
            }

            return marked;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or StorageFaultException)
        {
            return null;
        }
        finally
        {
            retrievals.Leave(retrieval);
        }
    }

    private static byte[] FileOf(ArrivedImage note, ReadOnlyMemory<byte> dataSet) =>
    [
        .. Part10Writer.Header(note.SopClassUid, note.SopInstanceUid, note.TransferSyntaxUid), .. dataSet.Span,
    ];
}
