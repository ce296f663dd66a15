using System.Globalization;
using System.Net.Sockets;
using Drimbox.Core;
using Drimbox.Core.Audit;
using Drimbox.Core.Identity;
using Drimbox.Core.Studies;
using Drimbox.Dicom;
using Drimbox.Dicom.Kos;
using Drimbox.Dicom.Scu;
using Drimbox.Dicom.Tls;
using Drimbox.Dicom.UpperLayer;
using Drimbox.Grains.Audit;

namespace Drimbox.Source.Studies;

/// <summary>Asks the PACS what it shows of a study (DB.SO.12, DB.SO.14): one association, in which C-FIND goes down
/// from the study to its series and their instances, because the Study Root is hierarchical (PS3.4 C.4.1.2.1: each
/// level needs the unique key of those above).</summary>
internal sealed class PacsQuery(DicomPeerOptions pacs, AeTitle ownAe, TimeProvider time)
{
    private static readonly Uid Model = SopClass.StudyRootQueryRetrieveInformationModelFind;

    /// <summary>What the audit trail keeps of a question about a study: the first identifier, of the study level.</summary>
    /// <param name="failure">As <see cref="AskAsync"/> tells it.</param>
    public AuditEvent EventOf(AuditTrail trail, Uid study, string? failure)
    {
        var syntax = TransferSyntax.ExplicitVRLittleEndian;
        return AuditEvents.PacsQueried(
            trail.Node, AeTitle.Parse(pacs.AeTitle), pacs.Host, Model,
            DataSetWriter.ToBytes(StudyQuery(study), syntax), syntax.Uid, study, failure, trail.Now);
    }

    /// <returns>The findings (none of a study that the PACS does not know), or in our own words why it could not be
    /// asked.</returns>
    public async Task<(StudyFindings? Findings, string? Failure)> AskAsync(
        Uid study, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Limits.PacsQueryTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            var options = new AssociationOptions
            {
                Host = pacs.Host,
                Port = pacs.Port,
                CallingAe = ownAe,
                CalledAe = AeTitle.Parse(pacs.AeTitle),
                Contexts = [CFindScu.ContextFor(Model)],
                Tls = TlsClientOptions.From(pacs.Tls),
                Time = time,
            };
            await using var association = await Association.RequestAsync(options, either.Token);
            var findings = await FindAsync(new CFindScu(association), study, either.Token);
            await association.ReleaseAsync(either.Token);
            return (findings, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"no answer within {Limits.PacsQueryTimeout.TotalSeconds:0} s");
        }
        catch (DimseFailureException e)
        {
            return (null, $"C-FIND was answered {e.Status}");
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return (null, e.GetType().Name);
        }
    }

    private static DataSet StudyQuery(Uid study)
    {
        var query = Query("STUDY", study);
        foreach (var tag in (ReadOnlySpan<Tag>)
            [
                Tag.PatientID, Tag.IssuerOfPatientID, Tag.AccessionNumber, Tag.StudyDate, Tag.StudyTime,
                Tag.StudyDescription,
            ])
        {
            query.SetEmpty(tag);
        }

        return query;
    }

    private static async Task<StudyFindings> FindAsync(CFindScu find, Uid study, CancellationToken cancellationToken)
    {
        DataSet? found = null;
        await foreach (var match in find.FindAsync(Model, StudyQuery(study), cancellationToken))
        {
            // A PACS that ignores the key answers with other studies too.
            if (match.GetUid(Tag.StudyInstanceUID) == study) found ??= match;
        }

        if (found is null) return StudyFindings.Nothing(study);
        var series = new List<SeriesFinding>();
        var instances = 0;
        foreach (var match in await SeriesAsync(find, study, cancellationToken))
        {
            var one = await SeriesOfAsync(find, study, match, cancellationToken);
            series.Add(one);
            instances += one.Instances.Count;
            if (instances > Limits.ManifestInstancesMax) throw new IOException("The study has too many instances.");
        }

        return new StudyFindings(
            study,
            Text(found, Tag.PatientID),
            Text(found, Tag.IssuerOfPatientID),
            Text(found, Tag.AccessionNumber),
            Text(found, Tag.StudyDate),
            Text(found, Tag.StudyTime),
            Text(found, Tag.StudyDescription),
            series);
    }

    private static async Task<List<DataSet>> SeriesAsync(CFindScu find, Uid study, CancellationToken cancellationToken)
    {
        var query = Query("SERIES", study);
        foreach (var tag in (ReadOnlySpan<Tag>)
            [Tag.SeriesInstanceUID, Tag.Modality, Tag.SeriesNumber, Tag.SeriesDescription, Tag.BodyPartExamined])
        {
            query.SetEmpty(tag);
        }

        var series = new Dictionary<Uid, DataSet>();
        await foreach (var match in find.FindAsync(Model, query, cancellationToken))
        {
            if (!match.TryGetUid(Tag.SeriesInstanceUID, out var uid))
                throw new IOException("A series of the PACS has no UID.");
            series.TryAdd(uid, match);
        }

        return [.. series.Values];
    }

    private static async Task<SeriesFinding> SeriesOfAsync(
        CFindScu find, Uid study, DataSet match, CancellationToken cancellationToken)
    {
        var series = match.GetUid(Tag.SeriesInstanceUID);
        var query = Query("IMAGE", study);
        query.SetUid(Tag.SeriesInstanceUID, series);
        foreach (var tag in (ReadOnlySpan<Tag>)
            [
                Tag.SOPInstanceUID, Tag.SOPClassUID, Tag.InstanceNumber, Tag.NumberOfFrames,
                Tag.ConceptNameCodeSequence,
            ])
        {
            query.SetEmpty(tag);
        }

        var instances = new Dictionary<Uid, InstanceFinding>();
        await foreach (var instance in find.FindAsync(Model, query, cancellationToken))
        {
            // A reference needs both; a manifest that leaves an image out is worse than a late one.
            if (!instance.TryGetUid(Tag.SOPInstanceUID, out var uid)
                || !instance.TryGetUid(Tag.SOPClassUID, out var sopClass))
                throw new IOException("An instance of the PACS has no UID or no SOP class.");

            // A PACS that still shows the note, and says what it is: a note is nothing to be looked at.
            if (RejectionNoteDataSet.IsRejectionNote(instance)) continue;
            instances.TryAdd(uid, new InstanceFinding(
                sopClass, uid, Text(instance, Tag.InstanceNumber), instance.GetInt(Tag.NumberOfFrames)));
            if (instances.Count > Limits.ManifestInstancesMax)
                throw new IOException("A series has too many instances.");
        }

        return new SeriesFinding(
            series,
            Text(match, Tag.Modality),
            match.GetInt(Tag.SeriesNumber)?.ToString(CultureInfo.InvariantCulture) ?? "",
            Text(match, Tag.SeriesDescription),
            Text(match, Tag.BodyPartExamined),
            [.. instances.Values]);
    }

    private static DataSet Query(string level, Uid study)
    {
        var query = new DataSet();
        query.SetString(Tag.QueryRetrieveLevel, level);
        query.SetUid(Tag.StudyInstanceUID, study);
        return query;
    }

    private static string Text(DataSet dataSet, Tag tag) => dataSet.GetString(tag) ?? "";
}
