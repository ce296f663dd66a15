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
using Drimbox.Grains.Outages;

namespace Drimbox.Source.Studies;

/// <summary>What the PACS said about a study.</summary>
/// <param name="Findings">None of a study that no PACS knows; null: it could not be asked.</param>
/// <param name="Failure">Why not, in our own words.</param>
internal sealed record PacsAnswer(StudyFindings? Findings, string? Failure)
{
    /// <summary>There was no association: it is not the study that fails.</summary>
    public bool IsUnreached { get; init; }

    /// <summary>There was no answer: with an association, or without.</summary>
    public bool IsSilent { get; init; }

    /// <summary>The PACS has not answered anybody lately.</summary>
    public bool IsAway { get; init; }

    /// <summary>It was not called, since it is away.</summary>
    public bool IsUncalled { get; init; }

    /// <summary>Which PACS were asked for it, in order.</summary>
    public IReadOnlyList<PacsAsked> Asked { get; init; } = [];
}

/// <summary>A PACS that was asked about a study.</summary>
/// <param name="Failure">Why it gave no answer; null: it did.</param>
internal sealed record PacsAsked(KnownPacs Pacs, string? Failure);

/// <summary>Asks the PACS what it shows of a study (DB.SO.12, DB.SO.14): one association, in which C-FIND goes down
/// from the study to its series and their instances, because the Study Root is hierarchical (PS3.4 C.4.1.2.1: each
/// level needs the unique key of those above).</summary>
/// <param name="outages">See <see cref="PacsCircuits"/>.</param>
internal sealed class PacsQuery(PacsList list, AeTitle ownAe, TimeProvider time, OutageWatch? outages = null)
{
    public static readonly Uid Model = SopClass.StudyRootQueryRetrieveInformationModelFind;
    private readonly PacsCircuits _circuits = new(time, outages);

    /// <summary>When each series began is asked for too. Where nobody needs it, it is not: some PACS refuse keys that they
    /// do not know.</summary>
    public bool AsksForSeriesTimes { get; init; }

    /// <summary>What the audit trail keeps of a question about a study: the first identifier, of the study level.</summary>
    public static AuditEvent EventOf(AuditTrail trail, Uid study, PacsAsked asked)
    {
        var (pacs, failure) = asked;
        var syntax = TransferSyntax.ExplicitVRLittleEndian;
        return AuditEvents.PacsQueried(
            trail.Node, AeTitle.Parse(pacs.Peer.AeTitle), pacs.Peer.Host, Model,
            DataSetWriter.ToBytes(StudyQuery(study, pacs.Domains), syntax), syntax.Uid, study, failure, trail.Now);
    }

    /// <summary>Asks one PACS after the other until one has the study. One that cannot be asked ends the search: the
    /// study may be there, and what a later one shows of it may be a part.</summary>
    /// <param name="state">The study as it is known here: it says who is asked first.</param>
    public async Task<PacsAnswer> AskAsync(Uid study, StudyState state, CancellationToken cancellationToken)
    {
        var asked = new List<PacsAsked>();
        foreach (var pacs in list.OrderFor(state))
        {
            var answer = await AskAsync(
                pacs, async (find, token) => await FindAsync(find, pacs.Domains, study, token), cancellationToken);
            if (!answer.IsUncalled) asked.Add(new PacsAsked(pacs, answer.Failure));
            if (answer.Findings is not { IsEmpty: true }) return answer with { Asked = asked };
        }

        return new PacsAnswer(StudyFindings.Nothing(study), null) { Asked = asked };
    }

    /// <summary>One association with one PACS.</summary>
    /// <param name="ask">What is asked in it.</param>
    public async Task<PacsAnswer> AskAsync(
        KnownPacs pacs,
        Func<CFindScu, CancellationToken, Task<StudyFindings?>> ask,
        CancellationToken cancellationToken)
    {
        if (!_circuits.TryBegin(pacs, out var isProbe))
        {
            return FailureOf(pacs, "it was away, and is tried again soon", wasReached: false, isSilent: true) with
            {
                IsAway = true, IsUncalled = true,
            };
        }

        var answer = await AskNowAsync(pacs, isProbe, ask, cancellationToken);
        return answer.IsSilent ? answer with { IsAway = _circuits.IsOpen(pacs) } : answer;
    }

    private async Task<PacsAnswer> AskNowAsync(
        KnownPacs pacs,
        bool isProbe,
        Func<CFindScu, CancellationToken, Task<StudyFindings?>> ask,
        CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Limits.PacsQueryTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var isReached = false;
        bool? hasAnswered = null;
        try
        {
            var options = new AssociationOptions
            {
                Host = pacs.Peer.Host,
                Port = pacs.Peer.Port,
                CallingAe = ownAe,
                CalledAe = AeTitle.Parse(pacs.Peer.AeTitle),
                Contexts = [CFindScu.ContextFor(Model)],
                Tls = TlsClientOptions.From(pacs.Peer.Tls),
                Time = time,
            };
            await using var association = await Association.RequestAsync(options, either.Token);
            isReached = true;
            var findings = await ask(new CFindScu(association), either.Token);
            hasAnswered = true;
            await association.ReleaseAsync(either.Token);
            return new PacsAnswer(findings, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            hasAnswered = false;
            return FailureOf(
                pacs, $"no answer within {Limits.PacsQueryTimeout.TotalSeconds:0} s", isReached, isSilent: true);
        }
        catch (DimseFailureException e)
        {
            hasAnswered = true;
            return FailureOf(pacs, $"C-FIND was answered {e.Status}", isReached, isSilent: false);
        }
        catch (UnusableAnswerException e)
        {
            hasAnswered = true;
            return FailureOf(pacs, e.Message, isReached, isSilent: false);
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hasAnswered = isReached;
            return FailureOf(pacs, e.GetType().Name, isReached, isSilent: !isReached);
        }
        finally
        {
            _circuits.End(pacs, hasAnswered, isProbe);
        }
    }

    private static PacsAnswer FailureOf(KnownPacs pacs, string why, bool wasReached, bool isSilent) =>
        new(null, pacs.Name is null ? why : $"{pacs.Name}: {why}") { IsUnreached = !wasReached, IsSilent = isSilent };

    private static DataSet StudyQuery(Uid study, PacsDomains domains)
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

        // A sequence is asked for only where its answer means something: some PACS refuse keys that they do not know.
        if (domains.Accessions.Count > 0) query.SetSequence(Tag.IssuerOfAccessionNumberSequence, []);
        return query;
    }

    private async Task<StudyFindings> FindAsync(
        CFindScu find, PacsDomains domains, Uid study, CancellationToken cancellationToken)
    {
        DataSet? found = null;
        await foreach (var match in find.FindAsync(Model, StudyQuery(study, domains), cancellationToken))
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
            if (instances > Limits.ManifestInstancesMax)
                throw new UnusableAnswerException("The study has too many instances.");
        }

        var findings = new StudyFindings(
            study,
            Text(found, Tag.PatientID),
            Text(found, Tag.IssuerOfPatientID),
            Text(found, Tag.AccessionNumber),
            Text(found, Tag.StudyDate),
            Text(found, Tag.StudyTime),
            Text(found, Tag.StudyDescription),
            series);
        return domains.Apply(findings, IssuerOfAccession(found));
    }

    private static string IssuerOfAccession(DataSet found)
    {
        if (found.GetItems(Tag.IssuerOfAccessionNumberSequence) is not [var issuer, ..]) return "";
        var universal = Text(issuer, Tag.UniversalEntityID);
        return universal.Length > 0 ? universal : Text(issuer, Tag.LocalNamespaceEntityID);
    }

    private async Task<List<DataSet>> SeriesAsync(CFindScu find, Uid study, CancellationToken cancellationToken)
    {
        var query = Query("SERIES", study);
        foreach (var tag in (ReadOnlySpan<Tag>)
            [Tag.SeriesInstanceUID, Tag.Modality, Tag.SeriesNumber, Tag.SeriesDescription, Tag.BodyPartExamined])
        {
            query.SetEmpty(tag);
        }

        if (AsksForSeriesTimes)
        {
            query.SetEmpty(Tag.SeriesDate);
            query.SetEmpty(Tag.SeriesTime);
        }

        var series = new Dictionary<Uid, DataSet>();
        await foreach (var match in find.FindAsync(Model, query, cancellationToken))
        {
            if (!match.TryGetUid(Tag.SeriesInstanceUID, out var uid))
                throw new UnusableAnswerException("A series of the PACS has no UID.");
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
                throw new UnusableAnswerException("An instance of the PACS has no UID or no SOP class.");

            // A PACS that still shows the note, and says what it is: a note is nothing to be looked at.
            if (RejectionNoteDataSet.IsRejectionNote(instance)) continue;
            instances.TryAdd(uid, new InstanceFinding(
                sopClass, uid, Text(instance, Tag.InstanceNumber), instance.GetInt(Tag.NumberOfFrames))
            {
                Title = KosDataSet.TitleOf(instance),
            });
            if (instances.Count > Limits.ManifestInstancesMax)
                throw new UnusableAnswerException("A series has too many instances.");
        }

        return new SeriesFinding(
            series,
            Text(match, Tag.Modality),
            match.GetInt(Tag.SeriesNumber)?.ToString(CultureInfo.InvariantCulture) ?? "",
            Text(match, Tag.SeriesDescription),
            Text(match, Tag.BodyPartExamined),
            [.. instances.Values])
        {
            SeriesDate = Text(match, Tag.SeriesDate),
            SeriesTime = Text(match, Tag.SeriesTime),
        };
    }

    private static DataSet Query(string level, Uid study)
    {
        var query = new DataSet();
        query.SetString(Tag.QueryRetrieveLevel, level);
        query.SetUid(Tag.StudyInstanceUID, study);
        return query;
    }

    private static string Text(DataSet dataSet, Tag tag) => dataSet.GetString(tag) ?? "";

    /// <summary>The PACS answered, and nothing can be made of it. The message is in our own words.</summary>
    private sealed class UnusableAnswerException(string message) : IOException(message);
}
