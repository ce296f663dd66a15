using System.Runtime.CompilerServices;
using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Dimse;
using Drimbox.Dicom.Scp;
using Drimbox.Storage;

namespace Drimbox.Archive;

/// <summary>Query/Retrieve FIND of an archive, Patient Root and Study Root. Source: PS3.4 C.4.1.</summary>
internal sealed class ArchiveFind(ArchiveOptions options, ArchiveIndex index) : ICFindScp
{
    private static readonly Uid PatientRoot = SopClass.PatientRootQueryRetrieveInformationModelFind;

    /// <summary>What it answers, for who declares it.</summary>
    public static IReadOnlyCollection<Uid> Classes { get; } =
        [PatientRoot, SopClass.StudyRootQueryRetrieveInformationModelFind];

    // The index joins the levels whatever keys there are. Names are matched by their folded letters, times as they
    // stand.
    public const QueryOptions Agreed = QueryOptions.Relational | QueryOptions.DateTimeMatching;

    public IReadOnlyCollection<Uid> SopClasses => Classes;

    public QueryOptions Options => Agreed;

    public ValueTask<CFindAnswer> FindAsync(CFindRequest request, CancellationToken cancellationToken)
    {
        var isPatientRoot = request.SopClassUid == PatientRoot;
        if (QueryKeys.LevelOf(request.Level, isPatientRoot) is not { } level)
        {
            return new(CFindAnswer.Refused(
                DimseStatus.DataSetDoesNotMatchSopClass.With("Query/Retrieve Level is not one of this model.")));
        }

        if (QueryKeys.RefuseHierarchy(request.Identifier, level, isPatientRoot, request.Options) is { } wrong)
            return new(CFindAnswer.Refused(wrong));
        var (understood, refusal) = QueryKeys.Understand(request.Identifier, level, request.Options);
        if (understood is null) return new(CFindAnswer.Refused(refusal));
        // One more than is sent, to see that there were more.
        understood = understood with
        {
            Query = understood.Query with
            {
                ResultsMax = options.FindResultsMax + 1,
                ShownReasons = options.ShownReasons(request.Peer.CallingAe),
            },
        };
        return new(CFindAnswer.Found(
            PagesAsync(understood, request.Level!, cancellationToken), understood.HasUnsupportedKeys) with
        {
            ResultsMax = options.FindResultsMax,
        });
    }

    private async IAsyncEnumerable<MatchPage> PagesAsync(
        UnderstoodQuery understood, string level, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArchiveMatchPage? matches = null;
        await foreach (var page in index.FindPagesAsync(understood.Query, cancellationToken))
            yield return matches ??= new ArchiveMatchPage(page, understood, level, options.AeTitle);
    }
}
