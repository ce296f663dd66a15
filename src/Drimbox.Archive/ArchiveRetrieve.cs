using Drimbox.Archive.Corrections;
using Drimbox.Core;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Storage;
using A = Drimbox.Storage.ArchiveAttribute;

namespace Drimbox.Archive;

/// <summary>Query/Retrieve MOVE and GET of an archive: which instances. Source: PS3.4 C.4.2 and C.4.3.</summary>
internal sealed class ArchiveRetrieve(
    ArchiveOptions options, ArchiveIndex index, InstanceFolders folders, StudyAccess access, ServedFiles files)
    : IRetrieveScp
{
    private static readonly Uid[] PatientRoot =
    [
        SopClass.PatientRootQueryRetrieveInformationModelMove, SopClass.PatientRootQueryRetrieveInformationModelGet,
    ];

    private static readonly (Tag Tag, A Attribute, FindLevel Level)[] UniqueKeys =
    [
        (Tag.PatientID, A.PatientId, FindLevel.Patient),
        (Tag.StudyInstanceUID, A.StudyInstanceUid, FindLevel.Study),
        (Tag.SeriesInstanceUID, A.SeriesInstanceUid, FindLevel.Series),
        (Tag.SOPInstanceUID, A.SopInstanceUid, FindLevel.Image),
    ];

    /// <summary>What it answers, for who declares it.</summary>
    public static IReadOnlyCollection<Uid> Classes { get; } =
    [
        .. PatientRoot,
        SopClass.StudyRootQueryRetrieveInformationModelMove, SopClass.StudyRootQueryRetrieveInformationModelGet,
    ];

    public const QueryOptions Agreed = QueryOptions.Relational;

    public IReadOnlyCollection<Uid> SopClasses => Classes;

    public QueryOptions Options => Agreed;

    public async ValueTask<RetrieveAnswer> RetrieveAsync(RetrieveRequest request, CancellationToken cancellationToken)
    {
        var isPatientRoot = PatientRoot.Contains(request.SopClassUid);
        if (QueryKeys.LevelOf(request.Level, isPatientRoot) is not { } level)
        {
            return RetrieveAnswer.Refused(
                DimseStatus.DataSetDoesNotMatchSopClass.With("Query/Retrieve Level is not one of this model."));
        }

        if (QueryKeys.RefuseHierarchy(request.Identifier, level, isPatientRoot, request.Options) is { } wrong)
            return RetrieveAnswer.Refused(wrong);

        // PS3.4 C.4.2.2.1: unique keys alone; that of the level must be there, or everything would be moved.
        var matches = new List<FindMatch>();
        foreach (var key in UniqueKeys.Where(key => key.Level <= level))
        {
            var values = request.Identifier.GetStrings(key.Tag).Where(value => value.Length > 0).ToList();
            if (values.Count > Limits.UidListMax)
                return RetrieveAnswer.Refused(DimseStatus.OutOfResourcesMatches.With("Too many values in one key."));
            if (values.Count > 0) matches.Add(FindMatch.List(key.Attribute, values));
            else if (key.Level == level)
                return RetrieveAnswer.Refused(
                    DimseStatus.DataSetDoesNotMatchSopClass.With("The unique key of the level is absent."));
        }

        var selection = await index.SelectInstancesAsync(
            new FindQuery(level, matches) { ShownReasons = options.ShownReasons(request.Peer.CallingAe) },
            cancellationToken);
        return RetrieveAnswer.Found(
            selection.Count,
            [.. selection.Kinds.Select(kind => new InstanceKind(kind.SopClassUid, kind.TransferSyntaxUid))],
            SourcesAsync(selection.Instances));
    }

    private async IAsyncEnumerable<InstanceSource> SourcesAsync(IAsyncEnumerable<IndexedInstance> instances)
    {
        var studies = new Dictionary<Uid, CorrectedStudy?>();
        await foreach (var instance in instances)
        {
            if (!studies.TryGetValue(instance.StudyInstanceUid, out var corrected))
            {
                await access.NoteAsync([instance.StudyInstanceUid], CancellationToken.None);
                corrected = await index.Corrections.FindAsync(instance.StudyInstanceUid, CancellationToken.None);
                studies.Add(instance.StudyInstanceUid, corrected);
            }

            var served = await files.CheckAsync(instance);
            yield return served.Damaged
                ? new DamagedInstance(instance.SopClassUid, instance.SopInstanceUid, instance.TransferSyntaxUid)
                : corrected is null ? folders.SourceOf(served)
                : EditedInstance.Of(folders.SourceOf(served), dataSet => CorrectedDataSet.Apply(
                    dataSet, corrected, options.AeTitle, served.File.SenderAe));
        }
    }
}
